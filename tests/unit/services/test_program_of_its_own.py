"""`python3 -m chaosmesh.services`: where the stand-in is read from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.services.__main__ import GIVEN, read
from chaosmesh.services.config import StandIn

ONE = StandIn("weather", listen=(("127.0.0.1", 8080, "http"),), calls=(("color", "http://127.0.0.2:80"),))


def test_a_file_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "standin.json"
    file.write_text(json.dumps(asdict(ONE)))
    monkeypatch.delenv(GIVEN, raising=False)
    assert read([str(file)]) == ONE
    monkeypatch.setenv(GIVEN, json.dumps(asdict(StandIn("front"))))
    assert read([]) == StandIn("front")
    assert read([str(file)]) == ONE


def test_what_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(GIVEN, raising=False)
    with pytest.raises(UsageError, match=r"\$CHAOSMESH_STANDIN holds no stand-in: .*\n.*name a file"):
        read([])
    with pytest.raises(UsageError, match=r"nowhere can't be read: No such file"):
        read([str(tmp_path / "nowhere")])
    with pytest.raises(UsageError, match="one file at most"):
        read(["a", "b"])
    for text in ("[]", '{"node": "a"}', '{"node": "a", "listen": [], "calls": [], "colour": 1}', "\xff"):
        monkeypatch.setenv(GIVEN, text)
        with pytest.raises(UsageError, match="holds no stand-in"):
            read([])
    monkeypatch.setenv(GIVEN, '{"node": "a", "listen": [], "calls": [], "latency_ms": -1}')
    with pytest.raises(UsageError, match="latency_ms is -1"):
        read([])
