"""What is kept of a server: every sample, once, and as OpenMetrics text."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from chaosmesh.cli.program import program
from chaosmesh.engine.metrics import dump
from chaosmesh.errors import UsageError
from chaosmesh.runtime.prometheus import Series, Target

ONE = Series({"__name__": "x_total", "node": 'a "b"'}, tuple((float(at), at * 0.1) for at in range(1, 301)))
TWO = Series({"__name__": "envoy_appmesh_RequestCount", "Mesh": "m"}, ((1.0, 1.0), (2.5, float("inf"))))


class WrittenClient:
    """Gives both ends of a range, as servers before Prometheus 3 do."""

    async def raw(self, selector: str, begin: float, end: float) -> list[Series]:
        found = ONE if "sidecar" in selector else TWO
        samples = tuple(one for one in found.samples if begin <= one[0] <= end)
        return [Series(found.labels, samples)] if samples else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = asyncio.run(dump.dump(WrittenClient(), [Target("sidecar", "1.2.3.4:9901")], 0, 300, tmp_path))  # type: ignore[arg-type]
    assert [one.labels["__name__"] for one in kept] == ["envoy_appmesh_RequestCount"]
    return tmp_path


def test_every_sample_is_kept_once(folder: Path):
    assert dump.read(folder) == [TWO, ONE]


def test_openmetrics_text_is_read_back(folder: Path):
    text = "".join(dump.openmetrics(dump.read(folder)))
    assert text.endswith("# EOF\n")
    families = {one.name: one for one in text_string_to_metric_families(text)}
    assert families["x_total"].samples[0].labels == {"node": 'a "b"'}
    assert [(float(one.timestamp), one.value) for one in families["x_total"].samples[:2]] == [
        (1.0, 0.1),
        (2.0, 0.2),
    ]


def test_promtool_makes_blocks_of_it(folder: Path, tmp_path: Path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    file = tmp_path / "metrics.txt"
    file.write_text("".join(dump.openmetrics(dump.read(folder))))
    done = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", file, tmp_path / "blocks"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_without_a_server_is_told_so(tmp_path: Path):
    with pytest.raises(UsageError, match=r"no metrics\.parquet") as error:
        dump.read(tmp_path)
    assert "--prometheus" in error.value.hint


def run(*words: object) -> object:
    return CliRunner().invoke(program, ["metrics", *map(str, words)], standalone_mode=False)


def test_the_command_lists_exports_and_makes_a_dashboard(folder: Path, tmp_path: Path):
    listed = CliRunner().invoke(program, ["metrics", str(folder)])
    assert "x_total  1 series, 300 samples" in listed.output
    for name in ("out.parquet", "out.txt"):
        done = CliRunner().invoke(program, ["metrics", str(folder), "--export", str(tmp_path / name)])
        assert done.exit_code == 0
        assert (tmp_path / name).stat().st_size
    done = CliRunner().invoke(program, ["metrics", "--grafana", str(tmp_path / "grafana.json")])
    assert done.exit_code == 0
    assert "panels" in (tmp_path / "grafana.json").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "which run"), (("--export", "x.txt"), "which run"), ((".", "--export", "x.xls"), "of which kind")],
)
def test_what_can_not_be_done_is_said(words, said):
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(program, ["metrics", *words], standalone_mode=False, catch_exceptions=False)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    for folder, said in (
        (tmp_path / "nowhere", "there is no folder"),
        (tmp_path, "holds runs and is none itself"),
    ):
        with pytest.raises(UsageError, match=said):
            dump.read(folder)
    with pytest.raises(UsageError, match=r"has no metrics\.parquet"):
        dump.read(tmp_path / "latest")
