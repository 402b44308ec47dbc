"""Findings of lint for people: the worst first, each with its line of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chaosmesh.appmesh.lint import Finding
from chaosmesh.report.errors import hinted
from chaosmesh.report.excerpt import excerpt
from chaosmesh.report.screen import PLAIN, Screen
from chaosmesh.report.words import clean, count

_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}


def shown(findings: Sequence[Finding], screen: Screen = PLAIN) -> str:
    """All findings and a line that counts them."""
    return "\n".join([*(_finding(one, screen) for one in findings), summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """ "1 error, 2 warnings", or that there is nothing."""
    numbers = Counter(one.rule.severity for one in findings)
    parts = [count(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
    return ", ".join(parts) if parts else "nothing found"


def _finding(one: Finding, screen: Screen) -> str:
    severity = one.rule.severity
    head = f"{clean(str(one.where))}: {severity}"
    text = screen.wrapped(f"{head} {clean(one.resource)} {clean(one.message)}", 4)
    if text.startswith(head):
        painted = screen.paint(severity, _STYLES[severity])
        text = head.removesuffix(severity) + painted + text.removeprefix(head)
    rule = f"[{one.rule.id}]"
    return "\n".join([text, *excerpt(one.where, screen), *hinted(f"{one.hint} {rule}", screen)])
