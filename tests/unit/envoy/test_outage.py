"""A control plane that goes away, goes stale or pushes badly, over a real socket with sidecars that only speak xDS."""

from __future__ import annotations

import asyncio

import pytest

from chaosmesh.envoy.outage import SPOILT
from chaosmesh.errors import DeadlineError, NotInForceError
from tests.integration.runtime import outside
from tests.unit.envoy.fake import FakeSidecar
from tests.unit.envoy.test_ads import plane_with, run, snapshot


def test_it_goes_down_with_every_stream_and_comes_back_up_to_date():
    async def body():
        async with plane_with("a.0", "b.0") as (plane, fakes, socket):
            wanted = {"a.0": snapshot(), "b.0": snapshot()}
            await plane.push(wanted)
            assert await plane.go_down("a fault") == 2
            assert not socket.exists()
            with pytest.raises(NotInForceError, match="a fault"):
                await plane.push({"a.0": snapshot("2")})
            assert (await plane.push(wanted)).changed == ()
            assert plane.differences(wanted)[:2] == [
                "the control plane is not well: a fault",
                "the control plane does not serve",
            ]
            back = asyncio.create_task(plane.come_back((), 20))
            await outside.auntil(socket.exists, "it serves again", 20)
            for key in ("a.0", "b.0"):  # a call of gRPC's own client fails at once where nobody listens
                await fakes[key].close()
                fakes[key] = FakeSidecar(socket, key, plane.admit(key))
            await back
            assert plane.differences(wanted) == []
            assert (await plane.push({"a.0": snapshot("2")})).changed == ("a.0",)

    run(body())


def test_a_stale_one_counts_what_it_holds_back():
    async def body():
        async with plane_with("a.0") as (plane, fakes, _):
            await plane.push({"a.0": snapshot()})
            before, held = list(fakes["a.0"].received), []
            plane.stop_pushing("stale", held.append)
            for _ in range(2):
                with pytest.raises(NotInForceError):
                    await plane.push({"a.0": snapshot("2")})
            assert (held, fakes["a.0"].received) == ([1, 2], before)
            plane.push_again()
            assert (await plane.push({"a.0": snapshot("2")})).changed == ("a.0",)

    run(body())


def test_a_bad_push_stays_until_it_is_mended_and_only_those_who_are_there_refuse():
    async def body():
        async with plane_with("a.0") as (plane, fakes, _):
            wanted = {"a.0": snapshot()}
            await plane.push(wanted)
            fakes["a.0"].refuse = lambda kind, names: "no such address" if SPOILT in names else ""
            await plane.push({"gone.0": snapshot()}, absent={"gone.0"})
            assert await plane.spoil("bad", {"gone.0"}, 20) == {"a.0": "no such address"}
            assert plane.differences(wanted) == [
                "the control plane is not well: bad",
                "sidecar a.0: clusters rejected: no such address",
            ]
            await plane.mend({"gone.0"}, 20)
            assert plane.differences(wanted) == []

    run(body())


def test_what_a_late_sidecar_gets_is_not_what_was_given_up():
    async def body():
        async with plane_with("a.0") as (plane, fakes, socket):
            await plane.push({"a.0": snapshot()})
            await fakes["a.0"].close()
            with pytest.raises(DeadlineError):
                await plane.push({"a.0": snapshot("2")}, timeout=0.2)
            fakes["a.0"] = FakeSidecar(socket, "a.0", plane.admit("a.0"))
            await plane.settled(["a.0"], 20)
            assert plane.differences({"a.0": snapshot()}) == []
            assert plane.differences({"a.0": snapshot("2")}) == [
                "sidecar a.0 was given another configuration"
            ]

    run(body())
