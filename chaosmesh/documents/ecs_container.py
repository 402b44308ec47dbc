"""One container definition of ECS (`containerDefinitions[]`), in the API's words or in CloudFormation's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chaosmesh.documents.containers import Container, Gap, Mount, Probe
from chaosmesh.documents.intrinsics_text import text_of
from chaosmesh.documents.tree import Node, Unresolved
from chaosmesh.errors import Problem

Soft = Callable[[Node], tuple[Node, str]]
"""Resolves a node; beside it why that did not work, "" where it did."""

GRACE, INTERVAL, RETRIES = 0, 30, 3
"""ECS' own defaults of a health check: seconds before it counts, seconds between two, failures in a row."""
_UNTAKEN = {
    "environmentFiles": "files of environment variables in S3 are not read",
    "volumesFrom": "volumes of other containers are not there",
    "links": "links are not made",
    "systemControls": "kernel parameters are not set",
    "privileged": "no container is privileged here",
}


def word(node: Node) -> str:
    """A single value as text; "" for a list, a mapping, or nothing."""
    return "" if isinstance(node.value, Mapping | tuple) else text_of(node)


def container(node: Node, task: Node, resolve: Soft) -> Container:
    """The container of one definition in its task. What has no value is a gap, what can't be done here a note."""
    reader = _Reader(node, task, resolve)
    user, folder = reader.text("user"), reader.text("workingDirectory")
    return Container(
        name=reader.text("name") or "app",
        where=node.place,
        image=reader.text("image", gap="image"),
        ports=tuple(reader.ports()),
        entrypoint=reader.words("entryPoint"),
        command=reader.words("command"),
        env=dict(reader.environment()),
        mounts=tuple(reader.mounts()),
        user=user,
        folder=folder,
        cpus=reader.cpus(),
        memory_mb=reader.memory(),
        probe=reader.probe(),
        gaps=tuple(reader.gaps),
        notes=tuple(reader.notes()),
    )


@dataclass(slots=True)
class _Reader:
    node: Node
    task: Node
    resolve: Soft
    gaps: list[Gap] = field(default_factory=list)

    def at(self, name: str, inside: Node | None = None) -> Node | None:
        """A member, resolved one level deep; CloudFormation writes it with a capital."""
        holder = inside or self.node
        found = holder.at(name) or holder.at(name[:1].upper() + name[1:])
        return self.resolve(found)[0] if found else None

    def text(self, name: str, inside: Node | None = None, gap: str = "") -> str:
        """A text; one that can't be had is "" and, under the name `gap`, a gap."""
        holder = inside or self.node
        written = holder.at(name) or holder.at(name[:1].upper() + name[1:])
        if written is None:
            return ""
        found, reason = self.resolve(written)
        if isinstance(found.value, Unresolved):
            if gap:
                self.gaps.append(Gap(gap, reason or "has no value", written.place))
            return ""
        return word(found)

    def words(self, name: str) -> tuple[str, ...] | None:
        """A list of texts; None where none is written."""
        found = self.at(name)
        if found is None or found.value is None:
            return None
        if any(isinstance(one.value, Unresolved) for one in found.items):
            self.gaps.append(Gap(name, "has no value", found.place))
        return tuple(word(one) for one in found.items) if found.items else (word(found),)

    def listed(self, name: str, inside: Node | None = None) -> tuple[Node, ...]:
        """The elements of a list as written: each is resolved by itself, so that one gap is one."""
        holder = inside or self.node
        found = holder.at(name) or holder.at(name[:1].upper() + name[1:])
        if found is None:
            return ()
        return found.items or self.resolve(found)[0].items

    def ports(self) -> Iterator[int]:
        for one in self.listed("portMappings"):
            port = self.text("containerPort", one)
            if port.isdigit():
                yield int(port)

    def environment(self) -> Iterator[tuple[str, str]]:
        for one in self.listed("environment"):
            name = self.text("name", one)
            before = len(self.gaps)
            value = self.text("value", one, gap=f"env.{name}")
            if name and len(self.gaps) == before:
                yield name, value
        for one in self.listed("secrets"):
            name = self.text("name", one)
            if name:
                self.gaps.append(Gap(f"env.{name}", "is kept in a secret", one.place))

    def mounts(self) -> Iterator[Mount]:
        volumes = {self.text("name", one): one for one in self.listed("volumes", self.task)}
        for one in self.listed("mountPoints"):
            target, name = self.text("containerPath", one), self.text("sourceVolume", one)
            if not target:
                continue
            volume = volumes.get(name)
            source = self.text("sourcePath", host) if volume and (host := self.at("host", volume)) else ""
            if source:
                self.gaps.append(Gap(f"files.{target}", f"is {source} of another host", one.place))
                continue
            yield Mount(target, read_only=self.text("readOnly", one) == "true")

    def cpus(self) -> float | None:
        """The task's bound, in cores; a container's own `cpu` is a share of it and bounds nothing."""
        written = self.text("cpu", self.task).strip()
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(vcpu)?", written, re.IGNORECASE)
        if not found or not float(found[1]):
            return None
        return float(found[1]) if found[2] else float(found[1]) / 1024

    def memory(self) -> int | None:
        """The container's hard bound in MiB, else the task's."""
        for written in (self.text("memory"), self.text("memory", self.task)):
            found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(gb)?", written.strip(), re.IGNORECASE)
            if found and float(found[1]):
                return round(float(found[1]) * (1024 if found[2] else 1))
        return None

    def probe(self) -> Probe | None:
        check = self.at("healthCheck")
        said = tuple(word(one) for one in (self.at("command", check) or check).items) if check else ()
        if check is None or said[:1] in {(), ("NONE",)}:
            return None
        shell = said[0] == "CMD-SHELL" or said[0] != "CMD"
        rest = " ".join(said[1:]) if said[0] == "CMD-SHELL" else " ".join(said)
        command = ("/bin/sh", "-c", rest) if shell else said[1:]
        grace, interval, retries = (
            float(found) if re.fullmatch(r"\d+(\.\d+)?", found := self.text(name, check)) else float(default)
            for name, default in (("startPeriod", GRACE), ("interval", INTERVAL), ("retries", RETRIES))
        )
        return Probe(command=command, within=grace + interval * retries)

    def notes(self) -> Iterator[Problem]:
        for name, words in _UNTAKEN.items():
            found = self.at(name)
            if found is not None and (found.items or found.value is True):
                yield Problem(found.place, f"{name}: {words}", "give it by the scenario file's env or files")
