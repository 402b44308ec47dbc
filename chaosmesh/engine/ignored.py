"""Keys of the scenario file that are accepted but not acted on: said, never passed over in silence."""

from __future__ import annotations

from chaosmesh.documents.scenario import Scenario

WHOLE = ("externals", "faults", "gate")
OF_WORKLOADS = ("image", "command", "port", "env")


def ignored_keys(scenario: Scenario) -> list[str]:
    """The written keys that have no effect on a verification, in the order of the file's documentation."""
    written = scenario.model_fields_set
    found = [key for key in WHOLE if key in written]
    for name, part in scenario.workloads.items():
        found += [f"workloads.{name}.{key}" for key in OF_WORKLOADS if key in part.model_fields_set]
    if scenario.slo is not None and scenario.slo.amplification is not None:
        found.append("slo.amplification")
    found += [f"load.mix[{i}].entry" for i, one in enumerate(scenario.load.mix) if one.entry is not None]
    return found
