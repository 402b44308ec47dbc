"""What tells the copies of a node apart: discovery, health checks, and ejection of one that fails."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from chaosmesh.appmesh import Resource
from chaosmesh.checks.model import Act, Check, Outcome, Seen, Skipped, every
from chaosmesh.checks.reach import Way
from chaosmesh.checks.wiring import Ways
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Attempt

LONGEST = 90.0
"""Seconds that a check may take; what takes longer is not checked."""

SETTLE = 2.0
"""Seconds until every worker of a sidecar knows that a host left or came back, and a busy host's timers fired."""

WATCHED = 20.0
"""Seconds for which an ejected copy is watched where waiting for its return would take too long."""

LONE = "only one copy of it runs: give it `replicas: 2` in the scenario"


def discovery_checks(ways: Ways, node: Resource, replicas: int) -> Iterator[Check | Skipped]:
    """How many hosts a node is to its clients."""
    found = node.spec.service_discovery
    if found is None:
        return
    kind, value = found.member
    base = f"{node.id}/serviceDiscovery.{'dns' if kind == 'dns' else 'awsCloudMap'}"
    for field in ("hostname", "namespace_name"):
        if getattr(value, field, None):
            word = "hostname" if field == "hostname" else "namespaceName"
            yield Skipped(f"{base}.{word}", "nothing is looked up by name here: addresses are the run's own")
    if value.ip_preference:
        yield Skipped(f"{base}.ipPreference", "everything runs on IPv4 loopback addresses")
    for one in getattr(value, "attributes", None) or ():
        yield Skipped(
            f"{base}.attributes.{one.key}", "all copies belong to the node: attributes filter nothing here"
        )
    name = f"{base}.{'responseType' if kind == 'dns' else 'serviceName'}"
    single = kind == "dns" and value.response_type != "ENDPOINTS"
    way = _best(ways, node.name)
    if way is None:
        yield Skipped(name, "nobody calls it")
    elif not single and replicas < 2:
        yield Skipped(name, LONE)
    else:
        copies = 1 if single else replicas
        count = math.ceil(10 * copies / way[1])
        words = "is one host to its clients" if single else f"gets calls at each of its {replicas} copies"
        origin = " (the default where none is written)" if single and not value.response_type else ""
        yield Check(
            name,
            node,
            f"{node.name} {words}{origin}",
            "documented",
            (way[0].probe(count, rate=20.0 if count <= 40 else 200.0),),
            lambda seen: judge_copies(seen, node.name, copies),
            turn=0,
            alone=frozenset({f"copies {node.name}"}),
        )


def _best(ways: Ways, node: str) -> tuple[Way, float] | None:
    """The way on which most calls go to a node, with the share of them."""
    return max(((way, share) for way, share, _ in ways.to_node(node)), key=lambda one: one[1], default=None)


def judge_copies(seen: Sequence[Seen], node: str, copies: int) -> Outcome:
    """All copies get calls, and no more are there."""
    asked = Counter(one.replica for one in _attempts(seen, node))
    expected, observed = {"copies": copies}, {"calls": {str(k): n for k, n in sorted(asked.items(), key=str)}}
    text = "" if len(asked) == copies else f"{len(asked)} of {copies} copies were called"
    return every(seen, lambda _: text, expected=expected, observed=lambda _: observed)


def _attempts(seen: Sequence[Seen], node: str) -> list[Attempt]:
    found = [one for part in seen for call in part.calls for one in call.attempts if one.server == node]
    return sorted(found, key=lambda one: one.start_ns)


# -- health checks -----------------------------------------------------------------------------------------


def health_checks(ways: Ways, node: Resource, replicas: int) -> Iterator[Check | Skipped]:
    """A copy whose health check fails gets no calls, and comes back."""
    for listener in node.spec.listeners or ():
        if listener.health_check is not None:
            name = f"{node.id}/listeners.{listener.port_mapping.port}.healthCheck"
            yield _health(ways, node, listener, name, replicas)


def _health(ways: Ways, node: Resource, listener: Any, name: str, replicas: int) -> Check | Skipped:
    check, port = listener.health_check, listener.port_mapping.port
    way = _on_port(ways, node, port)
    interval, timeout = check.interval_millis / 1000, check.timeout_millis / 1000
    leaves = check.unhealthy_threshold * interval + timeout + SETTLE
    returns = check.healthy_threshold * interval + timeout + SETTLE
    total = 2 + leaves + SETTLE + returns + SETTLE
    if isinstance(way, str):
        return Skipped(name, way)
    if replicas < 2:
        return Skipped(name, _lone(node))
    if check.port not in {None, *(one.port_mapping.port for one in node.spec.listeners)}:
        return Skipped(name, f"it asks port {check.port}, on which no stand-in listens")
    if check.protocol == "tcp":
        return Skipped(
            name, "a proxy in front of every copy accepts connections: a TCP check fails only with the edge"
        )
    if total > LONGEST:
        return Skipped(name, f"takes about {total:.0f} s: longer than a check waits")
    rate = min(50.0, 10 / way[1])
    sick, well = math.ceil(rate * 2), math.ceil(rate * (2 + leaves + SETTLE))
    alone = interval + SETTLE / 2  # in which another check of the copy has failed
    acts = (Act(sick, "sick", node.name), Act(well, "well", node.name, alone_s=alone))
    probe = way[0].probe(math.ceil(rate * total), rate=rate, acts=acts, timeout=60.0)
    return Check(
        name,
        node,
        f"{node.name}: a copy that fails {check.unhealthy_threshold} checks gets no calls, "
        f"one that passes {check.healthy_threshold} gets them again",
        "documented",
        (probe,),
        lambda seen: judge_health(seen, node.name, leaves, returns, alone),
        turn=4,
        alone=frozenset({f"copies {node.name}"}),
    )


def _lone(node: Resource) -> str:
    found = node.spec.service_discovery
    if found and found.dns and found.dns.response_type != "ENDPOINTS":
        return "behind DNS LOADBALANCER it is one host to its clients: no other copy could take its calls"
    return LONE


def _on_port(ways: Ways, node: Resource, port: int) -> tuple[Way, float] | str:
    first = node.spec.listeners[0].port_mapping.port
    found = [(way, share) for way, share, wanted in ways.to_node(node.name) if (wanted or first) == port]
    return max(found, key=lambda one: one[1]) if found else "nobody calls it on this port"


def judge_health(
    seen: Sequence[Seen], node: str, leaves: float, returns: float, alone: float = 0.0
) -> Outcome:
    """By the times at which the copy's checks began to fail and to pass. Where they passed again before the copy had to
    be out, it must have been left alone for `alone` seconds by then."""
    expected = {"leaves_within_s": leaves, "returns_within_s": returns}
    marks = seen[0].marks
    found = _attempts(seen, node)
    if len(marks) != 2 or not found:
        return Outcome(
            Verdict.INVALID, "no call reached it, or its checks never failed", {}, expected, len(found)
        )
    sick, well = marks
    mine = [one.start_ns for one in found if one.replica == 0]
    due = sick + leaves * 1e9
    since = due if well > due else well - alone * 1e9
    out = [at for at in mine if due < at < well]
    rest = [one for one in found if one.replica != 0 and since < one.start_ns < well]
    last = max((at for at in mine if sick < at < well), default=sick)
    back = [at for at in mine if at > well]
    observed: dict[str, Any] = {"left_after_s": round((last - sick) / 1e9, 1)}
    if back:
        observed["back_after_s"] = round((back[0] - well) / 1e9, 1)
    n = len(found)
    if not any(at < sick for at in mine) or not rest:
        return Outcome(
            Verdict.INVALID, "its copies did not both get calls before and meanwhile", observed, expected, n
        )
    if out:
        reason = f"{len(out)} calls went to the copy whose checks fail, the last {observed['left_after_s']} s after"
        return Outcome(Verdict.FAIL, reason, observed, expected, n)
    if last > since:
        reason = f"a call went to the copy {(well - last) / 1e9:.1f} s before its checks passed again"
        return Outcome(
            Verdict.INCONCLUSIVE, f"{reason}: too soon to know that it stays out", observed, expected, n
        )
    if not back or back[0] > well + returns * 1e9:
        return Outcome(
            Verdict.FAIL, f"it got no calls within {returns:g} s of its recovery", observed, expected, n
        )
    return Outcome(Verdict.PASS, f"all {n} calls", observed, expected, n)


# -- ejection ----------------------------------------------------------------------------------------------


def ejection_checks(ways: Ways, node: Resource, replicas: int) -> Iterator[Check | Skipped]:
    """A copy that fails in a row gets no calls for a while, and comes back."""
    for listener in node.spec.listeners or ():
        if listener.outlier_detection is not None:
            name = f"{node.id}/listeners.{listener.port_mapping.port}.outlierDetection"
            yield _ejection(ways, node, listener, name, replicas)


def _ejection(ways: Ways, node: Resource, listener: Any, name: str, replicas: int) -> Check | Skipped:
    written = listener.outlier_detection
    errors, base = written.max_server_errors, written.base_ejection_duration.seconds
    interval = written.interval.seconds
    way = _on_port(ways, node, listener.port_mapping.port)
    if isinstance(way, str):
        return Skipped(name, way)
    if replicas < 2:
        return Skipped(name, _lone(node))
    if way[0].shape.protocol == "tcp":
        return Skipped(name, "connections have no status that counts as an error")
    if base < 2 * SETTLE:
        return Skipped(name, f"{base:g} s are too short to be told from what a sidecar takes to act on it")
    rate = min(100.0, max(20.0, errors * 2.0) / way[1])
    filling = errors * replicas / (rate * way[1]) + 1
    whole = filling + base + interval + 2 * SETTLE
    awaited = whole <= LONGEST
    if filling > LONGEST / 2:
        return Skipped(
            name, f"{errors} errors in a row take about {filling:.0f} s: longer than a check waits"
        )
    watched = base if awaited else min(base, WATCHED)
    seconds = whole if awaited else filling + watched + SETTLE
    words = f"{node.name}.0={'grpc:14' if way[0].shape.protocol == 'grpc' else 'status:500'}"
    rest = f"gets none for {watched:g} s" + (" and comes back" if awaited else " (its return is not awaited)")
    return Check(
        name,
        node,
        f"{node.name}: a copy that fails {errors} times in a row {rest}",
        "documented",
        (way[0].probe(math.ceil(seconds * rate), rate=rate, standin=words, timeout=60.0),),
        lambda seen: judge_ejection(seen, node.name, errors, watched, interval if awaited else None),
        turn=1,
        alone=frozenset({f"copies {node.name}", f"{way[0].client}>{node.name}"}),
    )


def judge_ejection(
    seen: Sequence[Seen], node: str, errors: int, watched: float, interval: float | None
) -> Outcome:
    """`watched`: seconds without calls after the last error; `interval`: how long the return may take beyond."""
    expected: dict[str, Any] = {"errors": errors, "out_s": watched}
    found = _attempts(seen, node)
    mine = [one for one in found if one.replica == 0]
    if not found or len(mine) == len(found):
        return Outcome(Verdict.INVALID, "its copies did not both get calls", {}, expected, len(found))
    gap = max(
        ((b.start_ns - a.start_ns, i) for i, (a, b) in enumerate(pairwise(mine[:errors]), 1)),
        default=(0, 0),
    )
    n = len(found)
    if len(mine) < errors or gap[0] > watched * 0.8e9:
        j = gap[1] if gap[0] > watched * 0.8e9 else len(mine)
        return Outcome(Verdict.FAIL, f"it left after {j} errors, not {errors}", {"errors": j}, expected, n)
    left = max(_end(one) for one in mine[:errors])
    after = [one.start_ns for one in mine if one.start_ns > left + SETTLE * 1e9]
    out = [at for at in after if at < left + watched * 1e9]
    observed: dict[str, Any] = {
        "errors": errors,
        "back_after_s": round((after[0] - left) / 1e9, 1) if after else None,
    }
    if out:
        reason = f"{len(out)} calls went to it from {SETTLE:g} s to {watched:g} s after its {errors}th error"
        return Outcome(Verdict.FAIL, reason, observed, expected, n)
    if interval is not None and (not after or after[0] > left + (watched + interval + SETTLE) * 1e9):
        reason = f"it got no calls again within {watched + interval:g} s"
        return Outcome(Verdict.FAIL, reason, observed, expected, n)
    return Outcome(Verdict.PASS, f"all {n} calls", observed, expected, n)


def _end(one: Attempt) -> float:
    return one.start_ns + one.duration_ms * 1e6


def checks(ways: Ways, node: Resource, replicas: Mapping[str, int]) -> Iterator[Check | Skipped]:
    """All of these of one node."""
    copies = replicas.get(node.name, 1)
    yield from discovery_checks(ways, node, copies)
    yield from health_checks(ways, node, copies)
    yield from ejection_checks(ways, node, copies)
