"""`chaosmesh convert`: where files go, what is never overwritten, what outside callers read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.cli.program import run
from tests.conftest import ROOT

AIRPORT = str(ROOT / "fixtures/airport")


@pytest.mark.parametrize("target", ["api-json", "cloudformation", "kubernetes"])
def test_stdout_can_be_read_again(tmp_path, capsys, target):
    assert run(["convert", AIRPORT, "--to", target]) == 0
    shown = capsys.readouterr()
    file = tmp_path / ("all.json" if target == "api-json" else "all.yaml")
    file.write_text(shown.out)
    assert list(load([file]).virtual_nodes) == list(load([AIRPORT]).virtual_nodes)
    assert ("nothing is lost" in shown.err) == (target != "kubernetes")


def test_files_are_written_and_never_overwritten_unasked(tmp_path, capsys):
    out = tmp_path / "new" / "mesh"
    words = ["convert", AIRPORT, "--to", "api-json", "--out", str(out), "--json", "-"]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert sorted(answer) == ["losses", "written"]
    assert sorted(answer["written"]) == sorted(map(str, out.iterdir()))
    first = Path(answer["written"][0])
    first.write_text("mine")
    assert run(words) == 2
    assert "--force" in capsys.readouterr().err
    assert first.read_text() == "mine"
    assert run([*words, "--force"]) == 0
    assert first.read_text() != "mine"


def test_losses_are_data_and_lines(tmp_path, capsys):
    file = tmp_path / "losses.json"
    assert (
        run(["convert", AIRPORT, "--to", "kubernetes", "--out", str(tmp_path / "k"), "--json", str(file)])
        == 0
    )
    losses = json.loads(file.read_text())["losses"]
    lines = [one for one in capsys.readouterr().err.splitlines() if one.startswith("loss: ")]
    assert len(lines) == len(losses) > 0
    for one in losses:
        assert sorted(one) == ["field", "file", "line", "reason", "resource"]
        assert f"{one['file']}:{one['line']}:" in "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "istio"], "istio"),
        (["--to", "kubernetes", "--json", "-"], "stdout"),
        (["--to", "kubernetes", "--out", str(ROOT / "pyproject.toml")], "can't be written"),
        ([], "--to"),
    ],
)
def test_wrong_words_end_with_2(capsys, words, said):
    assert run(["convert", AIRPORT, *words]) == 2
    assert said in capsys.readouterr().err
