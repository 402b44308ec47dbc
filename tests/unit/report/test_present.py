"""Errors on the terminal."""

from __future__ import annotations

import io
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
from chaosmesh.report.screen import Screen, cells, screen_of

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
    assert "\x1b[1;31m" in present(error, Screen(color=True))
    assert "\x1b" not in present(error)


def test_an_empty_message_is_no_trouble() -> None:
    assert present(ChaosMeshError("")).startswith("error:")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("column", [1, 30, 77, 150, 301])
@pytest.mark.parametrize("letter", ["x", "空"])
def test_on_a_screen_the_line_and_its_caret_fit_and_meet(
    tmp_path: Path, width: int, column: int, letter: str
) -> None:
    path = tmp_path / "long.json"
    path.write_text(letter * (column - 1) + "X" + letter * (300 - column), "utf-8")
    shown = present(UsageError("wrong", where=Where(str(path), 1, column)), Screen(width=width))
    line, caret = shown.splitlines()[-2:]
    assert cells(line) <= width
    under = cells(caret[: caret.index("^")])
    assert next(c for i, c in enumerate(line) if cells(line[:i]) == under) == "X"


def test_on_a_screen_lines_are_broken_between_words(document: str) -> None:
    message = "the route asks for more tries than there is time for, whatever its targets do"
    error = DocumentError(
        [Problem(Where(document, 2, 3), message, "raise the timeout, or lower one of the two values")]
    )
    shown = present(error, Screen(width=50))
    assert all(cells(line) <= 50 for line in shown.splitlines())
    assert " ".join(shown.split()).startswith(f"route.yaml:2:3: {message}")
    assert present(error).splitlines()[0].endswith(message)


def test_a_path_that_is_longer_than_the_screen_stays_whole() -> None:
    path = "/very/long" * 9
    assert path in present(EnvironmentFailedError(f"there is no {path} here"), Screen(width=40))


def test_what_a_screen_is_told_by_its_surroundings() -> None:
    class Window(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert screen_of(io.StringIO(), {}) == Screen(color=False, width=None)
    assert screen_of(io.StringIO(), {"FORCE_COLOR": "1", "COLUMNS": "60"}) == Screen(color=True, width=None)
    assert screen_of(Window(), {"COLUMNS": "60"}) == Screen(color=True, width=60)
    assert screen_of(Window(), {"COLUMNS": "60", "NO_COLOR": "1"}) == Screen(color=False, width=60)
    assert screen_of(Window(), {"COLUMNS": "60", "TERM": "dumb"}) == Screen(color=False, width=60)
