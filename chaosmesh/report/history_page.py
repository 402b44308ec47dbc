"""A history as one HTML file in the frame of the reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from chaosmesh.engine.history.series import GOOD, Track
from chaosmesh.engine.history.trends import History
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.history.unsteady import Unsteady
from chaosmesh.report import history_words as words
from chaosmesh.report.charts import Axis, Series, Shade, lines, spark
from chaosmesh.report.page.frame import Section, badge, page
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, join, listing, more, paragraphs, tag
from chaosmesh.report.words import clean, count

DRAWN = 24
"""Turns that get a chart; the others are told in words."""

TOLD = 60
"""Unsteady items that are told one by one."""

LISTED = 400
"""Rows of a table."""


def render(history: History) -> str:
    """The whole document."""
    worse, unsteady = history.regressions, history.unsteady
    tone = "bad" if worse else "warn" if unsteady else "good" if history.enough else "open"
    word = {"bad": "Worse", "warn": "Unsteady", "good": "Steady", "open": "Too few nights"}[tone]
    sections = [
        Section("worse", "What became worse", _turns(worse, history, words.nothing(history))),
        Section("earlier", "What was told before", _turns(history.settled, history, "")),
        Section("unsteady", "Unsteady items", _unsteady(unsteady, history)),
        Section("items", "Every item", _items(history)),
        Section("nights", "Nights", _nights(history)),
        Section("how", "How a change is told", _how(history)),
    ]
    shown = [one for one in sections if one.body]
    return page(_title(history), _lead(history), shown, tone=tone, kicker="Nightly runs", word=word)


def _title(history: History) -> str:
    names = sorted({one.summary.name for one in history.nights if one.summary.kind != "night"})
    return clean(names[0]) if len(names) == 1 else "Nights"


def _lead(history: History) -> Markup:
    worse = history.regressions
    if worse:
        since = sorted({history.nights[one.start].label for one in worse})
        said = f"{count(len({one.track for one in worse}), 'item')} became worse: since {', '.join(since)}."
    else:
        said = words.nothing(history)
    facts = {
        "Nights": f"{len(history.nights)}",
        "From – to": words.span(history),
        "Items": f"{len(history.tracks)}",
        "Left out": f"{len(history.left_out)}",
        "Unsteady": f"{len(history.unsteady)}",
    }
    told = (tag("li", tag("span", name), tag("strong", value)) for name, value in facts.items())
    return tag("p", said) + tag("ul", *told, cls="facts")


def _turns(turns: Sequence[Turn], history: History, none: str) -> Markup:
    if not turns:
        return tag("p", none) if none else Markup()
    return join(_turn(one, history, drawn=number < DRAWN) for number, one in enumerate(turns))


def _turn(turn: Turn, history: History, *, drawn: bool) -> Markup:
    track = history.track(turn.track)
    tone = "bad" if turn.worse and turn.open else "warn" if turn.worse else "good"
    title = tag("h3", badge("worse" if turn.worse else "better", tone), words.named(track))
    told = paragraphs([words.moved(turn, history), f"{words.since(turn, history).capitalize()}."])
    with_it = tag("p", "Changed at that night: ", tag("strong", words.found_with(turn)))
    where = tag("p", tag("code", clean(track.item.where))) if track.item.where else Markup()
    chart = _chart(turn, track, history) if drawn and turn.before is not None else Markup()
    return tag("article", title, told, with_it, where, chart, cls=f"finding {tone}")


def _chart(turn: Turn, track: Track, history: History) -> Markup:
    points = dict(_points(turn, track))
    last = len(history.nights) - 1
    row = [(float(one), points.get(one)) for one in range(last + 1)]
    series = [Series("a night", row, "s1")]
    for name, level, begin, end in (
        ("level before", turn.before, 0, turn.start - 1),
        ("level since", turn.after, turn.start, last),
    ):
        if level is not None:
            flat = [(float(one), level.share) for one in range(begin, end + 1)]
            series.append(
                Series(name, flat, "soft" if name == "level before" else "bad" if turn.worse else "good")
            )
    seen = [value for _, value in row if value is not None]
    low = max(0.0, min(seen, default=0.0) - 0.02)
    return lines(
        series,
        title=f"{words.named(track)}: share by night",
        x=Axis("night", form=lambda at: history.nights[min(last, max(0, round(at)))].label[5:]),
        y=Axis("answered in time" if turn.facet == "in time" else "share", form=words.share, low=low),
        shades=[Shade(turn.start, last, "since then")] if turn.start < last else [],
        dots=True,
        summary=words.moved(turn, history),
    )


def _points(turn: Turn, track: Track) -> Iterator[tuple[int, float]]:
    for one in track.weighed:
        k, n = one.item.k, one.item.n
        within = one.item.in_time
        if turn.facet == "in time" and within and within[1]:
            yield one.night, within[0] / within[1]
        elif turn.facet == "share" and k is not None and n:
            yield one.night, k / n


def _unsteady(found: Sequence[Unsteady], history: History) -> Markup:
    if not found:
        return Markup()
    told = tag("p", "Their verdict goes to and fro, and nothing changed for good.")
    ordered = sorted(found, key=lambda one: one.cause != "policy")
    return told + join(_shaky(one, history) for one in ordered[:TOLD]) + more(len(found), TOLD, "items")


def _shaky(one: Unsteady, history: History) -> Markup:
    track = history.track(one.track)
    title = tag("h3", badge(one.cause, "warn"), words.named(track), " ", _spark(track, history))
    return tag("article", title, tag("p", words.blamed(one, history), cls="soft"), cls="finding warn")


def _items(history: History) -> Markup:
    turned = {one.track for one in history.regressions}
    rows: list[list[Child]] = []
    for track in sorted(
        history.tracks,
        key=lambda one: (one.name not in turned, one.item.verdict in GOOD, one.item.kind != "cell"),
    )[:LISTED]:
        item = track.item
        tone = "good" if item.verdict in GOOD else "bad" if item.verdict in ("fail", "weak") else "open"
        value = words.share(item.k / item.n) if item.k is not None and item.n else "–"
        p99 = "–" if item.p99_ms is None else f"{item.p99_ms:,.0f} ms"
        rows.append(
            [words.named(track), badge(clean(item.verdict), tone), _spark(track, history), value, p99]
        )
    heads: list[Child] = ["Item", "Last night", "Nights", "Share", "p99"]
    gone = _names("No more there", history.gone, history) + _names("New", history.new, history)
    return (
        table(heads, rows, label="Every item", numbers=3, cls="dense")
        + more(len(history.tracks), LISTED, "items")
        + gone
    )


def _names(title: str, names: Sequence[str], history: History) -> Markup:
    if not names:
        return Markup()
    return (
        tag("h3", title)
        + listing([words.named(history.track(one)) for one in names[:40]])
        + more(len(names), 40, "items")
    )


def _spark(track: Track, history: History) -> Markup:
    by_night = {point.night: value for point, value in words.values(track)}
    row = [by_night.get(one) for one in range(len(history.nights))]
    known = [one for one in row if one is not None]
    said = (
        f"{words.share(known[0])} to {words.share(known[-1])} over {count(len(known), 'night')}"
        if known
        else "no night counts"
    )
    least = min([max(known, default=1.0) - words.LEAST_RANGE, *known])
    return spark(row, label=said, low=max(0.0, least))


def _nights(history: History) -> Markup:
    rows: list[list[Child]] = []
    for index in range(len(history.nights) - 1, -1, -1):
        one = history.nights[index].summary
        commit, host = one.versions.get("commit"), one.host.starved
        tone = {"pass": "good", "fail": "bad"}.get(one.verdict, "open")
        rows.append(
            [
                tag("span", f"{one.at:%Y-%m-%d %H:%M}", cls="n"),
                badge(clean(one.verdict), tone),
                clean(one.name),
                tag("code", commit[:9], cls="n") if commit else "–",
                tag("code", one.policy[:8], cls="n") if one.policy else "–",
                "–" if host is None else words.share(host),
                history.left_out.get(index, ""),
            ]
        )
    heads: list[Child] = [
        "Night (UTC)",
        "Verdict",
        "Run",
        "Commit",
        "Policy",
        "Host starved",
        "Left out because",
    ]
    return table(heads, rows[:LISTED], label="Nights", cls="dense") + more(len(rows), LISTED, "nights")


def _how(history: History) -> Markup:
    nights = (
        "Each night gives so many of so many requests. Nights differ by more than chance within a night; how much more is "
        "estimated for each item, and a change must be larger than that explains, over two nights at least."
    )
    without = "A night whose host starved counts for nothing; an item that was invalid counts for nothing that night."
    return paragraphs([words.promise(history), nights, without])
