"""What a query's answer comes down to."""

from __future__ import annotations

import pytest

from chaosmesh.runtime.prometheus.client import _hint, _number, _refusal

ONE = {"metric": {"__name__": "x", "node": "a"}, "value": [1, "0.25"]}


@pytest.mark.parametrize(
    ("answer", "value", "problem"),
    [
        ([ONE], 0.25, ""),
        ([1.5, "3"], 3.0, ""),
        ([1.5, "text"], None, "no number"),
        ([], None, "gave nothing"),
        (
            [ONE, {**ONE, "metric": {"node": "b"}}],
            None,
            '2 series, and a claim is about one: x{node="a"}, {node="b"}',
        ),
        ([{**ONE, "value": [1, "NaN"]}], None, "NaN"),
        ([{**ONE, "value": [1, "+Inf"]}], None, "divided by nothing"),
        ([{"metric": {}, "values": [[1, "1"]]}], None, "over a range"),
    ],
)
def test_only_one_finite_number_is_a_value(answer, value, problem):
    found = _number(answer)
    assert found.value == value
    assert problem in found.problem
    assert bool(found.problem) == (value is None)


def test_the_servers_own_words_come_out_of_the_clients_exception():
    body = {"status": "error", "errorType": "bad_data", "error": '1:3: parse error: "x"'}
    import json

    told = _refusal(f"HTTP Status Code 400 ({json.dumps(body).encode()!r})")
    assert (str(told), told.bad) == ('1:3: parse error: "x"', True)
    other = _refusal("HTTP Status Code 503 (b'busy')")
    assert (str(other), other.bad) == ("503 busy", False)
    assert _refusal("something else").bad is False


def test_every_refusal_has_a_next_step():
    assert "$window" in _hint("unexpected character: '$'")
    assert "[$window]" in _hint('expected type range vector in call to function "rate"')
    assert _hint("parse error")
