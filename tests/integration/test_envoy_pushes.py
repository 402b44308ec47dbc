"""A change of the policy reaches the sidecars that it concerns, and no others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chaosmesh.envoy import translate
from chaosmesh.envoy.codec import KINDS, encode
from chaosmesh.mesh import Fallback, RequestFault, Retry, RetryBudget, Target
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration


def policy(weight=1):
    """front → color (blue, green), back → other (red)."""
    arms = route("color", "all", {"blue": 1, "green": weight})
    return mesh(
        [
            workload("front", "color"),
            workload("back", "other"),
            *(workload(n) for n in ("blue", "green", "red")),
        ],
        [service("color", arms), service("other", route("other", "all", {"red": 1}))],
    )


def with_route(made, **changes):
    color = made.service("color")
    changed = replace(color, routes=(replace(color.routes[0], **changes),))
    return replace(made, services=(changed, *made.services[1:]))


CHANGES = {
    "weight": (policy(3), (), {"front.0"}),
    "retry": (with_route(policy(), retry=Retry(2, None, statuses=(503,))), (), {"front.0"}),
    "fallback": (
        with_route(policy(), fallback=Fallback(Target("green", 1), frozenset({"failing"}))),
        (),
        {"front.0"},
    ),
    "budget": (replace(policy(), budgets=(RetryBudget("red", 20, 3),)), (), {"back.0"}),
    "fault": (
        policy(),
        (RequestFault("f", "front", "color", 0.5, 1, status=503, workload="green"),),
        {"green.0"},
    ),
}


async def updates(one):
    """How many configurations each sidecar has taken, by kind."""
    found = {}
    for replica in one.topology.replicas:
        url = f"http://{replica.sidecar}:9901/stats?format=json&filter=[.](cds|lds|rds.*|eds|.*)[.]?update_success$"
        async with one.http.get(url) as answer:
            found[replica.key] = {
                s["name"]: s["value"] for s in (await answer.json())["stats"] if "value" in s
            }
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_only_the_sidecars_concerned_are_told(name):
    changed, faults, concerned = CHANGES[name]

    async def body():
        first = policy()
        async with live(first, lambda s: topology(changed, s)) as one:
            before = await updates(one)
            push = await one.put(changed, faults)
            after = await updates(one)
            assert set(push.changed) == concerned
            assert {key for key in after if after[key] != before[key]} == concerned
            old, new = translate(first, one.topology), translate(changed, one.topology, faults=faults)
            assert {key for key in old if wire(old[key]) != wire(new[key])} == concerned

    asyncio.run(asyncio.wait_for(body(), 100))


def wire(snapshot):
    """A snapshot as bytes."""
    return {
        (kind, name): encode(kind, one).value
        for kind in KINDS
        for name, one in getattr(snapshot, kind).items()
    }
