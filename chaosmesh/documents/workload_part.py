"""The scenario's `workloads:`: what runs behind each virtual node."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part, Port, Positive, Text
from chaosmesh.documents.sizes import Memory

OWN = ("image", "build", "command", "entrypoint", "compose")
"""Keys that say which program it is."""
OF_OWN = ("env", "files", "port", "ready", "user", "folder", "cpus", "memory")
"""Keys about a program of one's own, whoever named it."""
OF_STANDINS = ("latency", "capacity")


def _words(value: Any) -> Any:
    """A command may be one text, split as a shell splits it."""
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        raise ValueError(f"{value!r} can't be split into words: {error}; write a list") from None


def _path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _folder(value: Any) -> Any:
    return {"context": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    file, mark, service = value.rpartition("#")
    if not (mark and file and service):
        raise ValueError(f"{value!r} names no service; write it like compose.yaml#web")
    return value


Command = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(_words, json_schema_input_type=tuple[Text, ...] | str),
]


class ReadyPart(Part):
    """When a program serves: `path` answers below 400, `command` ends with 0, `log` (a regular expression) is found in
    a line of its output; without them its `port` accepts connections. Also written as the path alone."""

    path: Annotated[str, Field(pattern="^/")] | None = None
    command: Command | None = None
    log: str | None = None
    port: Port | None = None
    within: Duration = 60.0

    @model_validator(mode="after")
    def _one(self) -> ReadyPart:
        written = [name for name in ("path", "command", "log") if getattr(self, name) is not None]
        if len(written) > 1:
            raise ValueError(f"{' and '.join(written)} are several conditions; write one of them")
        if self.log is not None:
            try:
                re.compile(self.log)
            except re.error as error:
                raise ValueError(
                    f"log is no regular expression: {error}; write it as Python's re does"
                ) from None
        return self


class BuildPart(Part):
    """How an image is built: the folder (also written alone), its `dockerfile`, build `args`, the stage `target`."""

    context: str = "."
    dockerfile: str = ""
    args: dict[str, Text] = {}
    target: str = ""


class WorkloadPart(Part):
    """What runs behind one virtual node. Without a program of its own: a stand-in that calls every backend.

    `capacity`: requests a second; `calls`: the backends that a stand-in calls (default: all); `standin`: a stand-in
    although documents name an image. `image`, `build` or `compose` (FILE#SERVICE) name a container; a `command`
    without them is a program of this machine.
    """

    replicas: Annotated[int, Field(ge=1, le=50)] | None = None
    standin: bool = False
    calls: tuple[str, ...] | None = None
    latency: Duration | None = None
    capacity: Positive | None = None
    image: Annotated[str, Field(min_length=1)] | None = None
    build: Annotated[BuildPart, BeforeValidator(_folder, json_schema_input_type=BuildPart | str)] | None = (
        None
    )
    compose: Annotated[str, BeforeValidator(_named)] | None = None
    command: Command | None = None
    entrypoint: Command | None = None
    port: Port | None = None
    env: dict[str, Text] = {}
    files: dict[str, str] = {}
    ready: Annotated[ReadyPart, BeforeValidator(_path, json_schema_input_type=ReadyPart | str)] | None = None
    user: Text | None = None
    folder: str | None = None
    cpus: Positive | None = None
    memory: Memory | None = None

    @property
    def own(self) -> bool:
        """Whether it names a program, and not only how one shall run."""
        return any(getattr(self, name) is not None for name in OWN)

    @property
    def contained(self) -> bool:
        """Whether it names a container."""
        return self.image is not None or self.build is not None or self.compose is not None

    @model_validator(mode="after")
    def _one_program(self) -> WorkloadPart:
        written = self.model_fields_set
        named = [name for name in OWN if name in written]
        if self.standin and (odd := [*named, *(name for name in OF_OWN if name in written)]):
            raise ValueError(f"standin and {odd[0]} exclude each other; a stand-in is no program of yours")
        if self.image and self.build:
            raise ValueError("image and build are two images for one workload; write one of them")
        if named and (odd := [name for name in OF_STANDINS if name in written]):
            raise ValueError(f"{' and '.join(odd)} steer the stand-in; your own program has its own")
        if self.entrypoint is not None and not self.contained and self.command is not None:
            raise ValueError("entrypoint is a container's; write the program and its arguments as command")
        if any(not target.startswith("/") for target in self.files):
            raise ValueError("files leads from paths inside the container; write /etc/app.conf: app.conf")
        return self
