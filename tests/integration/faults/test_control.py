"""Faults on the control plane and on certificates, on real sidecars; each is healed and proved to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chaosmesh.errors import NotInForceError, UsageError
from chaosmesh.faults import BadCertificate, BadPush, ControlPlaneKilled, ControlPlaneStale, Crash, Errors
from tests import meshes
from tests.integration.faults.world import World, until, world

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("runs")) as made:
        yield made


async def refused(mesh: World) -> None:
    """Another policy and a request fault can't be put in force, and both are told so at once."""
    site, policy = mesh.stack.site, mesh.stack.mesh
    errors = Errors("e", ("front", "color"), 503, 1.0, 7)
    with pytest.raises(NotInForceError, match="nothing can be put in force"):
        await errors.apply(site)
    await errors.heal(site)
    other = replace(policy, services=(meshes.service("color", meshes.route("color", "new", {"blue": 1})),))
    with pytest.raises(NotInForceError):
        await mesh.stack.apply(other)
    assert mesh.stack.mesh is policy


def test_without_a_control_plane_sidecars_serve_on_and_their_rows_still_come(mesh: World) -> None:
    fault = ControlPlaneKilled(id="f")

    async def serve_on() -> set[int]:
        await refused(mesh)
        calls = await mesh.calls(40)
        assert all(one.complete for one in calls)
        return {one.status for one in calls}

    assert mesh.under(fault, serve_on, seen="the control plane does not serve") == {200}
    dose = fault.dose([])
    assert (dose.hit, dose.evidence) == (3, "the control plane ended, 3 streams of sidecars broke")


def test_a_sidecar_that_crashed_meanwhile_gets_everything_when_the_control_plane_is_back(mesh: World) -> None:
    crash = Crash(id="c", node="blue", replica=0, role="sidecar")

    async def crashed() -> None:
        await crash.apply(mesh.stack.site)

    try:
        mesh.call(apply_and_heal(mesh, ControlPlaneKilled(id="f"), crashed))
    finally:
        mesh.call(crash.heal(mesh.stack.site))
    assert mesh.call(mesh.sweep.remaining()) == []


async def apply_and_heal(mesh: World, fault, work) -> None:
    await fault.apply(mesh.stack.site)
    try:
        await work()
    finally:
        await fault.heal(mesh.stack.site)


def test_a_stale_control_plane_acts_once_something_is_pushed(mesh: World) -> None:
    idle, fault = ControlPlaneStale(id="f"), ControlPlaneStale(id="g")
    mesh.under(idle, mesh.calls, seen="the control plane is not well")
    assert idle.dose([]).hit == 0
    assert "nothing was pushed" in idle.dose([]).evidence

    async def pushed() -> None:
        await refused(mesh)
        assert {one.route for one in await mesh.calls()} == {"all"}

    mesh.under(fault, pushed, seen="a fault has made the control plane stale")
    assert fault.dose([]).hit >= 2


def test_a_bad_push_is_refused_by_every_sidecar_and_the_old_policy_serves_on(mesh: World) -> None:
    fault = BadPush(id="f")

    async def serve_on() -> set[int]:
        await refused(mesh)
        return {one.status for one in await mesh.calls()}

    assert mesh.under(fault, serve_on, seen="rejected: ") == {200}
    dose = fault.dose([])
    assert dose.hit == 3
    assert "malformed IP address" in dose.evidence
    assert mesh.call(mesh.stack.push()).changed == ()


def test_one_fault_on_the_control_plane_at_a_time(mesh: World) -> None:
    async def second() -> None:
        inner = BadPush(id="g")
        with pytest.raises(UsageError, match="under a fault already"):
            await inner.apply(mesh.stack.site)
        await inner.heal(mesh.stack.site)
        assert mesh.stack.control.outage

    mesh.under(ControlPlaneStale(id="f"), second, seen="stale")


@pytest.mark.parametrize("flaw", ["expired", "wrong_name", "wrong_authority"])
def test_a_wrong_certificate_is_refused_until_the_right_one_is_back(mesh: World, flaw) -> None:
    fault = BadCertificate(id="f", node="blue", flaw=flaw)

    async def fail() -> set[int]:
        calls = await mesh.calls()
        await until(lambda: fault.evidence.times > 0)
        return {one.status for one in calls}

    assert mesh.under(fault, fail, seen=f"blue shows a certificate that is {flaw}") == {503}
    assert "handshakes" in str(fault.evidence)


def test_a_node_that_shows_no_certificate_can_not_show_a_wrong_one(mesh: World) -> None:
    with pytest.raises(UsageError, match="nothing in this mesh makes front show a certificate"):
        mesh.under(BadCertificate(id="f", node="front", flaw="expired"))
    assert mesh.call(mesh.sweep.remaining()) == []
