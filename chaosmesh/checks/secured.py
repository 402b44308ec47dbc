"""TLS: who must speak it, who is refused, and that calls work where both sides agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.checks.handshake import modes
from chaosmesh.checks.model import (
    Check,
    Outcome,
    Probe,
    Seen,
    Skipped,
    TlsUse,
    answer_text,
    done,
    every,
    every_request,
)
from chaosmesh.checks.reach import Way
from chaosmesh.checks.wiring import Ways, plain_request
from chaosmesh.ledger import Request

COUNT = 3


def listener_checks(ways: Ways, owner: Resource) -> Iterator[Check | Skipped]:
    """The TLS of a node's or gateway's listeners, by knocking at its sidecar in plain text and in TLS."""
    for listener in owner.spec.listeners or ():
        if listener.tls is not None:
            yield from _listener(ways, owner, listener)


def _listener(ways: Ways, owner: Resource, listener: Any) -> Iterator[Check | Skipped]:
    tls, port = listener.tls, listener.port_mapping.port
    base = f"{owner.id}/listeners.{port}.tls"
    shape = plain_request(listener.port_mapping.protocol)
    mutual = tls.validation is not None and tls.mode != "DISABLED"

    def knock(use: TlsUse) -> Probe:
        return Probe(owner.name, "", shape, COUNT, port=port, place="sidecar", tls=use, timeout=5.0)

    plain_in = tls.mode != "STRICT"
    probes, wanted = [knock("plain")], [plain_in]
    if tls.mode != "DISABLED" and not mutual:
        probes.append(knock("unnamed"))
        wanted.append(True)
    words = {
        "STRICT": "takes TLS alone",
        "PERMISSIVE": "takes TLS and plain text",
        "DISABLED": "takes plain text",
    }
    yield _check(f"{base}.mode", owner, f"{owner.name}:{port} {words[tls.mode]}", probes, wanted)
    (kind, _) = tls.certificate.member
    name = f"{base}.certificate"
    if tls.mode == "DISABLED":
        yield Skipped(name, "TLS is off: nobody sees it")
    elif mutual:
        yield from _through(
            ways, owner, port, name, f"shows its certificate ({kind}) to callers that believe it"
        )
    else:
        yield _check(
            name, owner, f"{owner.name}:{port} shows its certificate ({kind})", [knock("unnamed")], [True]
        )
    if tls.validation is None:
        return
    if mutual:
        statement = f"{owner.name}:{port} refuses who shows no certificate"
        yield _check(f"{base}.validation.trust", owner, statement, [knock("unnamed")], [False])
    else:
        yield Skipped(f"{base}.validation.trust", "TLS is off: nobody is asked for a certificate")
    if tls.validation.subject_alternative_names is not None:
        yield Skipped(
            f"{base}.validation.subjectAlternativeNames",
            "no caller with another name is there to be refused (those with a right one are let in)",
        )


def _through(ways: Ways, owner: Resource, port: int, name: str, words: str) -> Iterator[Check | Skipped]:
    way = ways.whole(owner.name, port, first=port == owner.spec.listeners[0].port_mapping.port)
    if isinstance(way, str):
        yield Skipped(name, f"{way}, and users have no certificate of their own")
        return
    yield Check(name, owner, f"{owner.name}:{port} {words}", "documented", (way.probe(COUNT),), judge_calls)


def _check(
    name: str, owner: Resource, statement: str, probes: Sequence[Probe], wanted: Sequence[bool]
) -> Check:
    return Check(name, owner, statement, "documented", tuple(probes), lambda seen: judge(seen, wanted))


def judge(seen: Sequence[Seen], wanted: Sequence[bool]) -> Outcome:
    """Whether who knocked was let in: any answer says so, a connection that is closed says no."""
    by_id = {one.request_id: want for part, want in zip(seen, wanted, strict=True) for one in part.requests}

    def right(one: Request) -> str:
        if bool(one.status) is by_id[one.request_id]:
            return ""
        return f"let in (status {one.status})" if one.status else f"refused: {one.error}"

    return every_request(seen, right, expected={"let_in": list(wanted)}, observed=_answers)


def _answers(requests: Sequence[Request]) -> Mapping[str, Any]:
    return {"answers": dict(Counter(str(one.status or one.error) for one in requests))}


def client_checks(ways: Ways, node: Resource) -> Iterator[Check | Skipped]:
    """Client policies of a node's backends, and of its defaults. What can be seen is that calls get through to a server
    that takes nothing but TLS."""
    for backend in getattr(node.spec, "backends", None) or ():
        service, policy = backend.virtual_service.virtual_service_name, backend.virtual_service.client_policy
        if policy and policy.tls:
            base = f"{node.id}/backends.{service}.clientPolicy.tls"
            yield from _policy(ways, node, policy.tls, base, [service])
    defaults = node.spec.backend_defaults
    if defaults and defaults.client_policy and defaults.client_policy.tls:
        base = f"{node.id}/backendDefaults.clientPolicy.tls"
        yield from _policy(ways, node, defaults.client_policy.tls, base, _defaulted(ways.resources, node))


def _defaulted(resources: Resources, node: Resource) -> list[str]:
    """Services whose calls follow the defaults: backends without a policy of their own; all that a gateway calls."""
    if node.kind == "virtualGateway":
        routes = resources.gateway_routes_of(node.name)
        return list(
            dict.fromkeys(one.spec.body.action.target.virtual_service.virtual_service_name for one in routes)
        )
    backends = (one.virtual_service for one in node.spec.backends or ())
    return [one.virtual_service_name for one in backends if not (one.client_policy and one.client_policy.tls)]


def _policy(
    ways: Ways, node: Resource, tls: Any, base: str, services: Sequence[str]
) -> Iterator[Check | Skipped]:
    fields = [f"validation.{name}" for name, _ in tls.validation.written()]
    fields += [name for name, _ in tls.written() if name != "validation"]
    found = _leading(ways, node, services, "STRICT")
    open_ = _leading(ways, node, services, "DISABLED")
    for field in fields:
        name = f"{base}.{field}"
        if field == "enforce" and tls.enforce is False:
            yield Skipped(name, "not enforced: the server decides, and its own rule is tried")
        elif field == "ports":
            yield Skipped(name, "which of its calls spoke TLS is not told by any log")
        elif field == "enforce" and open_ is not None and not tls.ports:
            yield Check(
                name,
                node,
                f"no call of {node.name} gets through to {' or '.join(open_[1])}, where nobody speaks TLS",
                "documented",
                (open_[0].probe(COUNT),),
                judge_refused,
            )
        elif field == "certificate" and found and not _asks(ways.resources, found[1]):
            yield Skipped(name, f"{' or '.join(found[1])} does not ask for it")
        elif found is None:
            yield Skipped(
                name, "no server that it calls takes TLS alone: nothing here tells which was spoken"
            )
        else:
            yield Check(
                name,
                node,
                f"{node.name} reaches {' or '.join(found[1])}, where nothing but TLS is taken",
                "documented",
                (found[0].probe(COUNT),),
                judge_calls,
            )


def _leading(
    ways: Ways, node: Resource, services: Sequence[str], mode: str
) -> tuple[Way, tuple[str, ...]] | None:
    """A way of this client to nodes that all have one mode, and these nodes."""
    for service in services:
        for way, nodes in ways.of_client(service, node.name):
            if modes(ways.resources, nodes) == {mode}:
                return way, nodes
    return None


def _asks(resources: Resources, nodes: Sequence[str]) -> bool:
    listeners = (one for name in nodes for one in resources.virtual_nodes[name].spec.listeners or ())
    return any(one.tls and one.tls.validation for one in listeners)


def judge_calls(seen: Sequence[Seen]) -> Outcome:
    """All calls reached a server that answered."""
    return every(
        seen,
        lambda call: (
            "" if call.tcp or (call.attempts and done(call.attempts[-1])) else f"got {answer_text(call)}"
        ),
        expected={"answered": True},
        observed=lambda calls: {"answers": dict(Counter(answer_text(one) for one in calls))},
    )


def judge_refused(seen: Sequence[Seen]) -> Outcome:
    """No call got an answer of the server's."""
    return every(
        seen,
        lambda call: f"got {answer_text(call)}" if call.attempts and done(call.attempts[-1]) else "",
        expected={"answered": False},
        observed=lambda calls: {"answers": dict(Counter(answer_text(one) for one in calls))},
    )
