"""The scenario's `externals:`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from chaosmesh.documents.external_part import External


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ({"address": "127.0.0.1:5432"}, "127.0.0.1", 5432),
        ({"address": "[::1]:6379"}, "::1", 6379),
        ({"address": "db.example.com:1"}, "db.example.com", 1),
        ({"image": "redis:7", "port": 6379}, "", 6379),
    ],
)
def test_where_it_is(written, host, port) -> None:
    made = External.model_validate(written)
    assert (made.host, made.listens) == (host, port)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"address": "nowhere"},
        {"address": ":5432"},
        {"address": "a:0"},
        {"address": "a:70000"},
        {"address": "http://a:80"},
        {"address": "a:1", "image": "redis", "port": 1},
        {"address": "a:1", "env": {"A": "b"}},
        {"image": "redis"},
        {"image": "", "port": 1},
    ],
)
def test_what_says_too_little_or_too_much_is_refused(written) -> None:
    with pytest.raises(ValidationError):
        External.model_validate(written)
