"""One request's rows joined into its calls and attempts.

A request id is not a call id: one request may call the same service many times, so that rows of a call
are found by the call id which the caller's sidecar puts on every attempt, in both logs. The caller's
downstream row is the call, its upstream rows are the attempts; the server's downstream row of the same call
and attempt tells the replica, the victim and the lineage. A connection (TCP) carries no ids: the caller's one row
of it is a call with one attempt, joined with nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger.addresses import Addresses, node_of, replica_of
from chaosmesh.ledger.blame import Blame
from chaosmesh.ledger.causes import Case
from chaosmesh.ledger.model import Attempt, Call, Request, succeeded
from chaosmesh.ledger.rows import order
from chaosmesh.load import Record, request_id, stream_of

CallKey = tuple[str, str]  # edge, call id


@dataclass(frozen=True, slots=True)
class Known:
    """What a join needs besides rows: addresses, when sidecars were killed (key → epoch ns), the streams whose
    requests are connections (TCP), which no row can be joined with, and what faults explain."""

    addresses: Addresses
    killed: Mapping[str, int]
    connections: Collection[int] = ()
    blame: Blame = field(default_factory=Blame)

    def died_after(self, sidecar: str, at_ns: int) -> bool:
        """Whether the rows of this sidecar from then on may be lost."""
        return self.killed.get(sidecar, -1) >= at_ns

    def node_died_after(self, node: str, at_ns: int) -> bool:
        """The same for any replica of a workload."""
        return any(node_of(key) == node and at >= at_ns for key, at in self.killed.items())


@dataclass(slots=True)
class _Parts:
    head: AccessRow | None = None
    attempts: dict[int, AccessRow] = field(default_factory=dict)
    servers: dict[int, AccessRow] = field(default_factory=dict)


class Trace:
    """All rows of one request id, and its record when a generator sent it."""

    __slots__ = ("_entry", "_parts", "calls", "dirty", "extra", "record", "request_id", "stream")

    def __init__(self, request: str) -> None:
        self.request_id = request
        self.stream = stream_of(request)
        self.record: Record | None = None
        self._entry: AccessRow | None = None
        self._parts: dict[CallKey, _Parts] = {}
        self.calls: dict[CallKey, Call] = {}
        self.dirty: set[CallKey] = set()
        self.extra: list[AccessRow] = []

    def add(self, row: AccessRow, addresses: Addresses) -> None:
        """Take in one row of this request, in any order."""
        if row.attempt_row:
            if row.call and row.side != "ingress":
                self._attempt(row, self._touch(row, addresses).attempts)
        elif row.side == "ingress" and row.call:
            self._attempt(row, self._touch(row, addresses).servers)
        else:
            if row.side == "egress" or row.call:
                self._head(row, self._touch(row, addresses))
            # A call with a lineage was caused by one above it: its row does not prove that the entry's is in.
            if row.side != "egress" or not row.lineage:
                self._enter(row)

    def _touch(self, row: AccessRow, addresses: Addresses) -> _Parts:
        key = _key(row, addresses)
        self.dirty.add(key)
        return self._parts.setdefault(key, _Parts())

    def _attempt(self, row: AccessRow, into: dict[int, AccessRow]) -> None:
        into[row.attempt] = self._first(into.get(row.attempt), row)

    def _head(self, row: AccessRow, parts: _Parts) -> None:
        parts.head = self._first(parts.head, row)

    def _first(self, old: AccessRow | None, new: AccessRow) -> AccessRow:
        if old is None:
            return new
        first, second = sorted((old, new), key=order)
        self.extra.append(second)
        return first

    def _enter(self, row: AccessRow) -> None:
        if self._entry is None or _entry_rank(row) < _entry_rank(self._entry):
            self._entry = row

    @property
    def entry(self) -> AccessRow | None:
        """The row of the sidecar at which it came in."""
        return self._entry

    def rebuild(self, known: Known) -> list[tuple[CallKey, Call | None, Call]]:
        """Join again what changed; gives (key, the call as it was, as it is)."""
        changed = []
        for key in self.dirty:
            call = _call(key, self._parts[key], self.request_id, self.stream, known)
            changed.append((key, self.calls.get(key), call))
            self.calls[key] = call
        self.dirty.clear()
        return changed

    def request(self, known: Known) -> Request | None:
        """The generator's request, None while its record is not in."""
        one = self.record
        if one is None or self.stream is None:
            return None
        calls = tuple(
            sorted(self.calls.values(), key=lambda call: (call.start_ns, call.client, call.service, call.id))
        )
        entry = self._entry
        grpc = entry.grpc_status if entry and one.grpc_status is None else one.grpc_status
        missing = [text for call in calls for text in call.missing]
        if entry is None and one.status and not known.killed and self.stream not in known.connections:
            missing.append(f"request {self.request_id}: the row of its entry")
        failed = bool(one.error) or not succeeded(one.status, grpc)
        return Request(
            stream=self.stream,
            seq=one.seq,
            spec=one.spec,
            request_id=request_id(self.stream, one.seq),
            intended_ns=one.intended_ns,
            sent_ns=one.sent_ns,
            done_ns=one.done_ns,
            status=one.status,
            grpc_status=grpc,
            size=one.size,
            error=one.error,
            entry=node_of(entry.sidecar) if entry else "",
            calls=calls,
            cause=Case(one, self.stream, entry, calls, known.blame, known.killed).cause() if failed else None,
            missing=tuple(missing),
            entry_route=entry.route if entry and entry.side != "egress" else "",
        )

    def unmatched(self, known: Known) -> list[tuple[AccessRow, str]]:
        """Rows that found no partner, each with the reason; what a killed sidecar took along is `lost` instead."""
        found = [(row, "a second row for the same attempt of the same call") for row in self.extra]
        for (edge, _), parts in self._parts.items():
            client = edge.partition(">")[0]
            if parts.head is None:
                found += [
                    (row, "its call's own row is missing")
                    for row in parts.attempts.values()
                    if not known.died_after(row.sidecar, row.start_ns)
                ]
            found += [
                (row, "the caller's row of this attempt is missing")
                for number, row in parts.servers.items()
                if number not in parts.attempts and not known.node_died_after(client, row.start_ns)
            ]
        return found

    def lost(self, known: Known) -> Counter[str]:
        """Rows that killed sidecars took along, by sidecar (by workload where only its peers tell of it)."""
        found: Counter[str] = Counter()
        for (edge, _), parts in self._parts.items():
            client = edge.partition(">")[0]
            seen = [*parts.attempts.values(), *parts.servers.values()]
            if parts.head is None and known.node_died_after(client, min(row.start_ns for row in seen)):
                found[next((row.sidecar for row in parts.attempts.values()), client)] += 1
            for number, row in parts.servers.items():
                if number not in parts.attempts and known.node_died_after(client, row.start_ns):
                    found[parts.head.sidecar if parts.head else client] += 1
            for number, row in parts.attempts.items():
                if number not in parts.servers and (dead := _dead_server(row, known)):
                    found[dead] += 1
        return found


def _key(row: AccessRow, addresses: Addresses) -> CallKey:
    """A call that no route took gets no id and no edge of its own, but may carry those of the call above it,
    where the application passes all headers on; its one row is all there is of it."""
    node = node_of(row.sidecar)
    if row.call and (row.side == "ingress" or row.edge.partition(">")[0] == node):
        return (row.edge, row.call)
    return (f"{node}>{addresses.service(row.authority)}", f"{row.sidecar}-{row.start_ns}")


def _entry_rank(row: AccessRow) -> tuple[int, tuple[object, ...]]:
    # Users come in at a door, a generator may also enter at an application's port or at a caller's egress.
    place = 0 if row.side == "door" else 1 if row.side == "ingress" else 2
    return (place, (len(row.lineage), *order(row)))


def _call(key: CallKey, parts: _Parts, request: str, stream: int | None, known: Known) -> Call:
    client, _, service = key[0].partition(">")
    head = parts.head
    made = {1: head} if head and head.tcp and head.attempt else parts.attempts
    numbers = sorted(made.keys() | parts.servers.keys())
    attempts = tuple(_attempt(n, made.get(n), parts.servers.get(n), known.addresses) for n in numbers)
    first = head or min((*parts.attempts.values(), *parts.servers.values()), key=order)
    own = head or next(iter(parts.attempts.values()), None)
    return Call(
        client=client,
        service=service,
        id=key[1],
        request_id=request,
        stream=stream,
        lineage=head.lineage if head else _parent(attempts),
        start_ns=first.start_ns,
        duration_ms=head.duration_ms if head else 0.0,
        status=head.status if head else 0,
        flags=head.flags if head else (),
        details=head.details if head else "",
        route=head.route if head else "",
        route_hash=head.route_hash if head else "",
        attempts=attempts,
        replica=replica_of(own.sidecar) if own else None,
        grpc_status=head.grpc_status if head else None,
        method=first.method,
        path=first.path,
        missing=tuple(_missing(key, parts, known)),
        tcp=first.tcp,
        received=first.received,
        sent=first.sent,
        host=first.authority,
        lost=head is None,
    )


def _parent(attempts: tuple[Attempt, ...]) -> str:
    return next((one.lineage.rpartition(".")[0] for one in attempts if one.lineage), "")


def _attempt(number: int, row: AccessRow | None, server: AccessRow | None, addresses: Addresses) -> Attempt:
    seen = row or server
    if seen is None:
        raise AssertionError("an attempt without rows")
    place = addresses.server(row.upstream) if row else None
    node, replica = place or ("", None)
    if server:
        node, replica = node_of(server.sidecar), replica_of(server.sidecar)
    return Attempt(
        number=number,
        server=node,
        replica=replica,
        start_ns=seen.start_ns,
        duration_ms=seen.duration_ms,
        status=seen.status,
        flags=seen.flags,
        details=seen.details,
        victim=server.victim if server else "",
        matched=row is not None and server is not None,
        grpc_status=seen.grpc_status,
        upstream=row.upstream if row else "",
        cluster=row.cluster if row else "",
        lineage=server.lineage if server else "",
        server_flags=server.flags if server else (),
        lost=row is None,
    )


def _missing(key: CallKey, parts: _Parts, known: Known) -> list[str]:
    edge, call = key
    head = parts.head
    if head is None:
        start = min(row.start_ns for row in (*parts.attempts.values(), *parts.servers.values()))
        lost = known.node_died_after(edge.partition(">")[0], start)
        return [] if lost else [f"{edge} call {call}: the call's own row"]
    found: list[str] = []
    if head.tcp or known.died_after(head.sidecar, head.start_ns):
        return found
    if len(parts.attempts) < (expected := expected_attempts(head)):
        found.append(f"{edge} call {call}: {len(parts.attempts)} of {expected} attempt rows")
    for number, row in sorted(parts.attempts.items()):
        if number not in parts.servers and _answered_by_sidecar(row, known):
            found.append(f"{edge} call {call}: the server's row of attempt {number}")
    return found


def expected_attempts(head: AccessRow) -> int:
    """How many attempt rows a call has: an attempt that finds no healthy host is counted but never made."""
    return max(head.attempt - 1, 0) if "UH" in head.flags else head.attempt


def _answered_by_sidecar(row: AccessRow, known: Known) -> bool:
    return bool(_answering(row, known)) and not _dead_server(row, known)


def _answering(row: AccessRow, known: Known) -> str:
    """The sidecar that must have a row of an attempt, because the attempt was answered."""
    place = known.addresses.server(row.upstream)
    return "" if not row.status or row.flags or place is None else f"{place[0]}.{place[1]}"


def _dead_server(row: AccessRow, known: Known) -> str:
    """That sidecar, if it died and may have taken its row along."""
    sidecar = _answering(row, known)
    return sidecar if sidecar and known.died_after(sidecar, row.start_ns) else ""
