"""What marks everything of a run in the engine."""

from __future__ import annotations

from chaosmesh.runtime import procs

RUN, OWNER, PART = "chaosmesh", "chaosmesh.owner", "chaosmesh.part"


def of(run: str, part: str = "") -> dict[str, str]:
    """The labels of something that belongs to a run; `part` is the name of a container's part."""
    return {RUN: run, OWNER: procs.identity(), **({PART: part} if part else {})}
