"""The load over time: percentiles, success with causes, and what was sent against what was meant."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from chaosmesh.report.book.load import REST
from chaosmesh.report.book.model import Book, Load, Step
from chaosmesh.report.charts import Axis, Series, Shade, bars, curve, lines
from chaosmesh.report.charts.model import Point, clock, ms, plain
from chaosmesh.report.page.frame import Section
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import arrow, cause
from chaosmesh.report.words import count, percent

_NAME = "seconds from the run's first request"
_LOOKS = ("bad", "s2", "s5", "s4", "s1", "soft")


def over_time(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001 - its size does not grow with the run
    """Three charts on one clock, with shaded faults."""
    load = book.load
    if load is None or not load.steps:
        return None
    shades = [Shade(one.begin_s, one.end_s, arrow(one.label)) for one in load.windows]
    about = f"{count(load.requests, 'request')}: {load.about}. Steps of {load.step_s:g} s; shaded: a fault was in force."
    x = Axis(_NAME, clock, load.steps[0].at_s, load.steps[-1].at_s + load.step_s)
    charts = _percentiles(load, x, shades) + _success(load, x, shades) + _rates(load, x, shades)
    return Section(
        "time", "Load over time", tag("p", about, cls="soft") + charts + _faults(load) + _causes(load)
    )


def curves(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001
    """The latency that each share of requests stays below."""
    found = [one for one in book.curves if one.points]
    if not found:
        return None
    series = [
        Series(f"{one.name} ({one.requests:,})", one.points, f"s{number}")
        for number, one in enumerate(found[:6], 1)
    ]
    lost = sum(one.unanswered for one in found)
    said = "From the intended time of each request. " + (
        f"{count(lost, 'request')} got no answer and count as slower than any."
        if lost
        else "Every request was answered."
    )
    return Section(
        "percentiles", "Latency by percentile", curve(series, title="Percentile curve", summary=said)
    )


def _percentiles(load: Load, x: Axis, shades: list[Shade]) -> Markup:
    wanted = (("p50", "s1"), ("p95", "s2"), ("p99", "s3"))
    series = [Series(name, list(_gaps(load, f"{name}_ms")), look) for name, look in wanted]
    y = Axis("latency", ms)
    said = "Latency from the intended time, so that waiting counts. A gap: nothing was sent, or too many got no answer."
    return lines(series, title="Latency percentiles", x=x, y=y, shades=shades, summary=said)


def _success(load: Load, x: Axis, shades: list[Shade]) -> Markup:
    causes = [
        name for name in dict.fromkeys(name for one in load.steps for name in one.failed) if name != REST
    ]
    often = {name: sum(one.failed.get(name, 0) for one in load.steps) for name in causes}
    causes.sort(key=lambda name: -often[name])
    causes += [REST] if any(REST in one.failed for one in load.steps) else []
    series = [Series("ok", [(one.at_s, float(one.ok)) for one in load.steps], "good")]
    series += [
        Series(cause(name), [(one.at_s, float(one.failed.get(name, 0))) for one in load.steps], look)
        for name, look in zip(causes, _LOOKS, strict=False)
    ]
    said = f"{percent(load.ok / load.requests)} of all went well; each failure has one cause."
    y = Axis(f"requests in {load.step_s:g} s", plain)
    return bars(
        series,
        title="Success and causes of failure",
        width=load.step_s,
        x=x,
        y=y,
        shades=shades,
        summary=said,
    )


def _rates(load: Load, x: Axis, shades: list[Shade]) -> Markup:
    series = [
        Series("intended", list(_gaps(load, "intended")), "soft"),
        Series("sent", list(_gaps(load, "sent")), "s1"),
    ]
    said = f"{percent(load.late)} left more than 5 ms after their time; 99 % within {ms(load.lag_p99_ms)}."
    y = Axis("requests a second", plain)
    return lines(series, title="Intended and sent rate", x=x, y=y, shades=shades, summary=said)


def _gaps(load: Load, name: str) -> Iterator[Point]:
    """The points of a line, with a gap wherever a step had no requests."""
    before: Step | None = None
    for one in load.steps:
        if before is not None and one.at_s - before.at_s > 1.5 * load.step_s:
            yield before.at_s + load.step_s, None
        yield one.at_s, getattr(one, name)
        before = one


def _faults(load: Load) -> Markup:
    if not load.windows:
        return Markup()
    rows: list[list[Child]] = [
        [arrow(one.label), clock(one.begin_s), clock(one.end_s)] for one in load.windows[:200]
    ]
    told = table(["Fault", "From", "To"], rows, label="Faults in force", numbers=1, cls="dense")
    return tag("details", tag("summary", f"Faults in force ({len(load.windows)})"), told)


def _causes(load: Load) -> Markup:
    if not load.causes:
        return Markup()
    rows: list[list[Child]] = [[cause(name), f"{often:,}"] for name, often in load.causes.items()]
    told = table(["Cause", "Failed requests"], rows, label="Causes of failure", numbers=1, cls="dense")
    return tag("details", tag("summary", f"Causes of failure ({len(load.causes)})"), told)
