"""How a session ends: everything stopped, nothing left, and an exit code that says how.

4: the keeper was lost; 5: a limit of the scenario; 130: Ctrl-C; 1: something was left behind.
"""

from __future__ import annotations

from typing import Any

import pytest

from chaosmesh.pytest_plugin.state import State, state_of

INTERRUPTED = 130
LEFT = "chaosmesh_left"
"""Key under which a worker of xdist tells its controller."""


def heard(config: pytest.Config, report: pytest.TestReport) -> None:
    """A report came in, perhaps from a worker of xdist."""
    state = state_of(config)
    state.ran = state.ran or getattr(report, "chaosmesh_ran", False)
    if rows := getattr(report, "chaosmesh_rows", None):
        state.rows[f"{report.nodeid} {getattr(report, 'worker_id', '')}".strip()] = rows
    if end := getattr(report, "chaosmesh_end", None):
        state.code = state.code or int(end[0])
        if end[1] not in state.why:
            state.why.append(end[1])
        _stop_workers(config, end[1])


def _stop_workers(config: pytest.Config, why: str) -> None:
    controller: Any = config.pluginmanager.get_plugin("dsession")
    if controller is not None:
        controller.shouldstop = controller.shouldstop or why


def finish(session: pytest.Session) -> None:
    """End every mesh; set the exit code."""
    state = state_of(session.config)
    close(session.config)
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[LEFT] = list(state.left)
    session.exitstatus = _code(state, int(session.exitstatus))


def _code(state: State, status: int) -> int:
    if state.interrupted and state.ran:
        return INTERRUPTED
    if state.code:
        return state.code
    return 1 if state.left and not status else status


def worker_down(node: Any) -> None:
    """What a worker could not clean up is an error of the session."""
    state_of(node.config).left += getattr(node, "workeroutput", {}).get(LEFT, [])


def close(config: pytest.Config) -> None:
    """End every mesh; what is still there afterwards is noted."""
    state = state_of(config)
    meshes, state.meshes = state.meshes, None
    if meshes is not None:
        state.left += meshes.close()
        state.said += meshes.said
