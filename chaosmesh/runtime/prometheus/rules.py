"""Recording rules: the App Mesh metrics that Envoy counts itself, under the names of App Mesh's metrics extension.

App Mesh's user guide ("Metrics extension for App Mesh") has names and dimensions. What it says of the virtual
service behind a target Envoy doesn't count: those come from our own endpoint (`chaosmesh.engine.metrics.appmesh`).
"""

from __future__ import annotations

from typing import Any, Final

PREFIX: Final = "envoy_appmesh_"
EVALUATED: Final = "chaosmesh_rules_evaluated"
"""Recorded last: where its sample is, those of all other rules of that time are."""
TARGET_INFO: Final = "chaosmesh_target_info"
"""Which virtual service a client's cluster serves, where it is only one; from our own endpoint."""

OWNER: Final = ("Mesh", "VirtualNode", "VirtualGateway")
"""App Mesh's dimensions of a sidecar; it has the second or the third. Every series of a sidecar carries them."""

_IN: Final = 'envoy_http_conn_manager_prefix=~"(ingress|door)([.].*)?"'
_IN_TCP: Final = 'envoy_tcp_prefix=~"(ingress|door)"'
_EGRESS: Final = 'envoy_cluster_name=~"cds_egress_.*"'


def recording_rules() -> dict[str, Any]:
    """The rules file as a tree."""
    rules = [
        _rule("RequestCount", _sum(f"envoy_http_downstream_rq_total{{{_IN}}}")),
        _rule("ActiveConnectionCount", _sum(f"envoy_http_downstream_cx_active{{{_IN}}}")),
        _rule("NewConnectionCount", _sum(_either(f"envoy_http_downstream_cx_total{{{_IN}}}", "cx_total"))),
        _rule(
            "ProcessedBytes",
            _sum(
                _either(
                    f'{{__name__=~"envoy_http_downstream_cx_(rx|tx)_bytes_total",{_IN}}}',
                    "cx_(rx|tx)_bytes_total",
                )
            ),
        ),
        _rule("TargetProcessedBytes", _target_bytes()),
        {"record": EVALUATED, "expr": "vector(1)"},
    ]
    return {"groups": [{"name": "appmesh", "rules": rules}]}


def _rule(name: str, expression: str) -> dict[str, str]:
    return {"record": f"{PREFIX}{name}", "expr": expression}


def _sum(series: str) -> str:
    return f"sum by ({', '.join(OWNER)}, replica) ({series})"


def _either(http: str, tcp: str) -> str:
    """Of HTTP listeners and of TCP ones. Their names differ, so nothing is counted twice."""
    return f'{http} or {{__name__=~"envoy_tcp_downstream_{tcp}",{_IN_TCP}}}'


def _target_bytes() -> str:
    """Bytes on the connections to a target. Envoy counts them by cluster, so the virtual service is only known where
    the client reaches the target through one; else the label is left out."""
    keys = f"{', '.join(OWNER)}, envoy_cluster_name"
    series = f'{{__name__=~"envoy_cluster_upstream_cx_(rx|tx)_bytes_total",{_EGRESS}}}'
    total = f"sum by ({keys}, replica) ({series})"
    owner = f"on ({keys}) group_left (TargetVirtualService, TargetVirtualNode)"
    by = f"{', '.join(OWNER)}, TargetVirtualService, TargetVirtualNode, replica"
    return f"sum by ({by}) ({total} * {owner} {TARGET_INFO})"
