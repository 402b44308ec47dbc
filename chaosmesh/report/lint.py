"""Findings of lint for people: the worst first, each with its line of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chaosmesh.appmesh.lint import Finding
from chaosmesh.report.errors import excerpt
from chaosmesh.report.words import clean, count

_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}
_DIM, _RESET = "\x1b[2m", "\x1b[0m"


def shown(findings: Sequence[Finding], *, color: bool = False) -> str:
    """All findings and a line that counts them."""
    return "\n".join([*(_finding(one, color=color) for one in findings), summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """ "1 error, 2 warnings", or that there is nothing."""
    numbers = Counter(one.rule.severity for one in findings)
    parts = [count(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
    return ", ".join(parts) if parts else "nothing found"


def _finding(one: Finding, *, color: bool) -> str:
    severity = one.rule.severity
    place = f"{clean(str(one.where))}: "
    word = f"{_STYLES[severity]}{severity}{_RESET}" if color else severity
    rule = f"[{one.rule.id}]"
    lines = [
        f"{place}{word} {clean(one.resource)} {clean(one.message)}",
        *excerpt(one.where, color=color),
        f"    → {clean(one.hint)} {_DIM + rule + _RESET if color else rule}",
    ]
    return "\n".join(lines)
