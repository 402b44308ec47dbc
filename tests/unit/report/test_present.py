"""Errors on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.errors import (
    ChaosMeshError,
    DocumentError,
    EnvironmentFailedError,
    Problem,
    RejectedError,
    UsageError,
    Where,
)
from chaosmesh.report.errors import present

DOCUMENT = 'spec:\n  retryPolicy:\n\tmaxRetries: -1\n  label: "日本 route" # x\n'


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "route.yaml").write_text(DOCUMENT, "utf-8")
    monkeypatch.chdir(tmp_path)
    return "route.yaml"


def test_every_problem_has_its_line_a_caret_and_a_hint(document: str) -> None:
    error = DocumentError(
        [
            Problem(Where(document, 4, 14), "no such route"),
            Problem(
                Where(document, 3, 14), "maxRetries must be 0 or more (got -1)", "write 0 to turn retries off"
            ),
        ]
    )
    assert present(error) == (
        "route.yaml:3:14: maxRetries must be 0 or more (got -1)\n"
        "    3 |  maxRetries: -1\n"
        "      |              ^\n"
        "    → write 0 to turn retries off\n"
        "route.yaml:4:14: no such route\n"
        '    4 |   label: "日本 route" # x\n'
        "      |                ^\n"
        "2 problems"
    )


def test_a_place_with_one_error(document: str) -> None:
    error = RejectedError("Envoy refused the route", where=Where(document, 2, 3), hint="see logs/envoy.log")
    assert present(error) == (
        "route.yaml:2:3: Envoy refused the route\n"
        "    2 |   retryPolicy:\n"
        "      |   ^\n"
        "    → see logs/envoy.log"
    )


def test_an_error_without_a_place() -> None:
    error = EnvironmentFailedError("toxiproxy-server is missing", hint="chaosmesh setup")
    assert present(error) == "error: toxiproxy-server is missing\n    → chaosmesh setup"


@pytest.mark.parametrize(
    "where",
    [
        Where("missing.yaml", 3, 4),
        Where("route.yaml", 99, 1),
        Where("route.yaml", 0, 1),
        Where(".", 1, 1),
        Where("<stdin>", 1, 1),
        Where("nul\0byte", 1, 1),
        Where("n" * 5000, 1, 1),
    ],
)
def test_what_can_not_be_read_is_left_out(document: str, where: Where) -> None:
    assert len(present(UsageError("wrong", where=where)).splitlines()) == 1


def test_a_column_beyond_the_line_points_at_its_end(document: str) -> None:
    assert present(UsageError("wrong", where=Where(document, 1, 500))).splitlines()[-1] == "      |      ^"


def test_a_very_long_line_is_cut_around_its_column(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_text("a" * 500 + "X" + "b" * 500, "utf-8")
    head, line, caret = present(UsageError("wrong", where=Where(str(path), 1, 501))).splitlines()
    assert len(line) < 120
    assert line[caret.index("^")] == "X"
    assert head.endswith("wrong")


def test_the_caret_of_a_line_with_a_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "win.json"
    path.write_bytes(b'\xef\xbb\xbf{\r\n  "spec": 1\r\n}')
    assert present(UsageError("wrong", where=Where(str(path), 2, 3))).splitlines()[1:] == [
        '    2 |   "spec": 1',
        "      |   ^",
    ]


def test_control_characters_of_a_document_do_not_reach_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("name: \x1b[2J\n", "utf-8")
    text = present(UsageError("bad\x1b[31m\nsecond line", where=Where(str(path), 1, 7), hint="x\x07"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\n    second line" in text


def test_colours_only_when_asked(document: str) -> None:
    error = UsageError("wrong", where=Where(document, 1, 1), hint="do")
    assert "\x1b[1;31m" in present(error, color=True)
    assert "\x1b" not in present(error)


def test_an_empty_message_is_no_trouble() -> None:
    assert present(ChaosMeshError("")).startswith("error:")
