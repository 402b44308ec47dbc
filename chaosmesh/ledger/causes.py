"""Why a request failed: its tree walked down from the entry to the first thing that explains it."""

from __future__ import annotations

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger.addresses import node_of
from chaosmesh.ledger.model import Attempt, Call, Cause
from chaosmesh.load import Record

UNATTRIBUTED = Cause("unattributed")


def cause_of(record: Record, entry: AccessRow | None, calls: tuple[Call, ...]) -> Cause:
    """The one cause of a failed request.

    A failed call made by the failing application explains it, and is followed to its last attempt; there
    again to the calls below that attempt. Where no call below failed, the sidecar's flag or the
    application's own status is the cause.
    """
    if entry is None:
        return Cause("client", record.error or "no answer") if not record.status else UNATTRIBUTED
    node = node_of(entry.sidecar)
    if own := [one for one in calls if (entry.call and one.id == entry.call) or _is_entry(one, entry, node)]:
        return _of_call(own[0], calls)
    if entry.victim:
        return Cause("fault", entry.victim, node)
    if below := _failed_below(node, entry.lineage, calls):
        return _of_call(below, calls)
    return _of_answer(record, entry, node)


def _is_entry(call: Call, entry: AccessRow, node: str) -> bool:
    return entry.side == "egress" and call.client == node and call.start_ns == entry.start_ns


def _of_answer(record: Record, entry: AccessRow, node: str) -> Cause:
    if entry.flags:
        # The generator hung up first: what the sidecar notes (DC) only repeats it.
        if "DC" in entry.flags and not record.status:
            return Cause("client", record.error or "no answer", node)
        return Cause("flag", ",".join(entry.flags), node)
    if record.error and not record.status:
        return Cause("client", record.error, node)
    return _status(entry.status, entry.grpc_status, node)


def _status(status: int, grpc: int | None, node: str) -> Cause:
    if grpc:
        return Cause("status", f"grpc {grpc}", node)
    return Cause("status", str(status), node) if status >= 500 else UNATTRIBUTED


def _failed_below(client: str, lineage: str, calls: tuple[Call, ...]) -> Call | None:
    made = [one for one in calls if one.client == client and not one.ok]
    # Applications that don't pass the lineage on leave it empty: then any call of theirs is theirs.
    made = [one for one in made if one.lineage in {lineage, ""}]
    return max(made, key=lambda one: (one.end_ns, one.id), default=None)


def _of_call(call: Call, calls: tuple[Call, ...]) -> Cause:
    edge = f"{call.client}>{call.service}"
    last = call.attempts[-1] if call.attempts else None
    if last is None:
        return (
            Cause("flag", ",".join(call.flags), edge)
            if call.flags
            else _status(call.status, call.grpc_status, edge)
        )
    if last.victim:
        return Cause("fault", last.victim, edge)
    if below := _failed_below(last.server, last.lineage, calls) if last.matched else None:
        return _of_call(below, tuple(one for one in calls if one is not call))
    return _of_attempt(call, last, edge)


def _of_attempt(call: Call, last: Attempt, edge: str) -> Cause:
    # URX only says that the retries are used up, not why the last one failed.
    flags = last.flags or tuple(one for one in call.flags if one != "URX")
    if flags:
        return Cause("flag", ",".join(flags), edge)
    if last.server_flags:
        return Cause("flag", ",".join(last.server_flags), last.server)
    return _status(last.status, last.grpc_status, last.server) if last.matched else UNATTRIBUTED
