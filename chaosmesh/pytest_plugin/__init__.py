"""The pytest plugin: a marker, the fixture `mesh`, and what a session says about its experiments.

Everything else of chaosmesh is imported by the first test that asks for a mesh.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from chaosmesh.pytest_plugin import ends, options, reports, table
from chaosmesh.pytest_plugin.fixture import mesh
from chaosmesh.pytest_plugin.options import MARKER
from chaosmesh.pytest_plugin.state import state_of

__all__ = ["mesh"]

_WORDS = {
    "inconclusive": ("failed", "U", "INCONCLUSIVE"),
    "invalid": ("error", "I", "INVALID"),
    "stopped": ("failed", "L", "STOPPED"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options `--chaos-…`, and the same in the ini file as `chaosmesh_…`."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*documents, variables=None, profile=None, seed=None, scenario=None, traces=None, runtime=None): "
        "the App Mesh documents that the fixture `mesh` runs",
    )
    options.validate(config)
    config.pluginmanager.register(_Listener(config), "chaosmesh-listener")


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """One line, only when there are experiments."""
    count = sum(one.get_closest_marker(MARKER) is not None for one in items)
    if not count:
        return None
    state_of(config).announced = True
    return f"chaosmesh: {count} experiment{'s' * (count != 1)}; {options.summary(config)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The evidence of a failed test, its own word for undecided, and the rows of the table."""
    if item.get_closest_marker(MARKER) is None:
        return (yield)
    reports.from_outside(call)
    reports.without_program(call)
    report = yield
    reports.told(item, call, report)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """`inconclusive` is a failure and `invalid` an error, each under its own word."""
    return _WORDS.get(getattr(report, "chaosmesh_word", ""))


class _Listener:
    """What a session learns of its tests' reports, those of xdist's workers included, and of Ctrl-C."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ends.heard(self._config, report)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest makes interrupts of other ends too; those are of a class of their own
        state_of(self._config).interrupted |= excinfo.type is KeyboardInterrupt


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the last teardown: end every mesh, prove that nothing is left, and say how it ended."""
    ends.finish(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 (xdist's name for it)
    """A worker of xdist has ended: what it could not clean up."""
    ends.worker_down(node)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of all expectations."""
    table.show(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was kept warm, if the session ended before its end."""
    ends.close(config)
