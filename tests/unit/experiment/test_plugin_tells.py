"""What should be known at once is on the terminal while the test still runs, whatever takes its output."""

from __future__ import annotations

import pytest

from tests.unit.experiment.test_plugin import WrittenMeshes, outcome, project

__all__ = ["project"]

pytest_plugins = ["pytester"]
LINE = "open files: at 2,000 requests/s the sidecar of front may need 32,200"


@pytest.mark.parametrize("options", [(), ("-s",), ("-p", "no:capture"), ("-v",)])
def test_a_line_is_told_before_the_test_has_ended(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(WrittenMeshes, "noted", [LINE])
    result = outcome(project, 'print("then it runs"); mesh.expect("pass")', *options)
    result.assert_outcomes(passed=1)
    lines = [one for one in result.outlines if one.startswith("chaosmesh: open files")]
    assert lines == [f"chaosmesh: {LINE}"]
    done = next(at for at, one in enumerate(result.outlines) if "passed" in one or "PASSED" in one)
    assert result.outlines.index(lines[0]) < done


def test_a_worker_of_xdist_tells_it_as_a_warning(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WrittenMeshes, "noted", [LINE])
    project.makepyfile('import pytest\n@pytest.mark.chaosmesh("docs")\ndef test_it(mesh):\n    pass\n')
    run = project.inline_run("-p", "no:locust", "-p", "no:terminal")
    told = [str(call.warning_message.message) for call in run.getcalls("pytest_warning_recorded")]
    assert f"chaosmesh: {LINE}" in told
