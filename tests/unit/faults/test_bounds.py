"""What a fault may be: told before anything is sent."""

from __future__ import annotations

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    Bandwidth,
    Delay,
    Errors,
    Latency,
    LimitData,
    Reset,
    Slicer,
    SlowClose,
    Timeout,
)
from chaosmesh.faults.units import grpc_code, grpc_of_status, rate, size

EDGE = ("front", "color")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Latency("f", EDGE, 0),
            "latency: the delay in ms must be a whole number from 1 to 3,600,000",
        ),
        (lambda: Latency("f", EDGE, 10, 11), "jitter must lie between 0 and the latency of 10 ms"),
        (lambda: Latency("f", EDGE, 10, stream="sideways"), "stream is .* not 'sideways'"),
        (lambda: Bandwidth("f", EDGE, 0), "bandwidth: KB/s must be a whole number from 1"),
        (lambda: SlowClose("f", EDGE, 0), "slow_close: the delay in ms"),
        (lambda: Timeout("f", EDGE, -1), "timeout: the time in ms must be a whole number from 0"),
        (lambda: Slicer("f", EDGE, 0), "slicer: size in bytes must be a whole number from 1"),
        (lambda: Slicer("f", EDGE, 8, 8), "variation must lie between 0 and below the size of 8 bytes"),
        (lambda: LimitData("f", EDGE, 0), "limit_data: bytes must be a whole number from 1"),
        (lambda: Reset("f", EDGE, 10), "reset: the period in ms must be a whole number from 50"),
        (lambda: Errors("f", EDGE, 99, 1.0, 0), "the status must be a whole number from 200 to 599"),
        (lambda: Errors("f", EDGE, "503", 1.0, 0), "the status must be a whole number from 200 to 599"),
        (lambda: Errors("f", EDGE, 503, "30 %", 0), "share='30 %' is no number"),
        (lambda: Errors("f", EDGE, 503, True, 0), "share=True is no number"),
        (lambda: Errors("f", EDGE, 503, 0.0, 0), "errors: share must be above 0"),
        (lambda: Errors("f", EDGE, 503, 1.5, 0), "errors: share must be above 0 and at most 1"),
        (lambda: Errors("f", EDGE, None, 1.0, 0), "either an HTTP status or a gRPC code"),
        (lambda: Errors("f", EDGE, 503, 1.0, 0, grpc=14), "either an HTTP status or a gRPC code"),
        (lambda: Errors("f", EDGE, None, 1.0, 0, grpc=0), "a gRPC code is 1–16"),
        (lambda: Delay("f", EDGE, 0, 1.0, 0), "delay: the delay in ms"),
        (lambda: Delay("f", EDGE, 10, 1.0, 0, path="x"), "path must begin with a slash"),
        (lambda: Delay("f", EDGE, 10, 1.0, 0, path="/x?y"), "compared without the query"),
        (lambda: Delay("f", EDGE, 10, 1.0, 0, path="/x", prefix="/y"), "no request has the path /x"),
        (
            lambda: Delay("f", EDGE, 10, 1.0, 0, headers=(("X-Envoy-Retry-On", "5xx"),)),
            "no header of an application",
        ),
    ],
)
def test_nonsense_is_refused_with_the_next_step(make, message) -> None:
    with pytest.raises(UsageError, match=message) as error:
        make()
    assert error.value.hint


@pytest.mark.parametrize(
    ("text", "number"),
    [("64B", 64), ("1KB", 1000), ("1 kb", 1000), ("1.5KB", 1500), ("2KiB", 2048), ("3MB", 3_000_000), (7, 7)],
)
def test_sizes(text, number) -> None:
    assert size(text, "size") == number


@pytest.mark.parametrize("text", ["1", "KB", "1.0001KB", "-1KB", "1KB/s", True, None, "1 furlong"])
def test_what_is_no_size(text) -> None:
    with pytest.raises(UsageError, match="size: "):
        size(text, "size")


def test_rates_are_whole_kilobytes_a_second() -> None:
    assert rate("64KB/s", "bandwidth") == 64
    assert rate("1 MB / s", "bandwidth") == 1000
    for text in ("64KB", "500B/s", "64", 64):
        with pytest.raises(UsageError, match="bandwidth: "):
            rate(text, "bandwidth")


def test_codes_by_name_number_and_status() -> None:
    assert grpc_code("UNAVAILABLE", "errors") == grpc_code("unavailable", "errors") == grpc_code(14, "errors")
    for wrong in ("BUSY", 17, -1, True, 1.0):
        with pytest.raises(UsageError, match="is no gRPC code"):
            grpc_code(wrong, "errors")
    assert [grpc_of_status(one) for one in (503, 404, 500)] == [14, 12, 2]
