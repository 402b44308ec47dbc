"""Every document of the corpus of real App Mesh documents, with what it needs to be read on its own."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.appmesh import Resources, load
from tests.conftest import CORPUS

VALUES = {
    "CertificateArn": "arn:aws:acm:us-west-2:000000000000:certificate/own",
    "CertificateAuthorityArn": "arn:aws:acm-pca:us-west-2:000000000000:certificate-authority/own",
    "FRONT_APP_CA_CERT": "ca_1_cert.pem",
}
"""Values of variables that are no plain names."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document: how many resources it holds, the variables it needs, the parent of its route."""

    resources: int
    needs: str
    parent: str

    @property
    def variables(self) -> dict[str, str]:
        """A value for each variable."""
        return {name: VALUES.get(name, "howto") for name in self.needs.split()}


def read(name: str) -> Resources:
    """The resources of one document."""
    case, path = DOCUMENTS[name], CORPUS / name
    names = {name: f"{case.parent}/{path.name.split('.')[0]}"} if case.parent else {}
    return load([path], variables=case.variables, names=names)


DOCUMENTS = {
    "examples/apps/colorapp/servicemesh/appmesh-colorapp.yaml": Case(10, 'AppMeshMeshName ServicesDomain', ''),
    "examples/apps/colorapp/servicemesh/config/update_routes/colorteller-route-black-100.json": Case(1, '', ''),
    "examples/apps/colorapp/servicemesh/config/update_routes/colorteller-route-black-80-blue-20.json": Case(1, '', ''),
    "examples/apps/colorapp/servicemesh/config/update_routes/colorteller-route-blue-100.json": Case(1, '', ''),
    "examples/apps/colorapp/servicemesh/config/update_routes/colorteller-route-blue-80-red-20.json": Case(1, '', ''),
    "examples/apps/colorapp/servicemesh/config/update_routes/colorteller-route-red-100.json": Case(1, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-virtual-router-appserver-v1-v2.yaml": Case(2, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-virtual-router-appserver-v2.yaml": Case(2, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-yelb-appserver-v2.yaml": Case(1, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-yelb-appserver.yaml": Case(4, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-yelb-db.yaml": Case(2, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-yelb-redis.yaml": Case(2, '', ''),
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates/appmesh-yelb-ui.yaml": Case(2, '', ''),
    "walkthroughs/howto-external-traffic/mesh/mesh.yaml": Case(11, 'MeshName ServicesDomain', ''),
    "walkthroughs/howto-grpc/mesh/route-all-methods.json": Case(1, '', ''),
    "walkthroughs/howto-grpc/mesh/route-retries.json": Case(1, '', ''),
    "walkthroughs/howto-grpc/mesh.yaml": Case(6, 'ProjectName', ''),
    "walkthroughs/howto-http-headers/app.yaml": Case(18, 'ProjectName', ''),
    "walkthroughs/howto-http-headers/color-route.json": Case(1, '', ''),
    "walkthroughs/howto-http-retries/app.yaml": Case(6, 'ProjectName', ''),
    "walkthroughs/howto-http-retries/blue-route-no-retry.json": Case(1, '', ''),
    "walkthroughs/howto-http-retries/blue-route.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh/route-blue.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh/route-red-blue-green.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh/route-red-blue.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh/route-red-retries.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh/route-red.json": Case(1, '', ''),
    "walkthroughs/howto-http2/mesh.yaml": Case(8, 'ProjectName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/custom-preference.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/mesh-v4-only.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/mesh-v4-preferred.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/mesh-v6-only.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/mesh-v6-preferred.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-ipv6/dns/mesh/override-mesh-preference.yaml": Case(20, 'AppMeshMeshName', ''),
    "walkthroughs/howto-k8s-egress/v1beta2/manifest.yaml.template": Case(4, 'APP_NAMESPACE MESH_NAME', ''),
    "walkthroughs/howto-k8s-envoy-logging-custom-format/manifest.yaml.template": Case(4, '', ''),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/header-match.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/method-match.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/path-match.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/prefix-match.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/query-match.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/rewrite-path.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/gatewayroutes/rewrite-prefix.yaml.template": Case(1, 'APP_NAMESPACE', 'ingress-gw_howto'),
    "walkthroughs/howto-k8s-http-ingress-v2/v1beta2/manifest.yaml.template": Case(14, 'APP_NAMESPACE MESH_NAME', ''),
    "walkthroughs/howto-k8s-http2/v1beta2/manifest.yaml.template": Case(8, 'APP_NAMESPACE CLOUDMAP_NAMESPACE MESH_NAME', ''),
    "walkthroughs/howto-k8s-mtls-file-based/v1beta2/manifest.yaml.template": Case(10, 'APP_NAMESPACE FRONT_APP_CA_CERT MESH_NAME', ''),
    "walkthroughs/howto-k8s-multiple-listeners/manifest.yaml": Case(9, '', ''),
    "walkthroughs/howto-k8s-retry-policy/v1beta2/manifest.yaml.template": Case(6, 'APP_NAMESPACE MESH_NAME', ''),
    "walkthroughs/howto-k8s-timeout-policy/v1beta2/manifest.yaml.template": Case(10, 'APP_NAMESPACE CLOUDMAP_NAMESPACE MESH_NAME', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-route-1.json": Case(1, 'VIRTUALSERVICE_NAME', 'colorgateway-vg'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-route-2.json": Case(1, 'VIRTUALSERVICE_NAME', 'colorgateway-vg'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-route-updated-disabled_rewrite.json": Case(1, 'VIRTUALSERVICE_NAME', 'colorgateway-vg'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-route-updated-hostname-match.json": Case(1, 'VIRTUALSERVICE_NAME', 'colorgateway-vg'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-route-updated-rewrite.json": Case(1, 'VIRTUALSERVICE_NAME', 'colorgateway-vg'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorgateway-vg.json": Case(1, '', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-red-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-route-1.json": Case(1, '', 'colorteller-vr-1'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-route-2.json": Case(1, '', 'colorteller-vr-1'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-route-updated-rewrite.json": Case(1, '', 'colorteller-vr-1'),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-vr-1.json": Case(1, '', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-vr-2.json": Case(1, '', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-vs-1.json": Case(1, '', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-vs-2.json": Case(1, '', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/colorteller-yellow-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-match-and-rewrite-at-ingress/mesh/mesh.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/color-gateway-route.json": Case(1, 'VIRTUALSERVICE_NAME', 'tellergateway-vg'),
    "walkthroughs/howto-multiple-listeners/mesh/colorteller-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-multiple-listeners/mesh/colorteller-vs.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/foodteller-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-multiple-listeners/mesh/foodteller-vr.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/foodteller-vs.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/fruit-gateway-route.json": Case(1, 'VIRTUALSERVICE_NAME', 'tellergateway-vg'),
    "walkthroughs/howto-multiple-listeners/mesh/fruit-route.json": Case(1, '', 'foodteller-vr'),
    "walkthroughs/howto-multiple-listeners/mesh/mesh.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/tellergateway-vg.json": Case(1, '', ''),
    "walkthroughs/howto-multiple-listeners/mesh/vegetable-gateway-route.json": Case(1, 'VIRTUALSERVICE_NAME', 'tellergateway-vg'),
    "walkthroughs/howto-multiple-listeners/mesh/vegetable-route.json": Case(1, '', 'foodteller-vr'),
    "walkthroughs/howto-outlier-detection/mesh/color-vn-with-outlier-detection.json": Case(1, 'NAMESPACE_NAME', ''),
    "walkthroughs/howto-outlier-detection/mesh/color-vn.json": Case(1, 'NAMESPACE_NAME', ''),
    "walkthroughs/howto-outlier-detection/mesh/color-vs.json": Case(1, 'VIRTUAL_SERVICE_NAME', ''),
    "walkthroughs/howto-outlier-detection/mesh/front-vn.json": Case(1, 'BACKEND_VS_NAME NAMESPACE_NAME', ''),
    "walkthroughs/howto-outlier-detection/mesh/mesh.yaml": Case(4, 'ProjectName', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorgateway-vn-timeout20s.json": Case(1, 'COLOR_TELLER_VS DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorgateway-vn.json": Case(1, 'COLOR_TELLER_VS DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route-timeout20s.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route-timeout5s.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route.json": Case(1, '', 'colorteller-vr'),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route1-timeout18s.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route1.json": Case(1, '', 'colorteller-vr'),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route2-timeout10s.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-route2.json": Case(1, '', 'colorteller-vr'),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-vn-timeout18s.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-vn-timeout20s.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-vr.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-vs.json": Case(1, '', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-white-vn-timeout20s.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/colorteller-white-vn.json": Case(1, 'DNS_HOSTNAME', ''),
    "walkthroughs/howto-timeout-policy/mesh/mesh.yaml": Case(4, 'CertificateArn CertificateAuthorityArn MeshName ServicesDomain', ''),
    "walkthroughs/howto-timeout-policy/mesh/publicgateway-route.json": Case(1, 'VIRTUALSERVICE_NAME', 'publicgateway-vg'),
    "walkthroughs/howto-timeout-policy/mesh/publicgateway-vg.json": Case(1, '', ''),
    "walkthroughs/howto-tls-file-provided/mesh/mesh.yaml": Case(8, 'MeshName ServicesDomain', ''),
}  # fmt: skip
