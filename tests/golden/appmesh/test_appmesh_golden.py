"""What App Mesh documents become in our own policy model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.profiles import PROFILES
from chaosmesh.appmesh.translate import translate

HERE = Path(__file__).parent
CASES = sorted(one.name.removesuffix(".in.yaml") for one in HERE.glob("*.in.yaml"))


def short(value: Any) -> Any:
    """Places as `file:line:column`; nothing that nobody wrote."""
    if isinstance(value, dict):
        if set(value) == {"file", "line", "column"}:
            return f"{value['file']}:{value['line']}:{value['column']}"
        return {k: short(v) for k, v in value.items() if v is not None and v is not False and v not in ((), {}, "")}
    return [short(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", CASES)
def test_documents_become_what_the_golden_file_says(name, golden, monkeypatch):
    monkeypatch.chdir(HERE)
    mesh = translate(load([f"{name}.in.yaml"]))
    golden(HERE / f"{name}.mesh.json", short(dataclasses.asdict(mesh)))


@pytest.mark.parametrize("profile", [one for one in PROFILES if one != "appmesh"])
def test_a_profile_changes_what_its_golden_file_says(profile, golden, monkeypatch):
    monkeypatch.chdir(HERE)
    mesh = translate(load(["retries.in.yaml"]), profile)
    golden(HERE / f"retries.{profile}.mesh.json", short(dataclasses.asdict(mesh)))


def test_no_golden_file_is_left_over():
    expected = {f"{name}.mesh.json" for name in CASES}
    expected |= {f"retries.{profile}.mesh.json" for profile in PROFILES if profile != "appmesh"}
    assert {one.name for one in HERE.glob("*.mesh.json")} == expected
