"""A Grafana dashboard for any mesh: what users feel, what the policy does about it, which faults were in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

FILE: Final = "grafana.json"
RATE: Final = "$__rate_interval"
"""Grafana's own word for a window with enough scrapes in it."""

_EDGE: Final = "Mesh, VirtualNode, VirtualGateway, TargetVirtualService, TargetVirtualNode"
_EDGE_LEGEND: Final = "{{VirtualNode}}{{VirtualGateway}} → {{TargetVirtualService}} ({{TargetVirtualNode}})"
_CLUSTER: Final = "virtual_node, virtual_gateway, envoy_cluster_name"
_CLUSTER_LEGEND: Final = "{{virtual_node}}{{virtual_gateway}} → {{envoy_cluster_name}}"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: title, unit as Grafana calls it, and (query, legend) of its lines."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]


FAULTS: Final = "chaosmesh_fault_in_force == 1"

PANELS: Final = (
    Panel(
        "Requests a second",
        "reqps",
        ((f"sum by (stream) (rate(chaosmesh_requests_total[{RATE}]))", "{{stream}}"),),
    ),
    Panel(
        "Success",
        "percentunit",
        (
            (
                (
                    f'sum by (stream) (rate(chaosmesh_requests_total{{outcome="success"}}[{RATE}])) / '
                    f"sum by (stream) (rate(chaosmesh_requests_total[{RATE}]))"
                ),
                "{{stream}}",
            ),
        ),
    ),
    Panel(
        "Latency from the intended time",
        "s",
        tuple(
            (
                f"histogram_quantile({share}, sum by (le) (rate(chaosmesh_request_seconds_bucket[{RATE}])))",
                f"p{round(100 * share)}",
            )
            for share in (0.5, 0.9, 0.99)
        ),
    ),
    Panel("Faults in force", "short", ((FAULTS, "{{kind}} {{target}}"),)),
    Panel(
        "Attempts a second by edge",
        "reqps",
        ((f"sum by ({_EDGE}) (rate(envoy_appmesh_RequestCountPerTarget[{RATE}]))", _EDGE_LEGEND),),
    ),
    Panel(
        "Failed attempts by edge",
        "percentunit",
        (
            (
                (
                    f"sum by ({_EDGE}) (rate(envoy_appmesh_HTTPCode_Target_5XX_Count[{RATE}])) / "
                    f"sum by ({_EDGE}) (rate(envoy_appmesh_RequestCountPerTarget[{RATE}]))"
                ),
                _EDGE_LEGEND,
            ),
        ),
    ),
    Panel(
        "Latency by edge, p99",
        "ms",
        (
            (
                (
                    "histogram_quantile(0.99, "
                    f"sum by (le, {_EDGE}) (rate(envoy_appmesh_TargetResponseTime_bucket[{RATE}])))"
                ),
                _EDGE_LEGEND,
            ),
        ),
    ),
    Panel(
        "Retries a second",
        "reqps",
        ((f"sum by ({_CLUSTER}) (rate(envoy_cluster_upstream_rq_retry[{RATE}]))", _CLUSTER_LEGEND),),
    ),
    Panel(
        "Timeouts a second",
        "reqps",
        (
            (
                f"sum by ({_CLUSTER}) (rate(envoy_cluster_upstream_rq_timeout[{RATE}]))",
                f"call: {_CLUSTER_LEGEND}",
            ),
            (
                f"sum by ({_CLUSTER}) (rate(envoy_cluster_upstream_rq_per_try_timeout[{RATE}]))",
                f"try: {_CLUSTER_LEGEND}",
            ),
        ),
    ),
    Panel(
        "Ejected hosts",
        "short",
        (
            (
                f"sum by ({_CLUSTER}) (envoy_cluster_outlier_detection_ejections_active)",
                _CLUSTER_LEGEND,
            ),
        ),
    ),
    Panel(
        "Stopped by a pool a second",
        "reqps",
        tuple(
            (f"sum by ({_CLUSTER}) (rate({name}[{RATE}]))", f"{word}: {_CLUSTER_LEGEND}")
            for word, name in (
                ("pending", "envoy_cluster_upstream_rq_pending_overflow"),
                ("connections", "envoy_cluster_upstream_cx_overflow"),
                ("retries", "envoy_cluster_upstream_rq_retry_overflow"),
            )
        ),
    ),
    Panel(
        "The measurement itself",
        "s",
        (
            (
                (
                    "histogram_quantile(0.99, "
                    f"sum by (le) (rate(chaosmesh_generator_lag_seconds_bucket[{RATE}])))"
                ),
                "generator's lag, p99",
            ),
            (
                f"histogram_quantile(0.99, sum by (le) (rate(chaosmesh_push_seconds_bucket[{RATE}])))",
                "policy in force, p99",
            ),
        ),
    ),
)


def queries() -> Iterator[str]:
    """Every query of the dashboard, with Grafana's own word in it."""
    yield FAULTS
    for panel in PANELS:
        for query, _ in panel.lines:
            yield query


def dashboard(title: str) -> dict[str, Any]:
    """The dashboard's JSON model, to be imported; it asks for a Prometheus data source."""
    return {
        "title": title,
        "tags": ["chaosmesh"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "annotations": {"list": [_annotation()]},
        "panels": [_panel(number, one) for number, one in enumerate(PANELS)],
    }


def _annotation() -> dict[str, Any]:
    return {
        "name": "Faults",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": FAULTS,
        "step": "1s",
        "titleFormat": "{{kind}}",
        "textFormat": "{{target}} ({{fault}})",
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + place), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
        for place, (query, legend) in enumerate(panel.lines)
    ]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }
