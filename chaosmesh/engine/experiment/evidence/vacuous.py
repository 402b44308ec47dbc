"""Why a claim found nothing to count: a claim that nothing could break is not held."""

from __future__ import annotations

from collections.abc import Mapping

from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Measure

_NOTHING: Mapping[Measure, str] = {
    "spacing": "no call was tried again, so there is no spacing to see",
    "cutoff": "no timeout ended anything, so there is no cut-off to see",
    "sticky": "none of these requests came along the edge",
    "ejected": "it got no attempt at all, or no fault began while it was watched",
    "returned": "it was never left out, or nothing was healed while it was watched",
    "recovery": "nothing was healed while it was watched: the load needs a phase after the fault",
    "shift": "no policy came into force while it was watched",
    "promql": "the query was never asked: its phase did not come",
}


def nothing_counted(question: Question) -> str:
    """In words, what was missing."""
    one = question.requirement
    if question.connections:
        return "the edge carries connections (TCP), which belong to no request: nothing on it can be counted"
    if one.measure in _NOTHING:
        return _NOTHING[one.measure]
    where = "no call was made on the edge" if question.paths else "no request was sent"
    of = f" of {one.of}" if one.of else ""
    during = f" during {one.during}" if one.during else ""
    return f"nothing was counted: {where}{of}{during}"
