"""What sidecars owe of their logs, from counters as Envoy writes them."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from chaosmesh.engine.entries import WRITTEN, Owed

AT = 1_000


def owed(written: dict[str, int], taken: dict[str, int], **more: Any) -> list[str]:
    told = SimpleNamespace(
        control=SimpleNamespace(access_logs=SimpleNamespace(taken=Counter(taken))),
        ledger=SimpleNamespace(killed=more.get("killed", {})),
        site=SimpleNamespace(absent=more.get("absent", ())),
    )
    counters = {
        key: {
            "stats": [{"name": "cluster.x.upstream_rq_total", "value": 7}, {"name": WRITTEN, "value": count}]
        }
        for key, count in written.items()
    }
    return Owed(told, counters, AT).lacking()  # type: ignore[arg-type]


def test_only_who_wrote_more_than_has_come_owes() -> None:
    said = owed({"a": 3, "b": 3, "c": 3, "d": 0}, {"a": 3, "b": 2, "c": 4})
    assert said == ["b: 2 of 3 entries of its log"]


def test_who_has_written_nothing_owes_nothing() -> None:
    told = SimpleNamespace(control=SimpleNamespace(access_logs=SimpleNamespace(taken=Counter())))
    told.ledger, told.site = SimpleNamespace(killed={}), SimpleNamespace(absent=())
    assert Owed(told, {"a": {"stats": [{"histograms": {}}]}}, AT).lacking() == []  # type: ignore[arg-type]


def test_what_ended_or_is_kept_from_answering_is_not_waited_for() -> None:
    assert owed({"a": 3}, {"a": 0}, killed={"a": AT + 1}) == []
    assert owed({"a": 3}, {"a": 0}, absent=("a",)) == []
    assert owed({"a": 3}, {"a": 0}, killed={"a": AT - 1}) != []  # it was killed before, and started anew
