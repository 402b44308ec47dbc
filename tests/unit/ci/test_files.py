"""The files that CI systems read: workflows by actionlint, the rest by what each system says of its form."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from chaosmesh.cli.program import Program, program
from chaosmesh.errors import ExitCode
from chaosmesh.runtime.toxiproxy.install import go_on_path, toolchain
from tests.conftest import ROOT

MODULE = ROOT / "tests" / "tools" / "actionlint"
BUILD_LIMIT = 600


def yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


def checked(line: str) -> None:
    """A command line of ours: the command is there, and it knows its options."""
    name, command, *words = shlex.split(line)
    assert name == "chaosmesh"
    assert isinstance(program, Program)
    found = program.get_command(click.Context(program), command)
    assert found is not None, command
    known = {option for one in found.params for option in one.opts}
    assert {one.partition("=")[0] for one in words if one.startswith("--")} <= known, line


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the pinned module; without Go it is skipped here, and Go is fetched in CI."""
    if go_on_path() is None and os.environ.get("CI") != "true":
        pytest.skip("Go is not installed; get it with: apt-get install golang-go (1.23 or newer)")
    work = tmp_path_factory.mktemp("actionlint")
    go, environment = toolchain(work)
    shutil.copytree(MODULE, work / "module")
    target = work / "actionlint"
    command = [str(go), "build", "-o", str(target), "github.com/rhysd/actionlint/cmd/actionlint"]
    done = subprocess.run(
        command, cwd=work / "module", env=environment, capture_output=True, text=True, timeout=BUILD_LIMIT
    )
    assert done.returncode == 0, done.stderr
    return target


def linted(actionlint: Path, folder: Path) -> str:
    done = subprocess.run(
        [str(actionlint), "-no-color", "-shellcheck=", "-pyflakes="],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def checkout(folder: Path) -> Path:
    """What actionlint looks at, in a repository of its own."""
    shutil.copytree(ROOT / ".github", folder / ".github")
    shutil.copyfile(ROOT / "action.yml", folder / "action.yml")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def test_actionlint_finds_nothing_in_the_workflows(actionlint, tmp_path):
    assert linted(actionlint, checkout(tmp_path / "repo")) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("documents: fixtures/airport", "document: fixtures/airport", "document"),
        ("steps.gate.outputs.exit-code", "steps.gate.outputs.verdict", "verdict"),
        ("runs-on:", "run-on:", "run-on"),
        ('cron: "23 2 * * *"', 'cron: "61 2 * * *"', "61"),
    ],
)
def test_actionlint_sees_what_is_broken(actionlint, tmp_path, old, new, words):
    folder = checkout(tmp_path / "repo")
    file = folder / ".github" / "workflows" / "nightly.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert words in linted(actionlint, folder)


def test_the_action_is_composite_and_uses_what_it_declares():
    action = yaml(ROOT / "action.yml")
    text = (ROOT / "action.yml").read_text()
    assert action["runs"]["using"] == "composite"
    for one in action["runs"]["steps"]:
        assert "uses" in one or {"run", "shell"} <= one.keys(), one
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    for one in action["inputs"].values():
        assert {"description", "default"} <= one.keys()
    for name, one in action["outputs"].items():
        assert one["value"] == f"${{{{ steps.run.outputs.{name} }}}}"
        assert f'echo "{name}=' in text


def test_no_input_gets_into_a_shell_but_by_the_environment():
    for one in yaml(ROOT / "action.yml")["runs"]["steps"]:
        assert "${{" not in one.get("run", "")


def test_the_action_s_own_shell_runs_the_gate_and_keeps_its_exit_code(tmp_path):
    """The step as bash runs it, around a command that only notes what it was given."""
    (step,) = [one for one in yaml(ROOT / "action.yml")["runs"]["steps"] if one.get("id") == "run"]
    command = tmp_path / "chaosmesh" / "bin" / "chaosmesh"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/bash\nprintf "%s\\n" "$@" >"$RUNNER_TEMP/given"\nexit 3\n')
    command.chmod(0o755)
    given = {"COMMAND": "gate", "DOCUMENTS": "a b/*.json", "ARGUMENTS": "--budget 5m", "RUNS": "runs"}
    own = {
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], env=given | own, cwd=tmp_path)
    assert done.returncode == 3
    words = (tmp_path / "given").read_text().split("\n")
    assert words[:5] == ["gate", "a", "b/*.json", "--runs", "runs"]
    assert words[-3:-1] == ["--budget", "5m"] or "--budget" in words
    assert "exit-code=3\n" in (tmp_path / "output").read_text()
    wrong = subprocess.run(["bash", "-c", step["run"]], env=given | own | {"COMMAND": "rm"}, cwd=tmp_path)
    assert wrong.returncode == 2


WORDS = {"stages", "include", "default", "variables", "workflow", "image", "cache"}
"""Keywords that stand where jobs do."""

KEYS = {
    "after_script",
    "allow_failure",
    "artifacts",
    "before_script",
    "cache",
    "extends",
    "image",
    "needs",
    "rules",
}
KEYS |= {"script", "services", "stage", "tags", "timeout", "variables", "interruptible", "retry", "parallel"}
"""Keys of a job (GitLab's CI/CD YAML syntax reference)."""


def test_the_gitlab_example_has_the_form_of_a_pipeline():
    found = yaml(ROOT / "docs" / "examples" / "gitlab-ci.yml")
    jobs = {name: one for name, one in found.items() if name not in WORDS}
    for name, one in jobs.items():
        assert set(one) <= KEYS, name
        assert one.get("stage") is None or one["stage"] in found["stages"]
        assert "extends" not in one or one["extends"] in jobs
        assert name.startswith(".") or one.get("script")
        for line in (*one.get("script", ()), *one.get("before_script", ())):
            if line.startswith("chaosmesh "):
                checked(line)
    gate = jobs["gate"]
    assert gate["artifacts"]["reports"] == {"junit": "junit.xml"}
    assert "--junit junit.xml" in gate["script"][0]
    assert gate["allow_failure"]["exit_codes"] == [int(ExitCode.UNDECIDED)]
    assert len([*gate["cache"]]) <= 4


def test_the_commands_of_workflows_are_commands():
    for file in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for job in yaml(file)["jobs"].values():
            assert job["timeout-minutes"] <= 120
            for one in job["steps"]:
                if one.get("run", "").startswith("chaosmesh "):
                    checked(one["run"])


def test_the_pre_commit_hook():
    (hook,) = yaml(ROOT / ".pre-commit-hooks.yaml")
    assert {"id", "name", "entry", "language"} <= hook.keys()
    checked(hook["entry"])
    names = re.compile(hook["files"])
    assert [one for one in ("a/b.json", "c.yaml", "d.yml") if not names.search(one)] == []
    assert not names.search("README.md")
    assert hook["pass_filenames"] is False, "one document alone has references that lead nowhere"
