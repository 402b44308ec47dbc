"""The queue of a stand-in whose capacity is limited: who waits, and for how long at least."""

from __future__ import annotations

import asyncio

from chaosmesh.services.line import Line


def test_turns_come_in_order_and_no_faster_than_the_capacity() -> None:
    async def main() -> None:
        line, order = Line(100), []

        async def one(number: int) -> None:
            await line.turn()
            order.append(number)

        begin = asyncio.get_running_loop().time()
        await asyncio.gather(*map(one, range(10)))
        assert order == list(range(10))
        assert asyncio.get_running_loop().time() - begin >= 10 / 100

    asyncio.run(main())


def test_without_a_capacity_nobody_waits() -> None:
    async def main() -> None:
        line = Line(None)
        await asyncio.wait_for(line.turn(), 5)
        assert len(line) == 0

    asyncio.run(main())


def test_whoever_leaves_still_takes_a_turn() -> None:
    """Work that was taken in is done, whether or not somebody still waits for it."""

    async def main() -> None:
        line = Line(50)
        begin = asyncio.get_running_loop().time()
        gone = [asyncio.create_task(line.turn()) for _ in range(5)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        assert len(line) == 5
        await line.turn()
        assert asyncio.get_running_loop().time() - begin >= 6 / 50

    asyncio.run(main())


def test_another_capacity_finds_the_same_line() -> None:
    async def main() -> None:
        line = Line(0.001)
        waiting = [asyncio.create_task(line.turn()) for _ in range(6)]
        await asyncio.sleep(0)
        assert len(line) == 6
        begin = asyncio.get_running_loop().time()
        line.change(50)  # what was left of a thousand seconds is that share of a fiftieth
        await asyncio.gather(*waiting)
        assert asyncio.get_running_loop().time() - begin >= 5 / 50
        assert len(line) == 0

    asyncio.run(main())


def test_without_a_limit_everybody_goes_at_once() -> None:
    async def main() -> None:
        line = Line(0.001)
        waiting = [asyncio.create_task(line.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        line.change(None)
        await asyncio.wait_for(asyncio.gather(*waiting), 5)

    asyncio.run(main())
