"""What the documents of a mesh say runs behind its nodes, as programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chaosmesh.appmesh import Resources
from chaosmesh.documents.containers import Container, Gap, Group, Mount, Origin, Probe, braced
from chaosmesh.errors import Problem, Where
from chaosmesh.mesh import Mesh
from chaosmesh.services.program import Program, Ready, Volume

LEAST = 60.0
"""Seconds that a program has at least until it is ready; probes of a cluster only say when to look again."""


@dataclass(frozen=True, slots=True)
class Found:
    """Programs by node; what the documents leave open of them; how many copies they want; what is left out."""

    programs: Mapping[str, Program] = field(default_factory=dict)
    gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


def find(resources: Resources, mesh: Mesh) -> Found:
    """The programs of ECS tasks and pods in the documents; nodes that no document speaks of are not among them."""
    programs: dict[str, Program] = {}
    gaps: dict[str, tuple[Gap, ...]] = {}
    copies: dict[str, int] = {}
    notes: list[Problem] = []
    ports = {
        one.name: tuple(each.port for each in one.listeners) for one in mesh.workloads if not one.gateway
    }
    for node, group in resources.workloads.groups(resources.cluster):
        if node not in ports:
            continue
        if node in programs:
            hint = f"workloads.{node} in the scenario file says what runs"
            notes.append(Problem(group.where, f"{group.title} is behind {node} too: left out", hint))
            continue
        notes += group.notes
        chosen = group.behind(ports[node])
        if chosen is None:
            notes.append(_unclear(group, node, ports[node]))
            continue
        notes += [*chosen.notes, *(_beside(group, one) for one in group.containers if one is not chosen)]
        programs[node] = program_of(chosen, node, group.origin, group.proxy)
        gaps[node] = chosen.gaps
        if group.copies is not None and group.copies > 1:
            copies[node] = group.copies
    notes += [note for group in resources.workloads.homeless() for note in group.notes]
    return Found(programs, gaps, copies, tuple(dict.fromkeys(notes)))


def program_of(one: Container, node: str, origin: Origin, proxy: Mapping[str, str] | None = None) -> Program:
    """A container of a document as the program of a node."""
    build = one.build
    if origin != "kubernetes":  # its own reader has filled in what a pod knows of itself
        one = _literal(one)
    return Program(
        node=node,
        image=one.image,
        build=build.context if build else "",
        dockerfile=build.dockerfile if build else "",
        build_args=dict(build.args) if build else {},
        build_target=build.target if build else "",
        entrypoint=one.entrypoint,
        command=one.command,
        env=dict(one.env),
        files=tuple(_volume(mount) for mount in one.mounts),
        user=one.user,
        folder=one.folder,
        cpus=one.cpus,
        memory_mb=one.memory_mb,
        ready=_ready(one.probe),
        proxy=dict(proxy or {}),
        source=origin,
        where=one.where,
    )


def _literal(one: Container) -> Container:
    """The container with every text standing for itself: placeholders are the scenario file's."""
    probe = one.probe
    return replace(
        one,
        command=_each(one.command),
        entrypoint=_each(one.entrypoint),
        env={name: braced(value) for name, value in one.env.items()},
        probe=replace(probe, command=_each(probe.command) or ()) if probe else None,
    )


def _each(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(braced(one) for one in words)


def _volume(mount: Mount) -> Volume:
    return Volume(mount.target, mount.source, mount.text, mount.read_only, mount.size_mb)


def _ready(probe: Probe | None) -> Ready:
    if probe is None:
        return Ready()
    return Ready(
        path=probe.path,
        command=probe.command,
        grpc=probe.grpc,
        port=probe.port,
        within=max(LEAST, probe.within or 0.0),
    )


def _beside(group: Group, one: Container) -> Problem:
    words = f"{group.title}: {one.name} is left out: one container serves behind a sidecar"
    return Problem(
        one.where, words, "what its neighbour needs of it has to be in one image, or a node of its own"
    )


def _unclear(group: Group, node: str, ports: tuple[int, ...]) -> Problem:
    where: Where = group.where
    if not group.containers:
        return Problem(where, f"{group.title}: nothing but sidecars", f"a stand-in answers for {node}")
    names = ", ".join(one.name for one in group.containers)
    listed = " or ".join(map(str, ports)) or "a port of the node"
    hint = f"write containerPort: {listed} at the one that serves; a stand-in answers for {node}"
    return Problem(where, f"{group.title}: which of {names} listens on {listed} can't be told", hint)
