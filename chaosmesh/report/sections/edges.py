"""What went over each edge, replicas that were left out, and the picture of the mesh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from chaosmesh.report import words
from chaosmesh.report.book.model import Book, Edge, LeftOut
from chaosmesh.report.charts import Link, spark, topology
from chaosmesh.report.charts.model import clock, ms
from chaosmesh.report.page.frame import Section
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import FLAGS

_GOOD, _FAIR = 0.99, 0.95


def edges(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001 - the book holds a bounded number
    """Calls, attempts and retries of each edge."""
    if not book.edges:
        return None
    short = words.short_services(one.service for one in book.edges)
    heads = [
        "Edge",
        "Calls",
        "Ok",
        "Attempts a call",
        "Retries",
        "Over time",
        "p99 of a call",
        "What Envoy said",
    ]
    told = table(
        heads, [_edge(one, short) for one in book.edges], label="Edges", numbers=range(1, 7), cls="edges"
    )
    about = "Calls that applications made through their sidecars, over the same requests as above."
    return Section(
        "edges", "Retries and ejections by edge", tag("p", about, cls="soft") + told + _left_out(book)
    )


def mesh(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001
    """The picture, with the share of calls that went well on each arrow."""
    if book.picture is None or not book.picture.nodes:
        return None
    drawn = topology(book.picture, list(_links(book)), title="Topology of the mesh")
    return Section("topology", "Topology", drawn)


def _edge(one: Edge, short: Mapping[str, str]) -> list[Child]:
    said = [
        f"{FLAGS.get(flag, flag)} {n:,}" for flag, n in sorted(one.flags.items(), key=lambda pair: -pair[1])
    ]
    line = (
        spark(one.retries, label=f"retries over time, at most {max(one.retries):.0f} in a piece")
        if one.retries
        else "–"
    )
    return [
        words.edge(one.client, short[one.service]),
        f"{one.calls:,}",
        words.percent(one.ok / one.calls),
        f"{one.attempts / one.calls:.2f}",
        f"{one.retried:,}",
        line,
        "–" if one.p99_ms is None else ms(one.p99_ms),
        ", ".join(said) or "–",
    ]


def _left_out(book: Book) -> Markup:
    head = tag("h3", "Replicas that were left out")
    if not book.left_out:
        return head + tag("p", "None: every replica was called on and on.")
    about = "A sidecar stopped calling a replica while it called others: ejected, unhealthy, hung or gone."
    rows: list[list[Child]] = [_gap(one) for one in book.left_out]
    heads = ["Replica", "By", "From", "To", "Attempts elsewhere meanwhile"]
    return head + tag("p", about, cls="soft") + table(heads, rows, label="Replicas left out", numbers=(4,))


def _gap(one: LeftOut) -> list[Child]:
    end = "not called again" if one.end_s is None else clock(one.end_s)
    return [words.clean(one.replica), words.clean(one.sidecar), clock(one.begin_s), end, f"{one.others:,}"]


def _links(book: Book) -> Iterator[Link]:
    measured = {(one.client, one.service): one for one in book.edges}
    for arrow in book.picture.edges if book.picture else ():
        found = measured.get((arrow.client, arrow.service))
        for target, weight in arrow.targets:
            share = f"{weight:g} %" if len(arrow.targets) > 1 else ""
            well = f"{words.percent(found.ok / found.calls)} ok" if found else ""
            note = " · ".join(filter(None, [share, well]))
            yield Link(arrow.client, target, note, _tone(found), words.clean(f"{arrow.service} → {target}"))


def _tone(edge: Edge | None) -> str:
    if edge is None:
        return "idle"
    well = edge.ok / edge.calls
    return "ok" if well >= _GOOD else "warn" if well >= _FAIR else "bad"
