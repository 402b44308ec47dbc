"""What the caller of a verification may choose."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.engine.traces import Choice
from chaosmesh.runtime.kinds import Kind


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of `chaosmesh verify`.

    `only`: patterns (shell style) on ids of checks and cells; `quick`: no cell takes longer than a few
    seconds and what takes long to see is left out; `budget_s`: seconds for the whole run; `cure`: try a
    one-line change against the first weak cell; `tolerant`: what is undecided does not fail the run;
    `workers`: processes that send the load, `workers_bind`: HOST:PORT where they join from other machines;
    `runtime`: where the mesh runs; `traces`: which tracer the sidecars use (default: the scenario's);
    `beside`: claims of other runs that share one error budget with this one.
    """

    profile: str = "appmesh"
    seed: int | None = None
    only: tuple[str, ...] = ()
    quick: bool = False
    budget_s: float | None = None
    fail_fast: bool = False
    strict: bool = False
    cure: bool = True
    tolerant: bool = False
    workers: int = 1
    workers_bind: str = ""
    runtime: Kind = "process"
    traces: Choice | None = None
    beside: int = 0
