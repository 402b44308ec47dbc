"""`verify` on real documents of every kind: each rule takes effect, and what is left out says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .command import ROOT, verified

pytestmark = pytest.mark.e2e

GRPC = {"match.serviceName", "match.methodName", "action.weightedTargets", "retryPolicy.maxRetries"} | {
    f"retryPolicy.grpcRetryEvents.{one}"
    for one in ("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable")
}


def passed(folder: Path, *args: str | Path) -> tuple[set[str], dict[str, Any]]:
    """Ids of the checks that passed; all that were tried must have."""
    ended, told = verified(folder, *args, "--only", "virtual", "--only", "mesh/", "--quick")
    assert ended.code == 0, ended
    assert {one["verdict"] for one in told["checks"]} == {"pass"}, ended
    return {one["id"] for one in told["checks"]}, told


def test_grpc(corpus: Path, tmp_path: Path) -> None:
    walk = corpus / "walkthroughs" / "howto-grpc"
    ids, told = passed(tmp_path, walk / "mesh.yaml", "--set", "ProjectName=demo")
    route = "virtualRouter/virtual-router/route/route"
    assert {f"{route}/{one}" for one in GRPC} <= ids
    assert {one["basis"] for one in told["checks"] if "grpcRetryEvents" in one["id"]} == {"inferred"}


def test_ports_of_gateways_routers_and_nodes(corpus: Path, tmp_path: Path) -> None:
    ids, told = passed(tmp_path, corpus / "walkthroughs" / "howto-k8s-multiple-listeners" / "manifest.yaml")
    gate = "virtualGateway/colors-gw_colors"
    for port in (8080, 8090):
        assert f"{gate}/listeners.{port}" in ids
        assert f"virtualRouter/color-headers_colors/listeners.{port}" in ids
        assert f"virtualNode/multi-colors_colors/listeners.{port}" in ids
    for one in ("main", "misc"):
        assert f"{gate}/gatewayRoute/gateway-route-{one}_colors/match.port" in ids
        assert f"{gate}/gatewayRoute/gateway-route-{one}_colors/action.target" in ids
    assert all(one["reason"] for one in told["not_checked"])


def test_tls(corpus: Path, tmp_path: Path) -> None:
    values = {
        "MeshName": "tls",
        "ServicesDomain": "x.local",
        "EnableClientValidationFlag": "true",
        "ColorGatewayTlsValidationPath": "/keys/ca_1_cert.pem",
    }
    words = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    ids, _ = passed(
        tmp_path, corpus / "walkthroughs" / "howto-tls-file-provided" / "mesh" / "mesh.yaml", *words
    )
    assert {
        "virtualNode/ColorTellerWhite/listeners.80.tls.mode",
        "virtualNode/ColorTellerWhite/listeners.80.tls.certificate",
        "virtualGateway/ColorGateway/backendDefaults.clientPolicy.tls.validation.trust",
        "virtualGateway/ColorGateway/backendDefaults.clientPolicy.tls.enforce",
    } <= ids


def test_pools_connections_and_logs(tmp_path: Path) -> None:
    document = ROOT / "tests" / "unit" / "checks" / "every_kind.yaml"
    ids, _ = passed(tmp_path, document)
    assert {
        "virtualRouter/wire/route/wire/match.port",
        "virtualNode/rpc/listeners.9000.connectionPool.grpc",
        "virtualNode/raw/listeners.7000.connectionPool.tcp",
        "virtualNode/front/logging.accessLog.file.format",
        "virtualNode/web/logging.accessLog.file.format",
        "mesh/egressFilter",
    } <= ids
