"""Every example of the documentation is of a kind that some test runs, or says why it isn't; the typed ones are checked."""

from __future__ import annotations

import ast
import builtins
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

import chaosmesh
from tests.conftest import ROOT
from tests.examples import EXAMPLES, NOTES, Example, outputs, written_in
from tests.unit.example_names import GIVEN, wrapped

LANGUAGES = {"sh", "python", "yaml", "sql", "text", "json", "hcl", "ini"}
NOT_RUN = 20
"""So many examples at most may be left out of the tests; each says why."""


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_block_says_what_it_is(example: Example) -> None:
    assert example.language in LANGUAGES, "name the language of the block: text for what is no program"
    assert example.note in NOTES | {""}, f"<!-- {example.note} --> means nothing to the tests"
    if example.note in {"not run", "other", "needs", "with"}:
        assert example.why, "say why"


def test_few_examples_are_left_out() -> None:
    left_out = [f"{one}: {one.why}" for one in EXAMPLES if one.note == "not run"]
    assert len(left_out) <= NOT_RUN, "\n".join(left_out)


def test_an_output_has_its_command_right_above() -> None:
    assert outputs()
    for command, shown in outputs():
        assert command.page == shown.page, f"{shown}: the output of what?"
        assert command.language == "sh", f"{shown}: the output of what?"


@pytest.mark.parametrize("example", [one for one in written_in("yaml") if one.note != "other"], ids=str)
def test_a_scenario_file_keeps_to_its_schema(example: Example) -> None:
    document = YAML(typ="safe").load(example.text)
    if any(mark in example.text for mark in ("# wrong:",)):
        pytest.skip("shows a mistake; tests/unit/documents/test_scenario.py has its message")
    jsonschema.validate(document, json.loads((ROOT / "docs" / "scenario.schema.json").read_text()))


@pytest.mark.parametrize("example", written_in("python"), ids=str)
def test_python_names_only_what_it_says_or_what_is_given(example: Example) -> None:
    tree = ast.parse(example.text)
    bound = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    unknown = used - bound - set(dir(builtins)) - set(GIVEN) - set(chaosmesh.__all__)
    assert not unknown, f"where do {sorted(unknown)} come from?"


def test_python_examples_are_well_typed(tmp_path: Path) -> None:
    places = {}
    for number, example in enumerate(one for one in written_in("python") if one.note != "not run"):
        file = tmp_path / f"example_{number}.py"
        file.write_text(wrapped(example))
        places[file.name] = example
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--no-error-summary", "--check-untyped-defs"),
            *("--config-file", str(ROOT / "pyproject.toml"), "--no-strict-optional"),
            *(
                "--allow-untyped-defs",
                "--allow-untyped-calls",
                "--allow-incomplete-defs",
                "--ignore-missing-imports",
            ),
            *("--cache-dir", str(tmp_path / "cache"), *map(str, sorted(tmp_path.glob("*.py")))),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout
    for name, example in places.items():
        said = said.replace(f"{tmp_path}/{name}", f"{example} ({name})")
    assert ended.returncode == 0, said + ended.stderr
