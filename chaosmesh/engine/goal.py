"""What users should feel: the scenario's `slo:`, or 99 % success and p99 ≤ 1 s where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.documents.scenario import Scenario
from chaosmesh.judge import Requirement, at_least, at_most, requirements

SUCCESS = 0.99
P99_S = 1.0


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds of a cell. `declared`: the scenario names them, so that a weak cell fails the run."""

    success: float
    p99_s: float
    declared: bool

    @classmethod
    def of(cls, scenario: Scenario) -> Goal:
        """From the scenario file."""
        slo = scenario.slo
        if slo is None:
            return cls(SUCCESS, P99_S, declared=False)
        success = SUCCESS if slo.success is None else slo.success
        p99 = P99_S if slo.p99 is None else slo.p99
        return cls(success, p99, declared=True)

    @property
    def requirements(self) -> tuple[Requirement, Requirement]:
        """Success, then latency."""
        success, p99 = requirements(success=at_least(self.success), p99=at_most(f"{self.p99_s * 1000:g}ms"))
        return success, p99

    def __str__(self) -> str:
        bound = f"{self.p99_s:g} s" if self.p99_s >= 1 else f"{self.p99_s * 1000:g} ms"
        origin = "the scenario's slo" if self.declared else "the defaults"
        return f"{self.success * 100:g} % ok, p99 ≤ {bound}, {origin}"
