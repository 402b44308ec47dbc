"""The policy in our own words: what the documents of any mesh come down to.

Frozen data without I/O. Every rule has an id (the path of the rule as its author knows it) and the place
where it was written, so that a verdict, a NACK or a lint finding can name both.
"""

from chaosmesh.mesh.inject import RequestFault
from chaosmesh.mesh.model import (
    Breaker,
    Clause,
    Discovery,
    Ejection,
    HealthCheck,
    Listener,
    Match,
    Mesh,
    Pattern,
    Retry,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Workload,
)
from chaosmesh.mesh.topology import EdgeProxy, Egress, Replica, Topology

__all__ = [
    "Breaker",
    "Clause",
    "Discovery",
    "EdgeProxy",
    "Egress",
    "Ejection",
    "HealthCheck",
    "Listener",
    "Match",
    "Mesh",
    "Pattern",
    "Replica",
    "RequestFault",
    "Retry",
    "Route",
    "Service",
    "ServicePort",
    "Target",
    "Timeout",
    "Topology",
    "Workload",
]
