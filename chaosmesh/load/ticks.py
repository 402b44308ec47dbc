"""A Locust LoadTestShape read as a rate: its `tick()` asked once a second of a clock that isn't waited for.

`(users, spawn_rate)` means: go to `users` requests a second, by `spawn_rate` a second, in a straight line.
"""

from __future__ import annotations

import inspect
import json
import math
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaosmesh.errors import UsageError, Where
from chaosmesh.load.curves import checked, span
from chaosmesh.load.shapes import Piece, Shape

_READ_S = 60.0


def from_locust(source: Any, limit: str = "10m") -> Shape:
    """The shape of a user's class, until its `tick()` says None, at most `limit` of it.

    `source` is "file.py:Class" ("file.py" where there is one only), which Locust's own process reads, or the class
    itself; UsageError with the line where `tick()` went wrong.
    """
    if isinstance(source, str | Path):
        return _of_file(str(source), span(limit))
    if _is_patched():
        raise UsageError(
            "importing locust has changed the sockets of this process, which the mesh can't live with",
            hint='give the file instead: from_locust("day.py:Day"), or set LOCUST_SKIP_MONKEY_PATCH=1',
        )
    return of_class(source, span(limit))


def of_class(source: Any, limit: float) -> Shape:
    """The shape of a class, or an instance of it, that has `tick()`."""
    name = getattr(source, "__name__", type(source).__name__)
    if not callable(getattr(source, "tick", None)):
        raise UsageError(f"{name} is no LoadTestShape: it has no tick()", hint="subclass LoadTestShape")
    pieces = tuple(_joined(_pieces(source() if inspect.isclass(source) else source, name, math.ceil(limit))))
    return checked(Shape(f"{name} (requests a second by its tick)", pieces))


def _pieces(shape: Any, name: str, limit: int) -> Iterator[Piece]:
    rate = 0.0
    for second in range(limit):
        shape.get_run_time = lambda second=second: float(second)
        shape.get_current_user_count = lambda rate=rate: round(rate)
        found = _asked(shape, name, second)
        if found is None:
            return
        target, speed = found
        climb = min(1.0, abs(target - rate) / speed)
        if climb:
            reached = target if climb < 1 else rate + math.copysign(speed, target - rate)
            yield Piece(climb, rate, reached)
            rate = reached
        if climb < 1:
            yield Piece(1 - climb, rate, rate)


def _asked(shape: Any, name: str, second: int) -> tuple[float, float] | None:
    try:
        answer = shape.tick()
    except Exception as error:
        raise UsageError(f"{name}.tick() at {second} s: {error!r}", where=_place(error)) from error
    if answer is None:
        return None
    try:
        target, speed, *classes = answer
        target, speed = float(target), float(speed)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name}.tick() at {second} s: {answer!r}", hint="(users, spawn_rate), or None"
        ) from None
    if any(classes):
        raise UsageError(
            f"{name}.tick() names user classes, and open load has none", hint="run its locustfile instead"
        )
    if not (target >= 0 and speed > 0):
        raise UsageError(f"{name}.tick() at {second} s: {answer!r}", hint="users ≥ 0, spawn_rate > 0")
    return target, speed


def _place(error: BaseException) -> Where | None:
    frames = traceback.extract_tb(error.__traceback__)
    return Where(frames[-1].filename, frames[-1].lineno or 1) if frames else None


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    last: Piece | None = None
    for one in pieces:
        if last and last.start == last.end == one.start == one.end:
            last = Piece(last.seconds + one.seconds, one.start, one.end)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _is_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


def _of_file(source: str, limit: float) -> Shape:
    file, _, name = source.partition(":")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file!r}", hint='from_locust("day.py:Day")')
    argv = (sys.executable, "-m", "chaosmesh.load.ticks_main", file, name, str(limit))
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=_READ_S, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(f"{file}: no shape within {_READ_S:g} s", where=Where(file)) from None
    said = next((line for line in ran.stdout.splitlines() if line.startswith("{")), "")
    if not said:
        raise UsageError(f"{file} can't be read: {ran.stderr[-500:]}", where=Where(file))
    tree = json.loads(said)
    if "error" in tree:
        place = Where(tree["file"], tree["line"])
        raise UsageError(tree["error"], where=place, hint=tree["hint"])
    return Shape(tree["name"], tuple(Piece(**one) for one in tree["pieces"]))
