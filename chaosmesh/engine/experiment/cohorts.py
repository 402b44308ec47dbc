"""A control cohort: the same requests, marked, every second one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.load import RequestSpec


def with_control(mix: Sequence[RequestSpec], control: Any) -> tuple[tuple[RequestSpec, ...], tuple[int, ...]]:
    """A mix with its control cohort, of the same weight, and the cohort's indexes in it.

    `control`: headers that mark the same requests, or a request (or several) that is sent instead.
    """
    if control is None:
        return tuple(mix), ()
    other = _marked(mix, control) if isinstance(control, Mapping) else _given(mix, control)
    return (*mix, *other), tuple(range(len(mix), len(mix) + len(other)))


def _marked(mix: Sequence[RequestSpec], headers: Mapping[str, str]) -> tuple[RequestSpec, ...]:
    if not headers:
        raise UsageError("load: control={} marks nothing", hint='control={"x-cohort": "control"}')
    names = {one.lower() for one in headers}
    return tuple(
        replace(
            one,
            headers=(
                *((name, value) for name, value in one.headers if name.lower() not in names),
                *headers.items(),
            ),
        )
        for one in mix
    )


def _given(mix: Sequence[RequestSpec], control: Any) -> tuple[RequestSpec, ...]:
    given = (control,) if isinstance(control, RequestSpec) else control
    if (
        not isinstance(given, (list, tuple))
        or not given
        or not all(isinstance(one, RequestSpec) for one in given)
    ):
        raise UsageError(
            f"load: control={control!r} is no cohort",
            hint='headers that mark it, control={"x-cohort": "control"}, or control=request("/path")',
        )
    scale = sum(one.weight for one in mix) / sum(one.weight for one in given)
    named = mix[0].name if len(mix) == 1 else ""
    return tuple(replace(one, weight=one.weight * scale, name=named or one.name) for one in given)
