"""The walkthrough howto-k8s-envoy-logging-custom-format: each node's own format, in its log of the run folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import load

from .asking import ask
from .outside import until
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

FRONT, BLUE = (f"{one}_howto-k8s-envoy-logging-custom-format" for one in ("front", "blue"))


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    file = corpus / "walkthroughs/howto-k8s-envoy-logging-custom-format/manifest.yaml.template"
    with stage(policy(load([file])), tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


def lines(demo: Stage, node: str, marker: str) -> list[str]:
    """Lines that the sidecars of a node wrote in its own format: to their standard output, as is written."""
    return [
        line
        for file in demo.stack.folder.logs.glob(f"*{node}*.log")
        for line in file.read_text().splitlines()
        if marker in line
    ]


def test_a_request_leaves_a_line_of_text_at_the_front_and_one_of_json_at_blue(demo: Stage) -> None:
    assert ask(demo, FRONT).status == 200
    # The front's sidecar tells of what came in and of what went out.
    until(lambda: "" if len(lines(demo, FRONT, "texttesting")) >= 2 else "no line of the front", 60)
    until(lambda: "" if lines(demo, BLUE, "jsontesting") else "no line of blue", 60)
    for line in lines(demo, FRONT, "texttesting"):
        assert re.fullmatch(r"texttestingtesting HTTP/1\.1:\d+", line)
    for line in lines(demo, BLUE, "jsontesting"):
        assert json.loads(line) == {"protocol": "jsontestingtesting HTTP/1.1"}
