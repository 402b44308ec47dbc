"""The shipped airport as a policy, and hand-made calls on its edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaosmesh.appmesh.translate import translate
from chaosmesh.engine.experiment.inputs import Wanted, read
from chaosmesh.engine.experiment.names import Named, paths_named
from chaosmesh.ledger import Attempt, Call
from chaosmesh.mesh import Mesh

WEATHER_SERVICE = "weather.airport.local"
FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "airport"


def airport(profile: str = "appmesh") -> Mesh:
    resources, _ = read(Wanted((FOLDER,)))
    return translate(resources, profile)


def weather(mesh: Mesh) -> Named:
    return Named("flights → weather", paths_named(mesh, "flights", "weather"))


def call(
    attempts: int,
    *,
    status: int = 200,
    victim: str = "",
    client: str = "flights-v1",
    service: str = WEATHER_SERVICE,
    server: str = "weather",
) -> Call:
    one = Attempt(1, server, 0, 0, 1.0, status, victim=victim, matched=True)
    return Call(
        client=client,
        service=service,
        id="1",
        request_id="r",
        stream=1,
        lineage="",
        start_ns=0,
        duration_ms=5.0,
        status=status,
        flags=(),
        details="",
        route="",
        route_hash="",
        attempts=tuple(replace(one, number=n + 1) for n in range(attempts)),
    )
