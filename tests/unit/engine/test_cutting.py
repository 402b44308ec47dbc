"""Cuts that come once a period."""

from __future__ import annotations

import asyncio

import pytest

from chaosmesh.engine.cutting import Cutter


def test_it_cuts_at_once_and_again_until_it_is_stopped() -> None:
    async def main() -> None:
        cuts, acted, enough = 0, [], asyncio.Event()

        async def cut() -> None:
            nonlocal cuts
            cuts += 1
            if cuts == 3:
                enough.set()

        cutter = Cutter(cut, 0.01, acted.append)
        await cutter.start()
        assert cuts >= 1
        await asyncio.wait_for(enough.wait(), 30)
        await cutter.stop()
        ended = cuts
        assert len(acted) == ended
        assert acted == sorted(acted)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.05)
        assert cuts == ended

    asyncio.run(main())


def test_what_went_wrong_with_a_cut_shows_when_it_is_stopped() -> None:
    async def main() -> None:
        cuts, failed = 0, asyncio.Event()

        async def cut() -> None:
            nonlocal cuts
            cuts += 1
            if cuts == 2:
                failed.set()
                raise OSError("Toxiproxy is gone")

        cutter = Cutter(cut, 0.01, lambda _: None)
        await cutter.start()
        await asyncio.wait_for(failed.wait(), 30)
        with pytest.raises(OSError, match="Toxiproxy is gone"):
            await cutter.stop()

    asyncio.run(main())
