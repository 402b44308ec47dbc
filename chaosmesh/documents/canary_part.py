"""The scenario's `canary:`: a shift of weights, step by step."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part

Percent = Annotated[int, Field(ge=1, le=100)]


class CanaryStep(Part):
    """One step: the share of the new version (per cent), for how long it is watched at least (`bake`), and claims of
    its own instead of the plan's."""

    weight: Percent
    bake: Duration | None = None
    claims: dict[str, str] | None = None


def _step(value: Any) -> Any:
    return {"weight": value} if isinstance(value, int) and not isinstance(value, bool) else value


DEFAULT_STEPS = (CanaryStep(weight=10), CanaryStep(weight=25), CanaryStep(weight=50), CanaryStep(weight=100))
DEFAULT_CLAIMS = {"success": "at least stable - 5 %"}
"""To show 5 points takes about 120 calls of the new version, 1 point about 600: more than a first step's `hold` of
10 % of 200 requests/s brings."""


class Canary(Part):
    """A shift of a route's weights to the node `to`, taken back at once when a claim breaks.

    `claims`: name → "at least …" or "at most …" a bound: a number, a share, a duration, or `stable`, which is what
    the other targets of the route show meanwhile ("at least stable - 5 %", which is the default for `success`, or
    "at most stable x 1.5 + 20ms"). `bake`: how long each step is watched at least; `hold`: for how long at most while its claims are undecided. `back`: "manual" leaves
    the weights of a broken step in force, for a look at it.
    """

    route: str
    to: str
    steps: Annotated[
        tuple[
            Annotated[CanaryStep, BeforeValidator(_step, json_schema_input_type=CanaryStep | Percent)], ...
        ],
        Field(min_length=1),
    ] = DEFAULT_STEPS
    bake: Duration = 2.0
    hold: Duration = 30.0
    claims: Annotated[dict[str, str], Field(min_length=1)] = DEFAULT_CLAIMS
    back: Literal["automatic", "manual"] = "automatic"

    @model_validator(mode="after")
    def _upwards(self) -> Canary:
        weights = [one.weight for one in self.steps]
        if any(late <= early for early, late in itertools.pairwise(weights)):
            shown = ", ".join(map(str, weights))
            raise ValueError(
                f"steps {shown} don't rise; each step takes more of the traffic than the one before"
            )
        return self
