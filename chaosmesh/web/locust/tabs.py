"""The tables of our tabs, from the tower's state. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
State = Mapping[str, Any]

EDGES = {
    "edge": "Edge",
    "rate": "Requests/s",
    "success": "Success",
    "attempts": "Attempts",
    "median": "p50 (ms)",
    "tail": "p99 (ms)",
    "split": "Split (got / weight)",
    "ejections": "Ejections",
    "overflows": "Overflows",
    "faults": "Faults",
}
FAULTS = {
    "fault": "Fault",
    "on": "Where",
    "dose": "Dose",
    "left": "Heals in",
    "hit": "Hit",
    "evidence": "Evidence",
}
CLAIMS = {
    "claim": "Claim",
    "on": "Where",
    "verdict": "Verdict",
    "seen": "Seen",
    "estimate": "Estimate",
    "interval": "Interval",
    "bound": "Bound",
    "reason": "Why",
}

_ABSENT = "–"
_WORST_FIRST = ("fail", "invalid", "inconclusive", "pass")


def edges(state: State) -> list[Row]:
    """One row an edge: what it met in the last 10 seconds."""
    return [
        {
            "edge": words(one["id"]),
            "rate": _number(one["rps"]),
            "success": _share(one["success"]),
            "attempts": _number(one["attempts"], 2),
            "median": _number(one["p50_ms"]),
            "tail": _number(one["p99_ms"]),
            "split": _split(one["targets"]),
            "ejections": one["ejections"],
            "overflows": one["overflows"],
            "faults": len(one["faults"]) or _ABSENT,
        }
        for one in state.get("edges", ())
    ]


def faults(state: State) -> list[Row]:
    """One row a fault in force."""
    return [
        {
            "fault": one["label"],
            "on": _place(one["on"]),
            "dose": ", ".join(
                _told(name, value) for name, value in one["fields"].items() if value is not None
            ),
            "left": f"{one['left_s']:.0f} s" if one["left_s"] is not None else _ABSENT,
            "hit": _ABSENT if one["hit"] is None else one["hit"],
            "evidence": one["evidence"],
        }
        for one in state.get("faults", ())
    ] or [{"fault": "No fault is in force."}]


def claims(state: State) -> list[Row]:
    """One row a claim, with its evidence so far."""
    return [
        {
            "claim": one["text"],
            "on": words(one["on"] or "entry"),
            "verdict": one["verdict"],
            "seen": one["n"],
            "estimate": _plain(one["estimate"]),
            "interval": f"{_plain(one['low'])} … {_plain(one['high'])}",
            "bound": _plain(one["bound"]),
            "reason": one["reason"].removeprefix(f"{one['text']}: "),
        }
        for one in state.get("claims", ())
    ] or [{"claim": "No claim is judged."}]


TABS: Sequence[tuple[str, str, Mapping[str, str], Callable[[State], list[Row]]]] = (
    ("edges", "Edges", EDGES, edges),
    ("faults", "Faults", FAULTS, faults),
    ("claims", "Claims", CLAIMS, claims),
)
"""Key, title, columns (key and title) and rows of each tab."""


def tabs() -> list[dict[str, str]]:
    """As Locust's page wants them."""
    return [{"key": key, "title": title} for key, title, _, _ in TABS]


def tables() -> list[dict[str, Any]]:
    """The columns, as Locust's page wants them."""
    return [
        {"key": key, "structure": [{"key": name, "title": text} for name, text in columns.items()]}
        for key, _, columns, _ in TABS
    ]


def contents(state: State) -> list[dict[str, Any]]:
    """The rows, as Locust's page wants them."""
    return [{"key": key, "data": rows(state)} for key, _, _, rows in TABS]


def summary(claims: Sequence[Mapping[str, Any]]) -> str:
    """One line: how many claims got which verdict, and what is wrong with those that failed or prove nothing."""
    counts = Counter(one["verdict"] for one in claims)
    text = ", ".join(f"{counts[one]} {one}" for one in _WORST_FIRST if counts[one])
    told = [
        f"{one['text']} at {words(one['on'] or 'the entry')}: {one['verdict']}"
        for one in claims
        if one["verdict"] in ("fail", "invalid")
    ]
    return f"claims: {text} ({'; '.join(told)})" if told else f"claims: {text}"


def _split(targets: Iterable[Mapping[str, Any]]) -> str:
    """Nothing for an edge that leads to one place only."""
    found = [f"{one['node']} {_share(one['share'])} / {one['weight']:g} %" for one in targets]
    return " · ".join(found) if len(found) > 1 else _ABSENT


def _place(on: Mapping[str, Any]) -> str:
    return " ".join(words(str(one)) for one in on.values() if one is not None)


def words(name: str) -> str:
    """An edge as people write it."""
    return name.replace("->", " → ")


def _told(name: str, value: Any) -> str:
    return f"{name} {value:.0%}" if name == "share" else f"{name} {value}"


def _number(value: float | None, digits: int = 1) -> str:
    return _ABSENT if value is None else f"{value:,.{digits}f}"


def _share(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.1%}"


def _plain(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.4g}"
