"""The policy in our own words: what the documents of any mesh come down to.

Frozen data without I/O. Every rule has an id (the path of the rule as its author knows it) and the place
where it was written, so that a verdict, a NACK or a lint finding can name both.
"""

from chaosmesh.mesh.fallbacks import retries_elsewhere, retry_of
from chaosmesh.mesh.inject import RequestFault
from chaosmesh.mesh.model import (
    AccessLog,
    Breaker,
    Clause,
    Discovery,
    Ejection,
    EntryRoute,
    Fallback,
    HealthCheck,
    Listener,
    Match,
    Mesh,
    Pattern,
    Retry,
    RetryBudget,
    Rewrite,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Workload,
)
from chaosmesh.mesh.tls import ClientTls, Identity, ServerTls, Trust
from chaosmesh.mesh.topology import EdgeProxy, Egress, Replica, Topology

__all__ = [
    "AccessLog",
    "Breaker",
    "Clause",
    "ClientTls",
    "Discovery",
    "EdgeProxy",
    "Egress",
    "Ejection",
    "EntryRoute",
    "Fallback",
    "HealthCheck",
    "Identity",
    "Listener",
    "Match",
    "Mesh",
    "Pattern",
    "Replica",
    "RequestFault",
    "Retry",
    "RetryBudget",
    "Rewrite",
    "Route",
    "ServerTls",
    "Service",
    "ServicePort",
    "Target",
    "Timeout",
    "Topology",
    "Trust",
    "Workload",
    "retries_elsewhere",
    "retry_of",
]
