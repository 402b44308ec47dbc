"""The running meshes of a test session: started on first use, kept warm, shared by all who want the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chaosmesh.engine.experiment.happened import keep_events
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.record import document
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.experiment.view import experiment
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.summary import write_summary
from chaosmesh.engine.surroundings import keep_surroundings
from chaosmesh.errors import ChaosMeshError, EnvironmentFailedError, UsageError
from chaosmesh.runtime.kinds import Kind, require

MOST_WARM = 4
"""Meshes that stay up at once; the one that was used longest ago makes room."""

__all__ = ["Meshes", "experiment", "missing_tool", "record"]


class Meshes:
    """`of` gives a running mesh; `close` ends them all. `say` hears at once what should be known of one that runs."""

    def __init__(self, runs: Path, say: Callable[[str], None] = print) -> None:
        self.runs = runs
        self._say = say
        self.said: list[str] = []
        self._warm: dict[Wanted, LiveMesh] = {}

    def of(self, wanted: Wanted) -> LiveMesh:
        """The running mesh for these documents and this profile."""
        live = self._warm.pop(wanted, None)
        if live is None:
            while len(self._warm) >= MOST_WARM:
                self.drop(next(iter(self._warm.values())))
            live = LiveMesh(wanted, self.runs, self._say)
        self._warm[wanted] = live
        return live

    def settle(self, live: LiveMesh) -> None:
        """After a test: the mesh is as it was before, or nobody gets it any more."""
        try:
            calm = live.call(live.restore())
        except BaseException:
            self.drop(live)
            raise
        if not calm:
            self.drop(live)

    def warm(self, live: LiveMesh) -> bool:
        """Whether a mesh still runs."""
        return live in self._warm.values()

    def drop(self, live: LiveMesh) -> None:
        """End one mesh; the next who wants it gets a new one."""
        self._warm.pop(live.wanted, None)
        live.close()
        own = [text for text in live.own.notes if text not in self.said]
        self.said += [*own, *live.stack.traces.notes()]

    def close(self) -> list[str]:
        """End every mesh; what could not be ended or is still there."""
        left: list[str] = []
        for live in tuple(self._warm.values()):
            try:
                self.drop(live)
            except ChaosMeshError as error:
                left.append(str(error))
            left += live.remains()
        return left


def missing_tool(kind: Kind) -> str:
    """What is not here, with the command that gets it; nothing when all is there."""
    try:
        require(kind)
    except EnvironmentFailedError as error:
        return f"{error.message}; to mend it: {error.hint}"
    return ""


def unused(live: LiveMesh) -> UsageError | None:
    """The error for a fault that a test has made and never put in force, or load that it never sent: what it shows
    would hold without them."""
    found = live.unused()
    if not found:
        return None
    texts, hints = (
        dict.fromkeys(lines) for lines in zip(*((one.text, one.hint) for one in found), strict=True)
    )
    return UsageError("; ".join(texts), hint="; ".join(hints))


def keep_metrics(meshes: Meshes, live: LiveMesh, runs: Sequence[Run], folder: Path) -> None:
    """What was scraped while a test with claims in PromQL went on, beside its run.json. Of a mesh that has ended
    everything is in its own folder."""
    readings = [one for run in runs if run.facts for one in run.facts.readings]
    if readings and meshes.warm(live):
        since = min(one.begin_ns for one in readings) / 1e9
        live.call(live.stack.metrics.keep(folder, since, runs[0].ledger))


def sum_up(meshes: Meshes, live: LiveMesh, runs: Sequence[Run], folder: Path) -> None:
    """What a test told and what it ran on, in short, beside its run.json."""
    if meshes.warm(live):
        about = (live.resources, live.scenario, RunFolder(folder), runs[0].ledger)
        live.call(keep_surroundings(live.stack, *about))
    write_summary(folder)


def record(root: Path, name: str, test: str, runs: Sequence[Run], about: Mapping[str, object]) -> Path:
    """Write a test's runs into a folder of its own: run.json, the ledger they were judged by, and what happened."""
    folder = RunFolder.create(root, name)
    runs[0].ledger.write(folder.path)
    keep_events(folder.path, runs)
    folder.write_json("run.json", document(folder.path, {"test": test, **about}, runs))
    return folder.path
