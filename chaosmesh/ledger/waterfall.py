"""A story as lines of text: a tree of steps on the left, their time as bars on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from chaosmesh.ledger.story import Step, Story

Look = Literal["well", "failed", "mended", "plain"]
"""`mended`: an attempt that failed, of a call that went well all the same."""

WIDTH: Final = 100
BAR: Final = "━"
_LABEL: Final = 0.45
_LEAST: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One line: label, bar and facts, each padded to its column, and how it looks."""

    label: str
    bar: str
    facts: str
    look: Look

    def __str__(self) -> str:
        return f"{self.label}  {self.bar}  {self.facts}".rstrip()


def head(story: Story) -> Iterator[tuple[str, Look]]:
    """What is said above the tree."""
    root = story.root
    answer = str(root.status or "no answer") + _grpc(root)
    tries = f"{story.attempts} attempt{'s' * (story.attempts != 1)}"
    look: Look = "well" if story.ok else "failed"
    yield f"{story.request_id}  {answer} after {_ms(root.duration_ms)}, {tries}", look
    if story.cause:
        yield f"cause  {story.cause}", "failed"
    for number, one in enumerate(story.faults, 1):
        yield f"fault {number}  {one}", "plain"
    if story.trace_id:
        yield f"trace  {story.trace_id}, {len(story.spans)} spans", "plain"
    else:
        yield "trace  none: no tracer told of it; from the access logs alone", "plain"
    for one in story.missing:
        yield f"lacks  {one}", "plain"


def rows(story: Story, width: int = WIDTH, bar: str = BAR) -> list[Row]:
    """The tree, as wide as that many columns where facts allow."""
    steps = list(story.root.walk())
    labels = [_label(depth, one) for depth, one in steps]
    facts = [_facts(one) for _, one in steps]
    label = min(max(map(len, labels)), int(width * _LABEL))
    timing = max(len(one.partition("  ")[0]) for one in facts)
    space = max(width - label - timing - 24, _LEAST)
    begin = min(one.start_ns for _, one in steps)
    end = max(one.end_ns for _, one in steps)
    hidden = mended(story.root)
    return [
        Row(
            _cut(text, label).ljust(label),
            _bar(one, begin, end, space, bar),
            fact,
            look_of(one, mended=id(one) in hidden),
        )
        for (_, one), text, fact in zip(steps, labels, facts, strict=True)
    ]


def plain(story: Story, width: int = WIDTH, bar: str = BAR) -> str:
    """The whole of it without colours."""
    return "\n".join([*(text for text, _ in head(story)), *map(str, rows(story, width, bar))])


def _label(depth: int, step: Step) -> str:
    words = {
        "client": "client",
        "ingress": f"{step.where} in",
        "app": f"{step.where} application",
        "call": step.where,
        "attempt": f"#{step.attempt} {step.where}",
    }
    return "  " * depth + words[step.kind]


def _facts(step: Step) -> str:
    answer = str(step.status or "–") + _grpc(step)
    flags = [",".join(step.flags)] if step.flags else []
    tries = [f"{step.attempt} attempts"] if step.kind == "call" and step.attempt > 1 else []
    return "  ".join([_ms(step.duration_ms), answer, *flags, *tries, *step.notes])


def _bar(step: Step, begin: int, end: int, space: int, sign: str) -> str:
    whole = max(end - begin, 1)
    first = min(int((step.start_ns - begin) / whole * space), space - 1)
    last = max(int((step.end_ns - begin) / whole * space), first + 1)
    return (" " * first + sign * (min(last, space) - first)).ljust(space)


def mended(root: Step) -> set[int]:
    """Steps at or below an attempt that failed, of a call that went well."""
    found: set[int] = set()
    for _, call in root.walk():
        for attempt in call.steps if call.kind == "call" and call.ok else ():
            if not attempt.ok:
                found |= {id(one) for _, one in attempt.walk()}
    return found


def look_of(step: Step, *, mended: bool) -> Look:
    """How a step looks; `mended`: it is one of those that `mended` found."""
    if mended:
        return "mended"
    return "well" if step.ok else "failed"


def _grpc(step: Step) -> str:
    return "" if step.grpc_status is None else f" grpc {step.grpc_status}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
