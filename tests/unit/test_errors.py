"""Errors say where, what and the next step."""

from chaosmesh.errors import ChaosMeshError, DocumentError, ExitCode, Problem, Where


def test_problems_are_sorted_by_place_and_all_shown():
    error = DocumentError(
        [Problem(Where("b.yaml", 2), "second"), Problem(Where("a.yaml", 9), "first", "do this")]
    )
    assert str(error) == "a.yaml:9:1 first\n    → do this\nb.yaml:2:1 second"
    assert error.code == ExitCode.USAGE


def test_an_error_names_its_place_and_hint():
    assert (
        str(ChaosMeshError("odd", where=Where("x.json", 3, 7), hint="look")) == "x.json:3:7 odd\n    → look"
    )
