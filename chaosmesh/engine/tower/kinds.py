"""Every fault that can be made in the tower: the words of an experiment (`mesh.edge(…).errors(503, share=0.3)`) as a form.

One table says what is asked for, how it is called in Python, and so how it is written in the export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from chaosmesh.engine.tower.state import Field, Kind
from chaosmesh.runtime.kinds import Kind as Runtime

Where = Literal["edge", "replica", "control-plane", "external"]

HOUR_MS: Final = 3_600_000
DAY_BYTES: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Argument:
    """A field and how Python has it: `name` "" is a positional argument; `form` makes a text of the value."""

    field: Field
    name: str = ""
    form: str = ""

    def python(self, value: Any) -> Any:
        """The argument itself."""
        return self.form.format(value) if self.form else value


@dataclass(frozen=True, slots=True)
class Recipe:
    """A kind of fault: the method that makes it, and where that method is found (`part` of a replica: "sidecar").

    `whole`: it needs a node as a whole, "one": one replica, "any": either.
    """

    kind: str
    label: str
    on: Where
    method: str
    arguments: tuple[Argument, ...] = ()
    part: str = ""
    scope: Literal["any", "one", "whole"] = "any"
    contained: bool = False

    @property
    def shown(self) -> Kind:
        """For the page."""
        return Kind(self.kind, self.label, self.on, tuple(one.field for one in self.arguments))


def _ms(name: str, label: str, default: int | None, python: str = "", least: int = 0) -> Argument:
    return Argument(Field(name, label, "ms", default, least, HOUR_MS), python, "{}ms")


def _whole(
    name: str,
    label: str,
    default: int | None,
    low: int,
    high: int,
    python: str | None = None,
    form: str = "",
) -> Argument:
    return Argument(Field(name, label, "int", default, low, high), name if python is None else python, form)


def _share(name: str, label: str, default: float, python: str | None = None) -> Argument:
    return Argument(Field(name, label, "share", default, 0.0, 1.0), name if python is None else python)


def _text(name: str, label: str, python: str | None = None) -> Argument:
    return Argument(Field(name, label, "text"), name if python is None else python)


_REPLICA: Final = _whole("replica", "only replica", None, 0, 999)
_STREAM: Final = Argument(
    Field("stream", "which way", "choice", "downstream", choices=("downstream", "upstream")), "stream"
)
_REQUESTS: Final = (
    _text("path", "only this path"),
    _text("prefix", "only paths that begin with"),
    _text("header", "only with this header (name: value)", "headers"),
    _REPLICA,
)
_CONNECTIONS: Final = (_STREAM, _REPLICA)
_SHARE: Final = _share("share", "share of the attempts", 0.3)

EDGE: Final = (
    Recipe(
        "errors",
        "answers with an error",
        "edge",
        "errors",
        (
            _whole("status", "status", 503, 200, 599, ""),
            _text("grpc", "gRPC code instead"),
            _SHARE,
            *_REQUESTS,
        ),
    ),
    Recipe(
        "delay",
        "is slow for some",
        "edge",
        "delay",
        (_ms("ms", "later by", 300, least=1), _SHARE, *_REQUESTS),
    ),
    Recipe(
        "latency",
        "is slow for all",
        "edge",
        "latency",
        (_ms("ms", "later by", 300, least=1), _ms("jitter_ms", "give or take", 0, "jitter"), *_CONNECTIONS),
    ),
    Recipe(
        "reset",
        "connections break",
        "edge",
        "reset",
        (_ms("every_ms", "once every", 1000, "every", least=1), _REPLICA),
    ),
    Recipe("down", "nothing gets through", "edge", "down", (_REPLICA,)),
    Recipe(
        "bandwidth",
        "little bandwidth",
        "edge",
        "bandwidth",
        (_whole("kb", "KB a second and connection", 64, 1, 10_000_000, "", "{}KB/s"), *_CONNECTIONS),
    ),
    Recipe(
        "slow_close",
        "connections close late",
        "edge",
        "slow_close",
        (_ms("ms", "later by", 1000, least=1), *_CONNECTIONS),
    ),
    Recipe(
        "timeout",
        "no answer comes back",
        "edge",
        "timeout",
        (_ms("ms", "connections end after (0: never)", 0), *_CONNECTIONS),
    ),
    Recipe(
        "slicer",
        "answers come in pieces",
        "edge",
        "slicer",
        (
            _whole("size", "bytes a piece", 64, 1, 10_000_000),
            _whole("variation", "give or take", 0, 0, 10_000_000),
            _ms("ms", "between two pieces", 0, "delay"),
            *_CONNECTIONS,
        ),
    ),
    Recipe(
        "limit_data",
        "connections end early",
        "edge",
        "limit_data",
        (_whole("bytes", "after so many bytes", 1000, 1, DAY_BYTES, ""), *_CONNECTIONS),
    ),
)

REPLICA: Final = (
    Recipe("crash", "crashes", "replica", "crash"),
    Recipe("hang", "hangs", "replica", "hang"),
    Recipe("restart", "restarts", "replica", "restart"),
    Recipe(
        "slow_start",
        "restarts slowly",
        "replica",
        "slow_start",
        (_ms("ms", "serves again after", 2000, least=1),),
    ),
    Recipe("sick", "fails its health checks", "replica", "sick"),
    Recipe(
        "overload",
        "has too little capacity",
        "replica",
        "overload",
        (
            _whole("capacity", "requests a second", 50, 1, 1_000_000),
            _whole("queue", "refuses once so many wait", None, 0, 1_000_000),
        ),
    ),
    Recipe("remove", "leaves the mesh", "replica", "remove", scope="one"),
    Recipe("add_replica", "gets a replica more", "replica", "add_replica", scope="whole"),
    Recipe(
        "certificate",
        "shows a wrong certificate",
        "replica",
        "certificate",
        (
            Argument(
                Field(
                    "flaw",
                    "what is wrong",
                    "choice",
                    "expired",
                    choices=("expired", "wrong_name", "wrong_authority"),
                )
            ),
        ),
        scope="whole",
    ),
    Recipe(
        "busy_neighbour",
        "has a busy neighbour",
        "replica",
        "busy_neighbour",
        (_whole("cores", "cores that it takes", 1, 1, 64),),
        scope="whole",
    ),
    Recipe("sidecar_crash", "loses its sidecar", "replica", "crash", part="sidecar", scope="one"),
    Recipe("sidecar_pause", "has a sidecar that hangs", "replica", "pause", part="sidecar", scope="one"),
    Recipe(
        "cpu", "gets little CPU", "replica", "cpu", (_share("share", "of a core", 0.1, ""),), contained=True
    ),
    Recipe(
        "memory",
        "gets little memory",
        "replica",
        "memory",
        (_whole("mib", "MiB", 64, 4, 1 << 20, "", "{}MiB"),),
        contained=True,
    ),
    Recipe(
        "disk_full",
        "has a full disk",
        "replica",
        "disk_full",
        (_text("path", "the volume's path", ""),),
        contained=True,
    ),
    Recipe("partition", "is cut off", "replica", "partition", contained=True),
    Recipe("dns", "finds no names", "replica", "dns", contained=True),
)

CONTROL: Final = (
    Recipe("control_plane_kill", "is gone", "control-plane", "kill"),
    Recipe("control_plane_stale", "tells nobody of changes", "control-plane", "stale"),
    Recipe("control_plane_bad_push", "sends what Envoy refuses", "control-plane", "bad_push"),
)

_EXTERNAL: Final = ("latency", "down", "reset", "bandwidth", "timeout", "slow_close", "slicer", "limit_data")


def _outside(one: Recipe) -> Recipe:
    kept = tuple(each for each in one.arguments if each is not _REPLICA)
    return Recipe(f"external_{one.kind}", one.label, "external", one.method, kept)


RECIPES: Final = {
    one.kind: one
    for one in (*EDGE, *REPLICA, *CONTROL, *(_outside(one) for one in EDGE if one.kind in _EXTERNAL))
}


def offered(runtime: Runtime, *, externals: bool) -> tuple[Recipe, ...]:
    """What can be made here: some faults need containers, some something outside the mesh."""
    return tuple(
        one
        for one in RECIPES.values()
        if (not one.contained or runtime == "docker") and (one.on != "external" or externals)
    )
