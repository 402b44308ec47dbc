"""What a scenario asks for and a verification does not do is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.ignored import notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("load: {rate: 100, mix: [{path: /a}]}", []),
        (
            "load: {shape: {steps: [{rate: 50, for: 2s}]}}",
            ["load.shape is for experiments: verify sends 250"],
        ),
        ("load: {locustfile: users.py}", ["load.locustfile is for experiments: verify sends 250"]),
        ("gate: {verify: true}", []),
        (
            "faults: []\nload: {locustfile: users.py}",
            ["not acted on yet: faults", "load.locustfile is for experiments"],
        ),
    ],
)
def test_what_verify_does_not_do_is_one_line_each(text: str, said: list[str], tmp_path: Path) -> None:
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(f"name: x\n{text}\n")
    found = notes(load_scenario(file), 250.0)
    assert [one for one in found if not one.startswith(f"{file}: ")] == []
    assert len(found) == len(said)
    assert all(part in one for part, one in zip(said, found, strict=True)), found
