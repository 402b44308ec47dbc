"""Nightly runs as they could be: shares with a spread between nights, starved hosts, bad nights, and at most one regression.

`run()` tells a thousand histories without a regression and hundreds with one: false alarms, and how soon and how rightly a
regression of which size is named.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from chaosmesh.engine.history import History, Night, trends
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.summary import Host, Summary
from chaosmesh.engine.summary_items import Item
from chaosmesh.judge.nights import HORIZON

BEGIN = datetime(2026, 1, 1, 2, tzinfo=UTC)
NIGHTS = 30

STEADY = (
    (1.0, 0.0),
    (0.9995, 0.0005),
    (0.998, 0.001),
    (0.995, 0.002),
    (0.97, 0.008),
    (0.9, 0.015),
    (0.25, 0.03),
)
"""Share and spread between nights (standard deviation) of the items that stay as they are, over and over."""


@dataclass(frozen=True, slots=True)
class Regression:
    """An item that falls from one share to another at a night, with a spread between nights."""

    before: float
    after: float
    spread: float
    night: int = 15


def history(seed: int, *, items: int = 40, regression: Regression | None = None) -> History:
    """Thirty nights told. Item 0 has the regression, if there is one; every fifth item is a check without a share."""
    return trends("nights", nights(seed, items=items, regression=regression))


def nights(seed: int, *, items: int = 40, regression: Regression | None = None) -> list[Night]:
    """The nights alone. One in ten has a starved host: most of its items are invalid, and what is left of it is bad. One in
    twenty is bad for one in twenty of its items without anybody noticing."""
    luck = np.random.default_rng(seed)
    found = []
    for number in range(NIGHTS):
        kind = luck.random()
        starved, bad = kind < 0.1, 0.1 <= kind < 0.15
        host = Host(2, (1.0, 1.0, 1.0), 0.08 if starved else round(float(luck.uniform(0, 0.004)), 4), 0.004)
        told = [_item(luck, one, number, regression, starved=starved, bad=bad) for one in range(items)]
        at = BEGIN + timedelta(days=number)
        commit = f"{number:040x}"
        summary = Summary(
            "airport",
            at,
            "verify",
            "",
            "pass",
            0,
            90.0,
            0,
            "process",
            "appmesh",
            {"commit": commit},
            host,
            "p",
            tuple(told),
        )
        found.append(Night(Path(f"{at:%Y-%m-%d}.json"), summary))
    return found


def _item(
    luck: np.random.Generator,
    one: int,
    night: int,
    regression: Regression | None,
    *,
    starved: bool,
    bad: bool,
) -> Item:
    name = f"item-{one}"
    if starved and luck.random() < 0.7:
        return Item(
            name,
            "cell",
            name,
            "invalid",
            "the host starved: 90 of 900 ticks came more than 50 ms late",
            cause="host",
        )
    hurt = luck.random() < (0.25 if starved else 0.05 * bad)
    if one % 5 == 4:
        failed = hurt and luck.random() < 0.5
        return Item(name, "check", name, "fail" if failed else "pass", "all 10 calls", n=10)
    share, spread = STEADY[one % len(STEADY)]
    if one == 0 and regression is not None:
        share, spread = regression.before if night < regression.night else regression.after, regression.spread
    share = _drawn(luck, share, spread) * (float(luck.uniform(0.85, 0.99)) if hurt else 1.0)
    n = int(luck.integers(250, 2500))
    k = int(luck.binomial(n, share))
    return Item(
        name,
        "cell",
        name,
        "held" if k / n > 0.9 else "weak",
        k=k,
        n=n,
        bound=0.9,
        good="higher",
        in_time=(k, n),
    )


def _drawn(luck: np.random.Generator, share: float, spread: float) -> float:
    """A night's own share: beta with this mean and standard deviation."""
    if not spread or not 0 < share < 1:
        return share
    spread = min(spread, 0.9 * float(np.sqrt(share * (1 - share))))
    weight = share * (1 - share) / spread**2 - 1
    return float(luck.beta(share * weight, (1 - share) * weight))


@dataclass(frozen=True, slots=True)
class Score:
    """Of many histories: nights until the regression was named (None: never) and how often the named night was the right
    one; histories in which anything else was named."""

    delays: Counter[int | None]
    right: int
    false: int
    histories: int

    @property
    def within_two(self) -> float:
        """Share of the histories in which the regression was named by its second weighed night."""
        return (
            sum(often for nights, often in self.delays.items() if nights is not None and nights <= 2)
            / self.histories
        )


def score(seeds: range, *, items: int, regression: Regression | None) -> Score:
    """Tell one history for each seed."""
    delays: Counter[int | None] = Counter()
    right = false = 0
    for seed in seeds:
        told = history(seed, items=items, regression=regression)
        mine = [one for one in told.turns if regression and _is(one, told, regression)]
        false += any(one not in mine for one in told.turns)
        if regression is None:
            continue
        if mine:
            first = min(mine, key=lambda one: one.named)
            delays[
                sum(
                    at not in told.left_out and _weighed(told, at)
                    for at in range(regression.night, first.named + 1)
                )
            ] += 1
            right += first.start == _first(told, regression.night)
        else:
            delays[None] += 1
    return Score(delays, right, false, len(seeds))


def _is(turn: Turn, told: History, regression: Regression) -> bool:
    """Whether a turn is the regression: its night, the one before it, or the first after it that can be weighed."""
    nights = range(regression.night - 1, _first(told, regression.night) + 1)
    return turn.track == "item-0" and turn.worse and turn.start in nights


def _weighed(told: History, night: int) -> bool:
    return any(one.night == night for one in told.track("item-0").weighed)


def _first(told: History, night: int) -> int:
    """The first night of the regression that can be weighed."""
    return next(at for at in range(night, NIGHTS) if at not in told.left_out and _weighed(told, at))


SIZES = (
    Regression(0.999, 0.99, 0.0005),
    Regression(0.998, 0.95, 0.001),
    Regression(0.995, 0.97, 0.002),
    Regression(0.995, 0.95, 0.002),
    Regression(0.995, 0.9, 0.004),
    Regression(0.97, 0.9, 0.008),
    Regression(0.97, 0.8, 0.008),
    Regression(0.9, 0.75, 0.015),
)

CLEAR = 9.0
"""A fall by so many standard deviations of a night is to be named within two nights, nine times in ten."""

TYPICAL = 1375
"""Requests of a night, in the middle."""


def deviations(one: Regression) -> float:
    """How far a regression falls, in standard deviations of a night before it, on the scale of the test."""
    before, after = (math.asin(math.sqrt(share)) for share in (one.before, one.after))
    spread = one.spread / (2 * math.sqrt(one.before * (1 - one.before)))
    return (before - after) / math.sqrt(spread**2 + 1 / (4 * TYPICAL + 2))


def run() -> list[Row]:
    """A thousand quiet histories, and two hundred for each size of a regression."""
    quiet = score(range(1000), items=40, regression=None)
    allowed = 1000 * NIGHTS / HORIZON
    told = f"{quiet.false} of 1,000"
    rows = [
        Row("histories that name a change that is none", told, f"≤ {allowed:g}", "–", quiet.false / allowed)
    ]
    return rows + [_named(one) for one in SIZES]


def _named(one: Regression) -> Row:
    found = score(range(200), items=40, regression=one)
    sigmas = deviations(one)
    delays = ", ".join(
        f"{nights or 'never'}: {often}" for nights, often in sorted(found.delays.items(), key=str)
    )
    figure = f"{one.before:.1%} → {one.after:.1%} ± {one.spread:.2%} ({sigmas:.1f} sd) named within 2 nights"
    measured = f"{found.within_two:.0%} (nights {delays}; right night {found.right}, others {found.false})"
    clear = sigmas >= CLEAR
    ratio = 0.9 / max(found.within_two, 1e-9) if clear else 0.0
    return Row(figure, measured, "≥ 90 %" if clear else "–", "–", ratio)
