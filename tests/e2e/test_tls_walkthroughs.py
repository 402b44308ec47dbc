"""The walkthroughs howto-k8s-mtls-file-based and howto-tls-file-provided: who is believed, and who is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.mesh import Mesh

from .asking import Told, ask, call, call_of, row_of
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

FRONT, COLORS = "front_shop", "color.shop.svc.cluster.local"
GATEWAY, WHITE, GREEN = "ColorGateway", "ColorTellerWhite", "ColorTellerGreen"


def scenario_of(folder: Path, certificates: Mapping[str, Any]) -> Scenario:
    """A scenario file that says who issues which certificate; everything else is issued by one authority."""
    file = folder / "chaosmesh.yaml"
    file.write_text(json.dumps({"certificates": certificates}))
    return load_scenario(file)


def mutual(corpus: Path) -> Mesh:
    manifest = corpus / "walkthroughs/howto-k8s-mtls-file-based/v1beta2/manifest.yaml.template"
    variables = {"APP_NAMESPACE": "shop", "MESH_NAME": "shop", "FRONT_APP_CA_CERT": "ca_1_cert.pem"}
    return policy(load([manifest], variables=variables))


def provided(corpus: Path, *, green: int, path: str) -> Mesh:
    """`green`: the weight of the green teller; `path`: of the authorities that the gateway believes, "" for anyone."""
    variables = {
        "MeshName": "tls",
        "ServicesDomain": "demo.local",
        "ColorTellerGreenRouteWeight": str(green),
        "ColorGatewayTlsValidationPath": path,
        "EnableClientValidationFlag": "true",
    }
    return policy(load([corpus / "walkthroughs/howto-tls-file-provided/mesh/mesh.yaml"], variables=variables))


@pytest.fixture(scope="module")
def colors(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Green's certificate is from another authority than the one that the front believes."""
    foreign = {"/certs/colorapp-green_cert_chain.pem": {"authority": "ca_2"}}
    scenario = scenario_of(tmp_path_factory.mktemp("scenario"), foreign)
    with stage(mutual(corpus), tmp_path_factory.mktemp("runs"), scenario, load=False) as running:
        yield running


def asked(colors: Stage, color: str) -> Told:
    return call(colors, FRONT, COLORS, headers={"color_header": color})


def refused(demo: Stage, told: Told, client: str) -> str:
    """What a client's sidecar says of a call for which no connection came about; no server's sidecar saw it."""
    one = call_of(demo, told, client)
    assert "UF" in one.flags
    assert not any(each.matched for each in one.attempts)
    return one.details


def test_front_and_blue_believe_each_other(colors: Stage) -> None:
    told = asked(colors, "blue")
    assert (told.status, told.color) == (200, "blue")
    arrived = row_of(colors, told, "blue_shop", "ingress")
    assert arrived.status == 200


def test_a_certificate_of_another_authority_is_refused(colors: Stage) -> None:
    told = asked(colors, "green")
    assert (told.status, told.node) == (503, "")
    assert "CERTIFICATE_VERIFY_FAILED" in refused(colors, told, FRONT)


def test_a_server_without_tls_is_refused_by_a_client_that_enforces_it(colors: Stage) -> None:
    told = asked(colors, "red")
    assert (told.status, told.node) == (503, "")
    assert "TLS_error" in refused(colors, told, FRONT)


@pytest.fixture(scope="module")
def tellers(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Each teller has an authority of its own; of the two bundles one holds both."""
    certificates = {
        "/keys/colorteller_white_cert_chain.pem": {"authority": "ca_1"},
        "/keys/colorteller_green_cert_chain.pem": {"authority": "ca_2"},
        "/keys/ca_1_cert.pem": {"authority": "ca_1"},
        "/keys/ca_1_ca_2_bundle.pem": {"authority": ["ca_1", "ca_2"]},
    }
    scenario = scenario_of(tmp_path_factory.mktemp("scenario"), certificates)
    mesh = provided(corpus, green=0, path="")
    with stage(mesh, tmp_path_factory.mktemp("runs"), scenario, load=False) as running:
        yield running


WHITE_OK, GREEN_OK, REFUSED = (200, WHITE), (200, GREEN), (503, "")


def outcomes(tellers: Stage, count: int = 30) -> set[tuple[int, str]]:
    """(status, who answered). Of 30 requests each of two tellers gets one, but for 2 in a thousand million cases."""
    return {(one.status, one.node) for one in (ask(tellers, GATEWAY) for _ in range(count))}


def test_a_gateway_that_validates_nothing_speaks_tls_with_anyone(tellers: Stage, corpus: Path) -> None:
    tellers.apply(provided(corpus, green=0, path=""))
    assert outcomes(tellers, 10) == {WHITE_OK}
    tellers.apply(provided(corpus, green=1, path=""))
    assert outcomes(tellers) == {WHITE_OK, GREEN_OK}


def test_a_teller_of_another_authority_fails_until_the_bundle_has_both(tellers: Stage, corpus: Path) -> None:
    tellers.apply(provided(corpus, green=0, path="/keys/ca_1_cert.pem"))
    assert outcomes(tellers, 10) == {WHITE_OK}
    tellers.apply(provided(corpus, green=1, path="/keys/ca_1_cert.pem"))
    assert outcomes(tellers) == {WHITE_OK, REFUSED}
    failed = next(one for one in (ask(tellers, GATEWAY) for _ in range(30)) if one.status == 503)
    assert "CERTIFICATE_VERIFY_FAILED" in refused(tellers, failed, GATEWAY)
    tellers.apply(provided(corpus, green=1, path="/keys/ca_1_ca_2_bundle.pem"))
    assert outcomes(tellers) == {WHITE_OK, GREEN_OK}
