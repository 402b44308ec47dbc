"""What is translated in the golden files, one entry a feature."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.mesh import (
    AccessLog,
    Breaker,
    ClientTls,
    Discovery,
    Ejection,
    Fallback,
    HealthCheck,
    Identity,
    Listener,
    Match,
    Mesh,
    Pattern,
    RequestFault,
    Retry,
    RetryBudget,
    Rewrite,
    ServerTls,
    Service,
    ServicePort,
    Target,
    Timeout,
    Topology,
    Trust,
    Workload,
)
from tests.gateways import behind, entry_route, gateway
from tests.meshes import mesh, pair, route, service, topology, workload

Case = tuple[Mesh, Topology, tuple[RequestFault, ...]]
HIDDEN = Retry(
    2,
    None,
    statuses=(503,),
    on_reset=True,
    on_connect_failure=True,
    on_refused_stream=True,
    grpc=("unavailable",),
    avoid_previous_hosts=True,
    implicit=True,
)


def _case(made: Mesh, *faults: RequestFault, **settings: object) -> Case:
    return made, topology(made, "127.99", **settings), faults  # type: ignore[arg-type]


def weights() -> Case:
    """Three arms, one of weight 0 that stays; two replicas of one of them."""
    arms = {"blue": 90, "green": 10, "red": 0}
    return _case(pair(route("color", "split", arms), arms=tuple(arms)), replicas={"blue": 2}, direct=False)


def retries() -> Case:
    """A written policy, and the hidden default one."""
    written = Retry(
        3,
        0.25,
        statuses=(502, 503, 504, 409),
        on_reset=True,
        on_refused_stream=True,
        avoid_previous_hosts=True,
    )
    return _case(
        pair(
            route("color", "written", {"blue": 1}, match=Match(prefix="/w"), retry=written),
            route("color", "hidden", {"blue": 1}, retry=HIDDEN),
        )
    )


def timeouts() -> Case:
    """15 s unless written; 0 switches off; a listener's own."""
    made = mesh(
        [workload("front", "color"), workload("blue", timeout=Timeout(20, 0))],
        [
            service(
                "color",
                route("color", "none", {"blue": 1}, match=Match(prefix="/none"), timeout=Timeout(0, 60)),
                route("color", "short", {"blue": 1}, match=Match(prefix="/short"), timeout=Timeout(0.25)),
                route("color", "default", {"blue": 1}),
            )
        ],
    )
    return _case(made)


def matches() -> Case:
    """Every condition that a route can have."""
    patterns = (
        Pattern("exact", "exact", "a"),
        Pattern("prefix", "prefix", "b", invert=True),
        Pattern("suffix", "suffix", "c"),
        Pattern("regex", "regex", "d.*"),
        Pattern("range", "range", low=100, high=150),
        Pattern("present", "present"),
        Pattern("absent", "present", invert=True),
    )
    to = {"blue": 1}
    return _case(
        pair(
            route("color", "headers", to, match=Match(prefix="/", headers=patterns)),
            route("color", "path", to, match=Match(path="/exact", method="GET", scheme="http")),
            route("color", "regex", to, match=Match(path_regex="/v[0-9]+/.*")),
            route(
                "color", "query", to, match=Match(query=(Pattern("q", "exact", "1"), Pattern("r", "present")))
            ),
        )
    )


def ejection() -> Case:
    """Declared at the server, done at its clients."""
    made = mesh(
        [workload("front", "color"), workload("blue", ejection=Ejection(5, 30, 10, 50))],
        [service("color", route("color", "all", {"blue": 1}))],
    )
    return _case(made, replicas={"blue": 2})


def health() -> Case:
    """A health check is made by every client against every replica."""
    check = HealthCheck("http", 2, 3, 5, 2, "/ping", 8080)
    made = mesh(
        [workload("front", "color"), workload("blue", health=check)],
        [service("color", route("color", "all", {"blue": 1}))],
    )
    return _case(made, replicas={"blue": 2})


def pools() -> Case:
    """A connection pool limits the workload that declares it; profiles without open breakers write none."""
    made = mesh(
        [workload("front", "color"), workload("blue", pool=Breaker(max_connections=10, max_pending=5))],
        [service("color", route("color", "all", {"blue": 1}))],
    )
    return _case(replace(made, breaker=Breaker()))


def ports() -> Case:
    """Several listeners and service ports; a route that holds on one port only."""
    server = Workload(
        "blue", (Listener(8080, "http"), Listener(9090, "http")), (), Discovery("strict_dns", "blue.local")
    )
    arm = route("color", "admin", {"blue": 1}, match=Match(port=9090))
    arm = replace(arm, targets=tuple(replace(one, port=9090) for one in arm.targets))
    color = Service(
        "color",
        (ServicePort(8080, "http"), ServicePort(9090, "http")),
        (arm, route("color", "all", {"blue": 1})),
    )
    return _case(mesh([workload("front", "color"), server], [color]))


def door() -> Case:
    """An entry's door: its own chain, and headers that steer us end there."""
    return _case(pair(), doors=("front",))


def grpc() -> Case:
    """gRPC speaks HTTP/2 on both sides."""
    made = mesh(
        [workload("front", "color", protocol="http2"), workload("blue", protocol="grpc")],
        [
            service(
                "color",
                route("color", "all", {"blue": 1}, match=Match(prefix="/color.Color/"), protocol="grpc"),
                protocol="grpc",
            )
        ],
    )
    return _case(made)


def tcp() -> Case:
    """TCP is told apart by address; an arm of weight 0 can't stay there."""
    made = mesh(
        [
            workload("front", "db"),
            workload("one", port=5432, protocol="tcp"),
            workload("two", port=5432, protocol="tcp"),
        ],
        [
            service(
                "db",
                route("db", "all", {"one": 1, "two": 0}, protocol="tcp", timeout=Timeout(idle=30)),
                port=5432,
                protocol="tcp",
            )
        ],
    )
    return _case(made)


def faults() -> Case:
    """Request faults stand in the callee's routes; the callers' sidecars know nothing of them."""
    return _case(
        pair(route("color", "split", {"blue": 1, "green": 1}), arms=("blue", "green")),
        RequestFault("f1", "front", "color", 0.3, 7, status=503),
        RequestFault("f2", "front", "color", 1 / 3, 2**60 + 1, delay_ms=300, workload="blue"),
        RequestFault("f3", "front", "color", 0.1, 7, grpc_status=14),
        RequestFault("f4", "front", "color", 1.0, 7, status=500, replica=1, path="/a", headers=(("X-User", "b"),)),
        RequestFault("f5", "front", "color", 1.0, 7, status=500, workload="green", prefix="/b"),
        replicas={"blue": 2},
    )


def dns() -> Case:
    """Behind a logical DNS name every client sees one host."""
    made = pair()
    blue = replace(made.workload("blue"), discovery=Discovery("logical_dns", "blue.local"))
    return _case(replace(made, workloads=(made.workload("front"), blue)))


def empty_service() -> Case:
    """A service whose router has no routes answers 404."""
    return _case(mesh([workload("front", "color")], [service("color")]))


def fallbacks() -> Case:
    """Two arms with one fallback; its replicas are asked by a retry, and when the arm's own are unfit."""
    every = Fallback(Target("grey", 1), frozenset({"failing", "down", "ejected", "unhealthy"}))
    down = Fallback(Target("grey", 1), frozenset({"down"}))
    check = HealthCheck("http", 2, 3, 5, 2, "/ping")
    arms = [workload("blue", ejection=Ejection(5, 30, 10, 50), health=check), workload("green")]
    split = replace(route("color", "split", {"blue": 1, "green": 1}), fallback=every)
    refused = replace(
        route("color", "refused", {"blue": 1}, match=Match(prefix="/r"), retry=HIDDEN), fallback=down
    )
    made = mesh([workload("front", "color"), *arms, workload("grey")], [service("color", refused, split)])
    return _case(made, replicas={"blue": 2}, direct=False)


def fallback_transports() -> Case:
    """Two kinds of transport in one cluster: TLS to the own replicas, plain text to those of the fallback."""
    other = Fallback(Target("grey", 1), frozenset({"failing"}))
    strict = ServerTls("strict", Identity("issued", "arn:cert/blue"))
    made = mesh(
        [workload("front", "color"), workload("blue", tls=strict), workload("grey")],
        [service("color", replace(route("color", "all", {"blue": 1}), fallback=other))],
    )
    return _case(made)


def budgets() -> Case:
    """A budget takes the place of a limit of retries; one client has its own."""
    made = mesh(
        [workload("front", "color"), workload("back", "color"), workload("blue")],
        [service("color", route("color", "all", {"blue": 1}, retry=HIDDEN))],
    )
    own = RetryBudget("blue", 50, 1, client="back")
    return _case(replace(made, budgets=(RetryBudget("blue", 20, 3), own)))


def tls() -> Case:
    """Strict with clients' certificates, permissive, and what clients do: by policy, and by negotiation."""
    trust = Trust("file", ("/ca.pem",), ("front.local", "spiffe://mesh/front"))
    issued = ServerTls("permissive", Identity("issued", "arn:blue"))
    strict = ServerTls("strict", Identity("file", "/own.pem", "/own.key"), trust)
    check = HealthCheck("http", 2, 3, 5, 2, "/ping")
    made = mesh(
        [
            workload("front", "color", "tint", protocol="http2", tls=replace(strict, trust=None)),
            workload("blue", tls=issued),
            workload("green", protocol="grpc", tls=strict, health=check),
        ],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("tint", route("tint", "all", {"green": 1})),
        ],
    )
    shown = Identity("sds", "spiffe://mesh/front")
    rule = ClientTls(Trust("sds", ("ca-one", "ca-two"), ("green.local",)), shown)
    front = replace(made.workload("front"), client_tls=(("tint", rule),))
    return _case(replace(made, workloads=(front, *made.workloads[1:])))


def access_logs() -> Case:
    """A text in a file, pairs on the standard output, and the default format; HTTP and TCP, in and out."""
    made = mesh(
        [workload("front", "color", "db"), workload("blue"), workload("store", port=5432, protocol="tcp")],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("db", route("db", "all", {"store": 1}, protocol="tcp"), port=5432, protocol="tcp"),
        ],
    )
    logs = (
        AccessLog("/var/log/front.log", text="%PROTOCOL%:%DURATION%\n"),
        AccessLog("/dev/stdout", json=(("protocol", "it is %PROTOCOL%"), ("path", "%REQ(:path)%"))),
        AccessLog("/var/log/store.log"),
    )
    written = zip(made.workloads, logs, strict=True)
    return _case(replace(made, workloads=tuple(replace(one, access_log=log) for one, log in written)))


def open_egress() -> Case:
    """What is no backend is let out: hosts of the mesh to their sidecars, all others by DNS."""
    made = mesh(
        [workload("front", "color"), workload("blue"), workload("red", port=9090)],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("tint", route("tint", "all", {"blue": 0, "red": 1})),
        ],
    )
    return _case(replace(made, open_egress=True))


def gateways() -> Case:
    """Two listeners; prefixes in both forms, a host that is kept, an expression, a gRPC service."""
    rules = (
        entry_route("red", "red.local", Match(prefix="/red"), Rewrite(prefix="/")),
        entry_route("kept", "blue.local", Match(prefix="/kept"), Rewrite(host=False), port=8080),
        entry_route("path", "red.local", Match(path="/a", host="www.example.com"), Rewrite(path="/b")),
        entry_route("regex", "red.local", Match(path_regex="/v[0-9]+", port=8443), Rewrite(path="/v")),
        entry_route("grpc", "blue.local", Match(prefix="/color.Color/", port=8443), protocol="grpc"),
        entry_route("suffix", "blue.local", Match(host_suffix=".example.com"), Rewrite()),
    )
    listeners = [Listener(8088, "http", pool=Breaker(10, 5)), Listener(8443, "http2")]
    return _case(behind(gateway(*rules, listeners=listeners), "red", "blue"), doors=("door",))


CASES = {
    one.__name__: one
    for one in (
        weights,
        retries,
        timeouts,
        matches,
        ejection,
        health,
        pools,
        ports,
        door,
        grpc,
        tcp,
        faults,
        dns,
        empty_service,
        gateways,
        tls,
        access_logs,
        open_egress,
        fallbacks,
        fallback_transports,
        budgets,
    )
}
