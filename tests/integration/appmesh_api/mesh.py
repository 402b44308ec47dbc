"""One mesh as a list of calls: every kind, every route protocol, every part of the specs that clients write."""

from __future__ import annotations

from typing import Any


def listener(port: int, protocol: str, **more: Any) -> dict[str, Any]:
    return {"portMapping": {"port": port, "protocol": protocol}, **more}


CHECK = {
    "protocol": "http",
    "path": "/ping",
    "healthyThreshold": 2,
    "unhealthyThreshold": 3,
    "intervalMillis": 5000,
    "timeoutMillis": 2000,
    "port": 8080,
}
TLS = {
    "mode": "STRICT",
    "certificate": {"file": {"certificateChain": "/c.pem", "privateKey": "/k.pem"}},
    "validation": {
        "trust": {"file": {"certificateChain": "/ca.pem"}},
        "subjectAlternativeNames": {"match": {"exact": ["a.local"]}},
    },
}
POLICY = {
    "clientPolicy": {
        "tls": {"enforce": True, "ports": [443], "validation": {"trust": {"sds": {"secretName": "ca"}}}}
    }
}
LOGGING = {"accessLog": {"file": {"path": "/dev/stdout"}}}
A = {
    "listeners": [
        listener(
            8080,
            "http",
            healthCheck=CHECK,
            connectionPool={"http": {"maxConnections": 10, "maxPendingRequests": 5}},
            outlierDetection={
                "maxServerErrors": 5,
                "interval": {"unit": "s", "value": 10},
                "baseEjectionDuration": {"unit": "ms", "value": 500},
                "maxEjectionPercent": 50,
            },
            timeout={"http": {"perRequest": {"unit": "s", "value": 3}, "idle": {"unit": "s", "value": 0}}},
            tls=TLS,
        )
    ],
    "serviceDiscovery": {"dns": {"hostname": "a.local", "responseType": "ENDPOINTS"}},
    "backends": [{"virtualService": {"virtualServiceName": "b.local"}}],
    "backendDefaults": POLICY,
    "logging": LOGGING,
}
B = {
    "listeners": [listener(8080, "http")],
    "serviceDiscovery": {
        "awsCloudMap": {
            "namespaceName": "ns",
            "serviceName": "b",
            "attributes": [{"key": "stage", "value": "blue"}],
        }
    },
}
ACTION = {"weightedTargets": [{"virtualNode": "a", "weight": 90}, {"virtualNode": "b", "weight": 10}]}
ROUTES: dict[str, dict[str, Any]] = {
    "http": {
        "priority": 1,
        "httpRoute": {
            "match": {
                "prefix": "/",
                "method": "GET",
                "headers": [{"name": "x", "invert": True, "match": {"range": {"start": 1, "end": 5}}}],
            },
            "action": ACTION,
            "retryPolicy": {
                "maxRetries": 2,
                "perRetryTimeout": {"unit": "ms", "value": 250},
                "httpRetryEvents": ["server-error"],
                "tcpRetryEvents": ["connection-error"],
            },
            "timeout": {"perRequest": {"unit": "s", "value": 1}},
        },
    },
    "grpc": {
        "grpcRoute": {
            "match": {"serviceName": "pkg.Service", "methodName": "Get"},
            "action": ACTION,
            "retryPolicy": {
                "maxRetries": 1,
                "perRetryTimeout": {"unit": "s", "value": 1},
                "grpcRetryEvents": ["unavailable"],
            },
        }
    },
    "tcp": {"tcpRoute": {"action": ACTION, "timeout": {"idle": {"unit": "s", "value": 60}}}},
}
GATEWAY = {"listeners": [listener(8088, "http", healthCheck={**CHECK, "port": 8088})], "logging": LOGGING}
GATEWAY_ROUTE = {
    "httpRoute": {
        "match": {"prefix": "/b", "hostname": {"suffix": ".local"}},
        "action": {
            "target": {"virtualService": {"virtualServiceName": "b.local"}},
            "rewrite": {"prefix": {"defaultPrefix": "DISABLED"}},
        },
    }
}
TAGS = [{"key": "owner", "value": "me"}, {"key": "stage", "value": ""}]

CREATES: list[tuple[str, dict[str, Any]]] = [
    ("mesh", {"meshName": "m", "spec": {"egressFilter": {"type": "ALLOW_ALL"}}, "tags": TAGS}),
    ("virtual_node", {"meshName": "m", "virtualNodeName": "a", "spec": A}),
    ("virtual_node", {"meshName": "m", "virtualNodeName": "b", "spec": B, "tags": TAGS}),
    (
        "virtual_router",
        {"meshName": "m", "virtualRouterName": "r", "spec": {"listeners": [listener(80, "http")]}},
    ),
    *(
        ("route", {"meshName": "m", "virtualRouterName": "r", "routeName": name, "spec": spec})
        for name, spec in ROUTES.items()
    ),
    (
        "virtual_service",
        {
            "meshName": "m",
            "virtualServiceName": "b.local",
            "spec": {"provider": {"virtualRouter": {"virtualRouterName": "r"}}},
        },
    ),
    ("virtual_gateway", {"meshName": "m", "virtualGatewayName": "g", "spec": GATEWAY}),
    (
        "gateway_route",
        {"meshName": "m", "virtualGatewayName": "g", "gatewayRouteName": "in", "spec": GATEWAY_ROUTE},
    ),
]


def names(arguments: dict[str, Any]) -> dict[str, Any]:
    """The names alone: what Describe and Delete take."""
    return {key: one for key, one in arguments.items() if key.endswith("Name")}
