"""What a test's marker asks for, read before its mesh is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.pytest_plugin import options

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.inputs import Wanted

KNOWN = ("variables", "profile", "seed", "scenario", "traces", "runtime")
"""What a marker may say beside its documents."""


def wanted_by(request: pytest.FixtureRequest, marker: pytest.Mark) -> tuple[Wanted, tuple[Path, ...]]:
    """The mesh of a test, and the folders in which its paths are looked for; UsageError for what makes no sense."""
    from chaosmesh.engine.experiment.inputs import Wanted, located

    if odd := sorted(set(marker.kwargs) - set(KNOWN)):
        raise UsageError(f"the marker chaosmesh has no {', '.join(odd)}", hint=f"it has {', '.join(KNOWN)}")
    config = request.config
    folders = (config.rootpath, config.invocation_params.dir, request.node.path.parent)
    given = [one for arg in marker.args for one in (arg if isinstance(arg, list | tuple) else [arg])]
    scenario = marker.kwargs.get("scenario")
    variables = {**options.variables(config), **_variables(marker)}
    wanted = Wanted(
        tuple(located(_path(one), folders) for one in given),
        tuple(sorted(variables.items())),
        marker.kwargs.get("profile") or options.option(config, "profile"),
        None if scenario is None else located(_path(scenario), folders),
        int(options.option(config, "workers")),
        options.runtime(config, marker.kwargs.get("runtime")),
        options.traces(config, marker.kwargs.get("traces")),
    )
    return wanted, folders


def seed_of(config: pytest.Config, marker: pytest.Mark) -> int:
    """The marker's own seed, else the session's; UsageError for what is none."""
    seed = marker.kwargs.get("seed")
    if seed is None:
        return int(options.option(config, "seed"))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"the marker's seed={seed!r} is no whole number", hint="seed=7")
    return seed


def _variables(marker: pytest.Mark) -> dict[str, str]:
    given = marker.kwargs.get("variables") or {}
    if not isinstance(given, Mapping) or not all(
        isinstance(one, str | int | float) for one in given.values()
    ):
        raise UsageError(
            f"the marker's variables={given!r}: names with values", hint='variables={"ENV": "prod"}'
        )
    return {str(name): str(value) for name, value in given.items()}


def _path(given: object) -> str | Path:
    if not isinstance(given, str | Path) or not str(given):
        raise UsageError(f"the marker names {given!r}: no file, folder or glob", hint=options.EXAMPLE)
    return given
