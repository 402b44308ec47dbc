"""One workload's program, put together from what documents, a Compose file and the scenario say of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaosmesh.documents.compose import Composed, composed
from chaosmesh.documents.containers import Gap
from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.tree import Problems
from chaosmesh.documents.workload_part import ReadyPart, WorkloadPart
from chaosmesh.engine.found import program_of
from chaosmesh.errors import DocumentError, Problem
from chaosmesh.mesh import Workload
from chaosmesh.services.placeholders import RESERVED
from chaosmesh.services.program import Program, Ready, Volume

_CONTAINERS = ("files", "user", "cpus", "memory")
"""Keys that a process of this machine can't have."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A program, or none where something without which it can't run is left open (`without`): then a stand-in
    answers."""

    program: Program | None = None
    copies: int | None = None
    without: tuple[Gap, ...] = ()
    notes: tuple[Problem, ...] = ()


def local(
    workload: Workload, part: WorkloadPart, scenario: Scenario, problems: Problems
) -> dict[str, Program]:
    """A program of this machine, by its node; nothing, and a problem, where it can't be started."""
    node, command = workload.name, part.command
    if command is None:
        where = scenario.place("workloads", node, "entrypoint")
        problems.add(where, "entrypoint is a container's", "write command, or name an image")
        return {}
    for key in _CONTAINERS:
        if key in part.model_fields_set:
            where = scenario.place("workloads", node, key)
            problems.add(where, f"{key} needs a container", "name an image or a build, or leave it out")
    folder = (scenario.base / (part.folder or "")).resolve()
    if not folder.is_dir():
        where = scenario.place("workloads", node, "folder")
        problems.add(where, f"there is no folder {folder}", "it starts at the scenario file")
    program = _program_file(command[0], folder, part.env)
    if program is None:
        where = scenario.place("workloads", node, "command", 0)
        problems.add(where, f"there is no program {command[0]!r}", _advice(command[0], folder))
        return {}
    made = Program(
        node,
        command=(program, *command[1:]),
        env=dict(part.env),
        folder=str(folder),
        ready=_ready(part.ready),
        where=scenario.place("workloads", node),
    )
    return {node: _completed(made, workload, part, scenario, problems, ports=())}


def contained(
    workload: Workload,
    part: WorkloadPart | None,
    base: Program | None,
    gaps: Sequence[Gap],
    scenario: Scenario,
    problems: Problems,
) -> Merged:
    """A program in a container: the documents' one (`base`, with what is open of it), a Compose service in its place,
    and the scenario's keys over both."""
    own = part or WorkloadPart()
    said = scenario.place("workloads", workload.name)
    taken = _taken_over(workload, own, scenario, problems)
    if taken is not None:
        earlier = base.env if base else {}
        base = program_of(taken.container, workload.name, "compose", base.proxy if base else {})
        base = replace(base, env={**earlier, **base.env})
        gaps = taken.container.gaps
    elif own.compose is not None:
        return Merged()
    if base is None and not own.contained:
        if own.own:
            hint = "name image, build or compose, write standin: true, or run it with --runtime process"
            problems.add(
                scenario.place("workloads", workload.name, "command"),
                f"{workload.name} has a program of this machine, which can't run in a container",
                hint,
            )
        return Merged()
    start = base or Program(workload.name, where=said)
    made = _overridden(start, own, scenario, problems, workload.name)
    ports = taken.container.ports if taken else ()
    made = _completed(made, workload, own, scenario, problems, ports=ports)
    left = [one for one in gaps if not _closed(one, made, own)]
    if fatal := tuple(one for one in left if one.what == "image"):
        return Merged(without=fatal)
    for one in left:
        if one.what.startswith("env."):
            name = one.what.partition(".")[2]
            hint = (
                f"write workloads.{workload.name}.env: {{{name}: …}} in the scenario file, or standin: true"
            )
            problems.add(one.where, f"{name} of {workload.name} {one.reason}", hint)
    soft = [
        Problem(one.where, f"{workload.name}: {one.what} {one.reason}")
        for one in left
        if "env." not in one.what
    ]
    noted = taken.container.notes if taken else ()
    return Merged(made, taken.copies if taken else None, notes=(*noted, *soft))


def _taken_over(
    workload: Workload, part: WorkloadPart, scenario: Scenario, problems: Problems
) -> Composed | None:
    if part.compose is None:
        return None
    file, _, service = part.compose.rpartition("#")
    where = scenario.place("workloads", workload.name, "compose")
    try:
        return composed(scenario.base / file, service, scenario.variables, where)
    except DocumentError as error:
        problems.extend(one for one in error.problems if one not in problems)
        return None


def _overridden(
    start: Program, part: WorkloadPart, scenario: Scenario, problems: Problems, node: str
) -> Program:
    """Key by key; environment and files name by name."""
    changes: dict[str, object] = {}
    if part.image is not None:
        changes |= {"image": part.image, "build": "", "dockerfile": "", "build_args": {}, "build_target": ""}
    if part.build is not None:
        changes |= _built(part, scenario, problems, node)
    for key in ("command", "entrypoint", "user", "folder", "cpus"):
        if (value := getattr(part, key)) is not None:
            changes[key] = value
    if part.entrypoint is not None and part.command is None:
        changes["command"] = ()  # what the documents pass to their own entry point means nothing to another
    if part.memory is not None:
        changes["memory_mb"] = part.memory
    if part.ready is not None:
        changes["ready"] = _ready(part.ready)
    if part.own:
        changes |= {
            "where": scenario.place("workloads", node),
            "source": start.source if part.compose else "scenario",
        }
    files = tuple(_files(part, scenario, problems, node))
    kept = tuple(one for one in start.files if one.target not in part.files)
    changes |= {"env": {**start.env, **part.env}, "files": (*kept, *files)}
    return replace(start, **changes)  # type: ignore[arg-type]


def _built(part: WorkloadPart, scenario: Scenario, problems: Problems, node: str) -> Mapping[str, object]:
    assert part.build is not None
    folder = (scenario.base / part.build.context).resolve()
    where = scenario.place("workloads", node, "build")
    file = folder / (part.build.dockerfile or "Dockerfile")
    if not folder.is_dir():
        problems.add(where, f"there is no folder {folder} to build from", "it starts at the scenario file")
    elif not file.is_file():
        problems.add(where, f"there is no {file}", "write it, or name it: {context: …, dockerfile: …}")
    return {
        "image": "",
        "build": str(folder),
        "dockerfile": part.build.dockerfile,
        "build_args": dict(part.build.args),
        "build_target": part.build.target,
    }


def _files(part: WorkloadPart, scenario: Scenario, problems: Problems, node: str) -> Sequence[Volume]:
    found: list[Volume] = []
    for target, source in part.files.items():
        path = (scenario.base / Path(source).expanduser()).resolve()
        if not path.exists():
            where = scenario.place("workloads", node, "files", target)
            problems.add(where, f"there is no file {path}", "it starts at the scenario file")
        found.append(Volume(target, str(path)))
    return found


def _completed(
    made: Program,
    workload: Workload,
    part: WorkloadPart,
    scenario: Scenario,
    problems: Problems,
    *,
    ports: tuple[int, ...],
) -> Program:
    """With its own ports; `ports` are those that a Compose file names."""
    listened = tuple(one.port for one in workload.listeners)
    for name in RESERVED & made.env.keys():
        where = scenario.place("workloads", workload.name, "env", name)
        problems.add(where, f"{name} tells a run's processes apart", "take another name")
    if part.port is not None and len(listened) > 1:
        where = scenario.place("workloads", workload.name, "port")
        shown = ", ".join(map(str, listened))
        problems.add(
            where,
            f"port is one, {workload.name} listens on {shown}",
            "let it listen on these, and leave port out",
        )
    elif part.port is not None and listened:
        return replace(made, ports={listened[0]: part.port} if part.port != listened[0] else {})
    elif ports and listened and not set(ports) & set(listened):
        if len(set(ports)) == 1 and len(listened) == 1:
            return replace(made, ports={listened[0]: ports[0]})
        where = scenario.place("workloads", workload.name)
        shown, own = ", ".join(map(str, listened)), ", ".join(map(str, ports))
        problems.add(
            where, f"{workload.name} listens on {shown}, its Compose service on {own}", "write port: …"
        )
    return made


def _closed(gap: Gap, made: Program, part: WorkloadPart) -> bool:
    """Whether the scenario says what a document leaves open."""
    kind, _, name = gap.what.partition(".")
    if kind == "image":
        return bool(made.image or made.build)
    if kind == "env":
        return name in made.env
    if kind == "files":
        return any(target == name or target.startswith(f"{name.rstrip('/')}/") for target in part.files)
    return part.command is not None or part.entrypoint is not None


def _ready(part: ReadyPart | None) -> Ready:
    if part is None:
        return Ready()
    return Ready(part.path or "", part.command or (), part.log or "", port=part.port, within=part.within)


def _program_file(name: str, folder: Path, env: Mapping[str, str]) -> str | None:
    """The program's file: by its path from the folder, else found on PATH; None where there is none to execute."""
    if "/" in name:
        return shutil.which(str(folder / Path(name).expanduser()))
    return shutil.which(name, path=env.get("PATH"))


def _advice(name: str, folder: Path) -> str:
    if "/" not in name:
        return "install it, or write its path from the scenario file's folder"
    path = folder / name
    return (
        f"{path} is not executable: chmod +x"
        if path.is_file()
        else f"{path} has to be built or written first"
    )
