"""When every target counts as scraped, by the times that a server tells."""

from __future__ import annotations

from chaosmesh.runtime.prometheus.config import Target
from chaosmesh.runtime.prometheus.server import lacking

ONE = Target("sidecar", "127.1.16.1:9901", ())
PLACE = ("sidecar", "127.1.16.1:9901")


def test_only_what_came_since_counts() -> None:
    assert lacking([ONE], {}, 100.0, {}) == [ONE]
    assert lacking([ONE], {PLACE: 99.9}, 100.0, {}) == [ONE]
    assert lacking([ONE], {PLACE: 100.5}, 100.0, {}) == []


def test_what_failed_once_may_have_been_slow_and_what_failed_again_is_down() -> None:
    failed: dict[tuple[str, str], float] = {}
    assert lacking([ONE], {PLACE: -99.0}, 100.0, failed) == [ONE]
    for _ in range(2):  # two looks at the same scrape
        assert lacking([ONE], {PLACE: -100.5}, 100.0, failed) == [ONE]
    assert lacking([ONE], {PLACE: -101.5}, 100.0, failed) == []
    assert lacking([ONE], {PLACE: 101.5}, 100.0, {PLACE: -100.5}) == []
