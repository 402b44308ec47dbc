"""How resources are called in Envoy: App Mesh's own names, so that dashboards and habits keep working."""

from __future__ import annotations

from typing import Final

INGRESS_PORT: Final = 15000
EGRESS_PORT: Final = 15001
ADMIN_PORT: Final = 9901

INGRESS_LISTENER: Final = f"lds_ingress_0.0.0.0_{INGRESS_PORT}"
EGRESS_LISTENER: Final = f"lds_egress_0.0.0.0_{EGRESS_PORT}"

ADS_CLUSTER: Final = "chaosmesh_ads"
ALS_CLUSTER: Final = "chaosmesh_als"

CALL: Final = "x-chaosmesh-call"
EDGE: Final = "x-chaosmesh-edge"
LINEAGE: Final = "x-chaosmesh-lineage"
VICTIM: Final = "x-chaosmesh-victim"
HEALTH: Final = "x-chaosmesh-health"
ATTEMPT: Final = "x-envoy-attempt-count"
FAULT_HEADERS: Final = (
    "x-envoy-fault-abort-request",
    "x-envoy-fault-abort-request-percentage",
    "x-envoy-fault-abort-grpc-request",
    "x-envoy-fault-delay-request",
    "x-envoy-fault-delay-request-percentage",
    "x-envoy-fault-throughput-response",
    "x-envoy-fault-throughput-response-percentage",
)
STEERING: Final = (CALL, EDGE, LINEAGE, VICTIM, HEALTH, ATTEMPT, *FAULT_HEADERS)
"""Headers that steer us: nobody may bring them in through a door."""


def log_socket(control_socket: str) -> str:
    """Path of the unix socket that takes access logs, beside the control plane's."""
    return f"{control_socket}.logs"


def ingress_listener(side: str, port: int) -> str:
    """What comes in on one port, from the mesh ("ingress") or through a door ("door")."""
    if side == "door":
        return f"{INGRESS_LISTENER}_door_{port}"
    return INGRESS_LISTENER if port == INGRESS_PORT else f"{INGRESS_LISTENER}_{port}"


def gateway_listener(side: str, port: int) -> str:
    """What comes in on one port of a gateway."""
    return f"lds_ingress_0.0.0.0_{port}" + ("" if side == "ingress" else f"_{side}")


def egress_listener(service: str, port: int) -> str:
    """The address at which an application calls one port of a service."""
    return f"{EGRESS_LISTENER}_{service}_{port}"


def egress_cluster(mesh: str, workload: str, protocol: str, port: int) -> str:
    """The cluster through which clients reach one port of a workload."""
    return f"cds_egress_{mesh}_{workload}_{protocol}_{port}"


def ingress_cluster(mesh: str, workload: str, protocol: str, port: int) -> str:
    """The cluster of the application behind a sidecar."""
    return f"cds_ingress_{mesh}_{workload}_{protocol}_{port}"


def ingress_routes(port: int) -> str:
    """The route configuration of what arrives from the mesh on one port."""
    return f"rds_ingress_http_{port}"


def door_routes(port: int) -> str:
    """The route configuration of what arrives from outside on one port."""
    return f"rds_door_http_{port}"


def egress_routes(port: int) -> str:
    """The route configuration of the calls that an application makes on one port."""
    return f"rds_egress_http_{port}"


def edge(client: str, service: str) -> str:
    """The value of the EDGE header."""
    return f"{client}>{service}"
