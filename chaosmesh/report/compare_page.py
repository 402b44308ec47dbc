"""A comparison as one HTML file in the frame of the reports."""

from __future__ import annotations

from markupsafe import Markup

from chaosmesh.engine.compare import Behaviour, Comparison, Side
from chaosmesh.engine.compare.behaviour import State
from chaosmesh.engine.summary_items import Item
from chaosmesh.report import compare_words as words
from chaosmesh.report.charts import Interval, intervals
from chaosmesh.report.history_words import share
from chaosmesh.report.page.frame import Section, badge, page
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, join, more, paragraphs, tag
from chaosmesh.report.words import clean, short_id

LISTED = 400
TONES = {"worse": "bad", "undecided": "open", "no worse": "good"}
WORDS = {"worse": "Worse", "undecided": "Undecided", "no worse": "No worse"}


def render(found: Comparison) -> str:
    """The whole document."""
    parts = [
        Section("worse", "What became worse", _told(found, "worse")),
        Section("undecided", "What is not known", _told(found, "undecided")),
        Section("better", "What became better", _told(found, "better")),
        Section("differences", "How far the shares lie apart", _differences(found)),
        Section("rules", "What the documents say differently", _rules(found)),
        Section("items", "Every check and cell", _items(found)),
        Section("how", "What this is worth", paragraphs([words.promise(found)])),
    ]
    shown = [one for one in parts if one.body]
    title = words.headline(found)
    return page(
        title, _lead(found), shown, tone=TONES[found.verdict], kicker="Comparison", word=WORDS[found.verdict]
    )


def _lead(found: Comparison) -> Markup:
    facts = [("A", clean(found.a.name)), ("B", clean(found.b.name)), ("Documents", words.policy(found))]
    facts += [(words.STATES[state], str(number)) for state, number in found.count().items() if number]
    told = (tag("li", tag("span", name), tag("strong", value)) for name, value in facts)
    notes = [f"{_run('A', found.a)}; {_run('B', found.b)}", words.otherwise(found), words.untold(found)]
    return tag("ul", *told, cls="facts") + join(tag("p", one, cls="soft") for one in notes if one)


def _run(name: str, side: Side) -> str:
    run = side.summary
    return f"{name} ran {words.ran(side)}, seed {run.seed}, Envoy {clean(run.versions.get('envoy') or '?')}"


def _told(found: Comparison, state: State) -> Markup:
    rows = found.of(state)
    tone = words.TONES[state]
    return join(_one(one, tone) for one in rows[:LISTED]) + more(len(rows), LISTED, "items")


def _one(one: Behaviour, tone: str) -> Markup:
    title = tag("h3", badge(words.state(one.state), tone), words.called(one))
    where = tag("p", tag("code", clean(one.item.where))) if one.item.where else Markup()
    return tag("article", title, tag("p", words.seen(one)), where, cls=f"finding {tone}")


def _differences(found: Comparison) -> Markup:
    rows = [
        Interval(
            words.called(one) + (", in time" if each.name == "in time" else ""),
            each.apart.estimate * 100,
            each.apart.low * 100,
            each.apart.high * 100,
            0.0,
            words.TONES[each.state(found.margin)],
            badge(words.state(each.state(found.margin)), words.TONES[each.state(found.margin)]),
            f"{share(each.a.share)} → {share(each.b.share)}",
        )
        for one in found.behaviours
        for each in words.shown(one)
    ]
    if not rows:
        return Markup()
    told = tag("p", "B's share less A's, in points; left of 0 is worse.")
    return told + intervals(
        rows[:LISTED],
        title="Differences of shares in points",
        form=_points,
        names=("What", "B's share is", "A → B"),
    )


def _points(value: float) -> str:
    return "0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def _rules(found: Comparison) -> Markup:
    if not found.rules:
        return Markup()
    rows: list[list[Child]] = [
        [
            tag("span", short_id(one.id), title=clean(one.id))
            + tag("br")
            + tag("code", clean(str(one.where))),
            _value(one.before),
            _value(one.after),
        ]
        for one in found.rules[:LISTED]
    ]
    heads: list[Child] = ["Rule", "A", "B"]
    listed = table(heads, rows, label="Rules that differ", cls="rules")
    return listed + more(len(found.rules), LISTED, "rules")


def _value(told: str) -> Child:
    return tag("code", clean(told)) if told else "–"


def _items(found: Comparison) -> Markup:
    rows: list[list[Child]] = [
        [
            _called(one),
            badge(words.state(one.state), words.TONES[one.state]),
            _verdict(one.a),
            _verdict(one.b),
        ]
        for one in found.behaviours[:LISTED]
    ]
    heads: list[Child] = ["Check or cell", "B is", "A", "B"]
    return table(heads, rows, label="Every check and cell", cls="dense") + more(
        len(found.behaviours), LISTED, "items"
    )


def _called(one: Behaviour) -> Child:
    """Its name, and what is to be known of it beyond its state."""
    note = clean(one.reason) if one.state in ("new", "gone") else words.reworded(one)
    return (
        words.called(one) if not note else join([words.called(one), tag("br"), tag("span", note, cls="soft")])
    )


def _verdict(one: Item | None) -> str:
    return "–" if one is None else clean(one.verdict)
