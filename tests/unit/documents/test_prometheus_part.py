"""The scenario's `prometheus:`."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.documents.metrics_part import Prometheus
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.errors import DocumentError


def read(folder: Path, text: str) -> Prometheus:
    file = folder / "chaosmesh.yaml"
    file.write_text(text)
    return load_scenario(file).prometheus


@pytest.mark.parametrize(
    ("text", "on", "interval"),
    [
        ("name: x", False, 1.0),
        ("prometheus: true", True, 1.0),
        ("prometheus: false", False, 1.0),
        ("prometheus:", False, 1.0),
        ("prometheus: {interval: 250ms}", True, 0.25),
        ("prometheus: {enabled: false, interval: 2s}", False, 2.0),
    ],
)
def test_whoever_writes_about_it_wants_it(tmp_path, text, on, interval):
    found = read(tmp_path, text)
    assert (found.enabled, found.interval) == (on, interval)


@pytest.mark.parametrize(
    "text",
    ["prometheus: {interval: 50ms}", "prometheus: {interval: 1}", "prometheus: 5", "prometheus: {port: 1}"],
)
def test_what_makes_no_sense_has_a_place(tmp_path, text):
    with pytest.raises(DocumentError) as error:
        read(tmp_path, text)
    assert "chaosmesh.yaml:1:" in str(error.value)
