"""A workload's own program, in the place of a stand-in: plain data, cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class Ready:
    """When a program serves: a path that answers below 400, a command that ends with 0 inside its container, a
    line of its log (a regular expression), a gRPC health check (`grpc` is the service asked for, "" the whole server),
    or (none of them) a port that accepts connections.

    `within` is in seconds; `port` is the program's own one, None for its first.
    """

    path: str = ""
    command: tuple[str, ...] = ()
    log: str = ""
    grpc: str | None = None
    port: int | None = None
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class Volume:
    """What a program finds in its file system: a file or folder of the host (`source`), a file with a `text`, or
    (without) an own volume of `size_mb` megabytes."""

    target: str
    source: str = ""
    text: str | None = None
    read_only: bool = True
    size_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """One copy of a workload's own program.

    `image` is a reference, or `build` the folder of its Dockerfile (`build_target` its stage); with neither `command`
    is a program of this machine, started in `folder`. `command` and `entrypoint` replace the image's own where they
    are not None; in them and in `env` there may be placeholders (`placeholders.filled`). `listen` holds (address,
    port, protocol) as a stand-in's does; `ports` leads from a listener's port to the one that the program listens on,
    where that is another. `proxy` are the properties of a task's proxy configuration, as App Mesh called them. `cpus`
    and `memory_mb` bound it. `source` says what it was taken from. `container` names one of the user's own that
    stands there (`mesh.attach`), and `address` where it is found in the run's network.
    """

    node: str
    replica: int = 0
    run: str = ""
    image: str = ""
    build: str = ""
    dockerfile: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict, hash=False)
    build_target: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    files: tuple[Volume, ...] = ()
    user: str = ""
    folder: str = ""
    cpus: float | None = None
    memory_mb: int | None = None
    ready: Ready = Ready()
    listen: tuple[tuple[str, int, str], ...] = ()
    ports: Mapping[int, int] = field(default_factory=dict, hash=False)
    proxy: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: Literal["scenario", "ecs", "kubernetes", "compose", "attached"] = "scenario"
    container: str = ""
    address: str = ""
    where: Where | None = None

    @property
    def contained(self) -> bool:
        """Whether it needs a container."""
        return bool(self.image or self.build or self.container)
