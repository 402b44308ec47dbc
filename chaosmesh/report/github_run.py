"""A verification in GitHub Actions: a step summary, and annotations on the lines of the documents."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from chaosmesh.engine.events import Event, RunFinished
from chaosmesh.mesh import Mesh
from chaosmesh.report import github_summary
from chaosmesh.report.github import commands, of_verify

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Where GitHub says which file the summary goes to."""


class GitHubRun:
    """Consumer that tells GitHub about the finished run. Commands go to `log`, which GitHub reads as it does stdout."""

    def __init__(self, mesh: Mesh, log: TextIO) -> None:
        self._mesh = mesh
        self._log = log

    def __call__(self, event: Event) -> None:
        """Tell of the finished run; other events are of no concern."""
        if isinstance(event, RunFinished):
            tell(
                commands(of_verify(event.result)),
                github_summary.of_verify(event.result, self._mesh),
                self._log,
            )

    def close(self) -> None:
        """Nothing is held open."""


def tell(annotations: str, blocks: list[str], log: TextIO) -> None:
    """Annotations into the log, blocks into the step summary, where there is one."""
    log.write(annotations)
    log.flush()
    if target := os.environ.get(SUMMARY):
        github_summary.append_summary(Path(target), blocks)
