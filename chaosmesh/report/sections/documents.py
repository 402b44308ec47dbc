"""The documents of the policy with each rule's verdict beside its line; and the rules with their evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from chaosmesh.engine.results import CheckResult, VerifyResult
from chaosmesh.report import frame
from chaosmesh.report.book.documents import RANK, TONES
from chaosmesh.report.book.model import Book, Document, Mark
from chaosmesh.report.page.frame import Section, badge
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, join, listing, more, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import clip, code, short_place
from chaosmesh.report.words import count, facts

_NEAR = 3
_LONG = 240


def documents(book: Book, detail: Detail) -> Section | None:
    """Every document, folded; those with something to mend are open."""
    if not book.documents:
        return None
    left, told = detail.lines, []
    for one in book.documents:
        numbers = list(_chosen(one, left))
        left -= len(numbers)
        told.append(_document(one, numbers))
    marked = any(one.marks for one in book.documents)
    about = "As they were when the run began" + (", each rule's verdict beside its line." if marked else ".")
    return Section("policy", "The policy", tag("p", about, cls="soft") + join(told))


def rules(book: Book, detail: Detail) -> Section | None:
    """What was tried for each rule, by resource, worst first; then what was not checked."""
    result = book.result
    if result is None or not (result.checks or result.not_checked):
        return None
    passed = [one for one in result.checks if one.verdict.value == "pass"]
    others = [one for one in result.checks if one.verdict.value != "pass"]
    shown = [*others[: detail.others], *passed[: detail.passes]]
    body = tag("p", frame.policy_line(result)) + join(map(_group, _groups(shown)))
    body += more(len(passed), detail.passes, "passed rules") + more(len(others), detail.others, "other rules")
    return Section("rules", "Rules and their evidence", body + _not_checked(result, detail))


def _chosen(one: Document, left: int) -> Iterator[int]:
    """Numbers of the lines that are shown, from 1: all, or those near a mark."""
    if len(one.lines) <= left:
        yield from range(1, len(one.lines) + 1)
        return
    near = {at + off for at in (mark.line for mark in one.marks) for off in range(-_NEAR, _NEAR + 1)}
    yield from [at for at in sorted(near) if 1 <= at <= len(one.lines)][: max(left, 0)]


def _document(one: Document, numbers: Sequence[int]) -> Markup:
    marks: dict[int, list[Mark]] = defaultdict(list)
    for mark in one.marks:
        marks[mark.line].append(mark)
    worst = min(one.marks, key=lambda mark: RANK[mark.tone], default=None)
    sign = badge(worst.word, worst.tone) if worst else Markup()
    said = count(len(one.marks), "verdict") if one.marks else ""
    head = tag("summary", sign, " ", code(clip(one.file)), " ", tag("span", said, cls="soft"))
    lines = tag("ol", *(_line(at, one.lines[at - 1], marks.get(at, [])) for at in numbers))
    source = tag(
        "div", lines, cls="source", role="region", aria_label=f"Text of {clip(one.file)}", tabindex=0
    )
    opened = worst is not None and worst.tone in ("bad", "warn", "open")
    return tag(
        "details",
        head,
        source if numbers else None,
        more(len(one.lines), len(numbers), "lines"),
        cls="card",
        open=opened,
    )


def _line(number: int, line: str, marks: Sequence[Mark]) -> Markup:
    shown = line if len(line) <= _LONG else line[: _LONG - 1] + "…"
    parts = [tag("span", number, cls="no"), tag("span", shown, cls="code")]
    parts += [
        tag("span", badge(one.word, one.tone), " ", clip(one.text, _LONG), cls="said") for one in marks[:4]
    ]
    if len(marks) > 4:
        parts.append(tag("span", f"… and {len(marks) - 4} more verdicts", cls="said soft"))
    return tag("li", *parts, cls=f"hit {marks[0].tone}" if marks else None)


def _groups(checks: Sequence[CheckResult]) -> list[list[CheckResult]]:
    found: dict[tuple[str, str], list[CheckResult]] = defaultdict(list)
    for one in checks:
        found[one.resource.kind, one.resource.name].append(one)
    return sorted(found.values(), key=lambda group: min(RANK[TONES[one.verdict.value]] for one in group))


def _group(checks: Sequence[CheckResult]) -> Markup:
    first = min(checks, key=lambda one: RANK[TONES[one.verdict.value]])
    tone = TONES[first.verdict.value]
    resource = first.resource
    told = f"{resource.kind} · {count(len(checks), 'rule')}"
    sign, name = badge(first.verdict.value, tone), tag("strong", clip(resource.name))
    head = tag("summary", sign, " ", name, " ", tag("span", clip(told), cls="soft"))
    rows = [_check(one) for one in sorted(checks, key=lambda one: RANK[TONES[one.verdict.value]])]
    made = table(["Rule", "Verdict", "Evidence", "Place"], rows, label=f"Rules of {clip(resource.name)}")
    return tag("details", head, made, cls="card", open=tone != "good")


def _check(one: CheckResult) -> list[Child]:
    pairs = [("expected", facts(one.expected)), ("observed", facts(one.observed))]
    seen = [tag("div", f"{name} {clip(text)}") for name, text in pairs if text]
    counted = f"{count(one.n, 'call')}, {one.duration_s:.1f} s · {one.basis}"
    field = code(clip(one.id.rpartition("/")[2]))
    rule = join([clip(frame.statement(one)), tag("br"), field])
    reason = tag("div", clip(one.reason)) if one.reason else Markup()
    evidence = join([*seen, reason, tag("div", clip(counted), cls="soft")])
    return [
        rule,
        badge(one.verdict.value, TONES[one.verdict.value]),
        evidence,
        short_place(one.resource.where),
    ]


def _not_checked(result: VerifyResult, detail: Detail) -> Markup:
    found: dict[str, list[str]] = defaultdict(list)
    for one in result.not_checked[: detail.others]:
        found[one.reason].append(one.id)
    if not found:
        return Markup()
    told = (
        tag(
            "details",
            tag("summary", clip(reason), " ", tag("span", count(len(ids), "rule"), cls="soft")),
            listing([code(clip(one)) for one in ids]),
        )
        for reason, ids in found.items()
    )
    head = tag("h3", f"Not checked ({len(result.not_checked)})")
    return head + join(told) + more(len(result.not_checked), detail.others, "rules that were not checked")
