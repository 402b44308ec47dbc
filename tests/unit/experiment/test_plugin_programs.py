"""A program that only some tests need: without it they are skipped, and fail where CI=true."""

from __future__ import annotations

import pytest

from chaosmesh.errors import MissingProgramError
from tests.unit.experiment.test_plugin import WrittenMeshes, outcome, project

__all__ = ["project"]
pytest_plugins = ["pytester"]

NEEDS = "from chaosmesh.errors import MissingProgramError; raise MissingProgramError('no such server', hint='get it')"


@pytest.mark.parametrize("where", ["in the test", "when the mesh starts"])
@pytest.mark.parametrize(("ci", "word"), [("", "skipped"), ("true", "failed")])
def test_a_missing_program_skips_and_fails_in_ci(project, monkeypatch, ci, word, where):
    monkeypatch.setenv("CI", ci)
    body = 'mesh.expect("pass")'
    if where == "in the test":
        body = NEEDS
    else:
        WrittenMeshes.started = MissingProgramError("no such server", hint="get it")
    result = outcome(project, body, "-rsfE")
    outcomes = result.parseoutcomes()
    assert "passed" not in outcomes
    if word == "skipped":
        assert outcomes == {"skipped": 1}
        result.stdout.fnmatch_lines(["*SKIPPED*test_*chaosmesh: no such server; to install it: get it*"])
    else:
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*chaosmesh: no such server; to install it: get it*"])
