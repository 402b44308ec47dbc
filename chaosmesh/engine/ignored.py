"""Keys of the scenario file that a verification does not act on: said, never passed over in silence."""

from __future__ import annotations

from chaosmesh.documents.scenario import Scenario

WHOLE = ("faults",)
OF_EXPERIMENTS = ("locustfile", "shape")
"""Forms of load that experiments send; a verification needs the same rate in every cell."""


def notes(scenario: Scenario, rate: float) -> list[str]:
    """A line for what nobody acts on yet, and one for load that is not what a verification sends (`rate` requests/s)."""
    ignored = ignored_keys(scenario)
    found = [f"not acted on yet: {', '.join(ignored)}"] if ignored else []
    found += [
        f"load.{key} is for experiments: verify sends {rate:g} requests a second, all the time"
        for key in OF_EXPERIMENTS
        if getattr(scenario.load, key) is not None
    ]
    return [f"{scenario.place().file}: {one}" for one in found]


def ignored_keys(scenario: Scenario) -> list[str]:
    """The written keys that have no effect on a verification, in the order of the file's documentation."""
    written = scenario.model_fields_set
    found = [key for key in WHOLE if key in written]
    if scenario.slo is not None and scenario.slo.amplification is not None:
        found.append("slo.amplification")
    found += [f"load.mix[{i}].entry" for i, one in enumerate(scenario.load.mix) if one.entry is not None]
    return found
