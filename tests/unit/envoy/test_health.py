"""How a written health check is asked."""

from __future__ import annotations

import pytest

from chaosmesh.envoy import translate
from chaosmesh.mesh import HealthCheck
from tests.meshes import mesh, route, service, topology, workload


@pytest.mark.parametrize(
    ("protocol", "asked", "codec"),
    [
        ("grpc", "grpc_health_check", None),
        ("http2", "grpc_health_check", None),
        ("http", "http_health_check", "HTTP2"),
    ],
)
def test_a_grpc_check_of_what_speaks_no_http2_is_asked_in_a_way_that_envoy_takes(protocol, asked, codec):
    made = mesh(
        [
            workload("front", "color"),
            workload("blue", protocol=protocol, health=HealthCheck("grpc", 2, 2, 5, 2)),
        ],
        [service("color", route("color", "all", {"blue": 1}))],
    )
    (found,) = (
        one["health_checks"]
        for name, one in translate(made, topology(made, "127.98"))["front.0"].clusters.items()
        if "egress" in name and "blue" in name
    )
    assert found[0][asked].get("codec_client_type") == codec
