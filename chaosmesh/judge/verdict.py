"""The four verdicts and which of several wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What is known about a check or claim."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"  # not enough evidence within the budget
    INVALID = "invalid"  # what was measured says nothing about the claim

    @property
    def decided(self) -> bool:
        """True when more evidence is not asked for."""
        return self in (Verdict.PASS, Verdict.FAIL)


_WORST_FIRST = (Verdict.FAIL, Verdict.INVALID, Verdict.INCONCLUSIVE, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of the whole: fail > invalid > inconclusive > pass.

    Nothing at all is `invalid`: a run that checked nothing has not passed.
    """
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.INVALID)
