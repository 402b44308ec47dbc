"""The keeper starts, watches and ends real processes."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError, KeeperLostError, UsageError
from chaosmesh.runtime import Heal, Keeper, new_run
from chaosmesh.services.config import StandIn
from tests.integration.runtime import outside

pytestmark = pytest.mark.integration
GONE = 30.0  # seconds in which nothing may be left, on a busy host too


def keep(folder: Path, use: Callable[[Keeper], Awaitable[None]]) -> str:
    """Runs `use` with a keeper; returns the run id."""
    run = new_run()

    async def main() -> None:
        keeper = await Keeper.start(run, folder)
        try:
            await use(keeper)
        finally:
            await keeper.close()

    asyncio.run(main())
    assert outside.pids(run) == []
    return run


def test_a_process_is_started_logged_and_its_end_is_told(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        ends: asyncio.Queue[tuple[str, int, int]] = asyncio.Queue()
        keeper.on_exit = lambda *end: ends.put_nowait(end)
        log = tmp_path / "logs" / "echo.log"
        pid = await keeper.spawn(
            "echo",
            ["/bin/sh", "-c", "echo $GREETING $CHAOSMESH_RUN; exit 7"],
            env={"GREETING": "hi"},
            log=log,
        )
        assert await asyncio.wait_for(ends.get(), 30) == ("echo", pid, 7)
        assert log.read_text() == f"hi {keeper.run}\n"

    keep(tmp_path, use)


def test_what_can_not_be_started_is_an_error_and_the_keeper_goes_on(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        with pytest.raises(EnvironmentFailedError, match=r"spawn nothing: .*No such file"):
            await keeper.spawn("nothing", ["/nowhere/nothing"])
        await keeper.spawn("sleep", ["sleep", "1000"])
        with pytest.raises(EnvironmentFailedError, match="it runs already, as pid"):
            await keeper.spawn("sleep", ["sleep", "1000"])
        assert not await keeper.signal("nothing", signal.SIGTERM)
        assert await keeper.stop("nothing") is None

    keep(tmp_path, use)


def test_stop_asks_first_and_kills_after_the_deadline(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        await keeper.spawn("polite", ["sleep", "1000"])
        assert await keeper.stop("polite", 60) == -signal.SIGTERM
        log = tmp_path / "deaf.log"
        await keeper.spawn(
            "deaf", ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1000; done"], log=log
        )
        await outside.auntil(lambda: log.read_text() == "deaf\n", "the trap is set", 30)
        assert await keeper.stop("deaf", 0.2) == -signal.SIGKILL
        await keeper.spawn("deaf", ["sleep", "1000"])

    keep(tmp_path, use)


def test_grandchildren_go_with_their_parent(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        alone = outside.pids(keeper.run)
        await keeper.spawn("family", ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"])
        await outside.auntil(
            lambda: len(outside.pids(keeper.run)) == len(alone) + 3, "the family is complete", 30
        )
        await keeper.stop("family")
        await outside.auntil(lambda: outside.pids(keeper.run) == alone, "only the keeper is left", GONE)

    keep(tmp_path, use)


def test_a_daemon_that_left_its_group_is_found_at_the_end(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        await keeper.spawn("daemon", ["/bin/sh", "-c", "setsid -f sleep 1000; exec sleep 1000"])
        await outside.auntil(lambda: len(outside.pids(keeper.run)) == 3, "keeper, child, daemon", 30)

    keep(tmp_path, use)


def test_stand_ins_are_forked_and_a_bad_one_is_refused(tmp_path: Path, subnet: str) -> None:
    async def use(keeper: Keeper) -> None:
        ends: asyncio.Queue[tuple[str, int, int]] = asyncio.Queue()
        keeper.on_exit = lambda *end: ends.put_nowait(end)
        await keeper.fork_standin("a", StandIn("a", listen=((f"{subnet}.32.1", 8080, "http"),)))
        await outside.auntil(lambda: outside.listeners(subnet) == [f"{subnet}.32.1:8080"], "it listens", 30)
        await keeper.fork_standin("twin", StandIn("a", listen=((f"{subnet}.32.1", 8080, "http"),)))
        assert (await asyncio.wait_for(ends.get(), 30))[::2] == ("twin", 1)
        assert "address already in use" in (tmp_path / "logs" / "twin.log").read_text()
        with pytest.raises(UsageError):
            await keeper.fork_standin("bad", StandIn("bad", latency_ms=-1))

    keep(tmp_path, use)
    assert outside.listeners(subnet) == []


def test_signals_heal_what_was_stopped_when_the_lease_runs_out(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        healed: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        keeper.on_healed = lambda *one: healed.put_nowait(one)
        pid = await keeper.spawn("sleep", ["sleep", "1000"])
        go_on = [Heal.kill(pid, signal.SIGCONT)]
        await keeper.lease("hang", go_on, 1000)
        await keeper.signal("sleep", signal.SIGSTOP)
        await outside.auntil(lambda: _state(pid) == "T", "it is stopped", 30)
        await keeper.lease("hang", go_on, 0.3)
        assert await asyncio.wait_for(healed.get(), 30) == ("hang", [])
        await outside.auntil(lambda: _state(pid) == "S", "it runs again", 30)
        assert not await keeper.renew("hang")
        assert not await keeper.release("hang")

    keep(tmp_path, use)


def test_a_lease_never_signals_a_process_that_the_keeper_did_not_start(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        healed: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        keeper.on_healed = lambda *one: healed.put_nowait(one)
        await keeper.lease("me", [Heal.kill(os.getpid(), signal.SIGKILL)], 0.0)
        assert await asyncio.wait_for(healed.get(), 30) == ("me", [])

    keep(tmp_path, use)


def test_a_renewed_lease_lasts_and_a_released_one_heals_nothing(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        healed: list[str] = []
        keeper.on_healed = lambda lease, _problems: healed.append(lease)
        nowhere = Heal.http("DELETE", "127.0.0.1", 9, "/nothing")
        await keeper.lease("short", [nowhere], 0.0)
        await keeper.lease("long", [nowhere], 1000)
        await keeper.lease("released", [nowhere], 1000)
        assert await keeper.renew("long")
        assert await keeper.release("released")
        await outside.auntil(lambda: healed == ["short"], "the short one ran out", 30)

    keep(tmp_path, use)


def test_ticks_count_and_a_stopped_keeper_is_late(tmp_path: Path) -> None:
    async def use(keeper: Keeper) -> None:
        before = await keeper.ticks()
        os.kill(keeper.pid, signal.SIGSTOP)
        await outside.auntil(lambda: _state(keeper.pid) == "T", "it is stopped", 30)
        await asyncio.sleep(0.5)  # the stall itself: 50 ticks, of which 45 come more than 50 ms late
        os.kill(keeper.pid, signal.SIGCONT)
        after = await keeper.ticks()
        assert after.total - before.total >= 45
        assert after.late - before.late >= 40

    keep(tmp_path, use)


def test_killing_the_keeper_ends_its_children_and_is_told(tmp_path: Path, subnet: str) -> None:
    async def use(keeper: Keeper) -> None:
        await keeper.spawn("family", ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"])
        await keeper.fork_standin("a", StandIn("a", listen=((f"{subnet}.32.1", 8080, "http"),)))
        await outside.auntil(lambda: outside.listeners(subnet) != [], "it listens", 30)
        waiting = asyncio.create_task(keeper.stop("family", 1000))
        os.kill(keeper.pid, signal.SIGKILL)
        assert f"pid {keeper.pid}" in await asyncio.wait_for(asyncio.shield(keeper.lost), 30)
        await outside.auntil(lambda: outside.left(keeper.run, subnet) == "", "nothing is left", GONE)
        await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(KeeperLostError):
            await keeper.spawn("late", ["sleep", "1000"])

    keep(tmp_path, use)


@pytest.mark.parametrize("seed", range(6))
def test_killing_the_keeper_while_it_starts_children_leaves_none(
    tmp_path: Path, subnet: str, seed: int
) -> None:
    async def use(keeper: Keeper) -> None:
        spawns = [keeper.spawn(f"sleep-{n}", ["sleep", "1000"]) for n in range(20)]
        forks = [
            keeper.fork_standin(f"app-{n}", StandIn("a", listen=((f"{subnet}.32.{n + 1}", 80, "http"),)))
            for n in range(10)
        ]
        starting = asyncio.gather(*spawns, *forks, return_exceptions=True)
        await asyncio.wait({starting}, timeout=random.Random(seed).uniform(0, 0.5))
        os.kill(keeper.pid, signal.SIGKILL)
        await asyncio.wait_for(asyncio.shield(keeper.lost), 30)
        await starting
        await outside.auntil(lambda: outside.left(keeper.run, subnet) == "", "nothing is left", GONE)

    keep(tmp_path, use)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
