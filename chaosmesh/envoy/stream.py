"""One sidecar's side of the conversation: what it asked for, was sent, and acknowledged (state of the world).

Free of gRPC: `receive` takes a request, `due` gives the responses that are owed. Nothing is owed twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chaosmesh.envoy.codec import KINDS, Encoded, Kind

Wanted = Mapping[str, Encoded]
WILDCARD: Final[tuple[Kind, ...]] = ("clusters", "listeners")
"""Kinds that are always sent in full; a resource that is left out is removed."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A NACK: Envoy's words, and what it was about (resource name to content hash)."""

    kind: Kind
    text: str
    contents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """One discovery response to be sent."""

    kind: Kind
    nonce: str
    resources: Wanted


@dataclass(slots=True)
class _KindState:
    names: frozenset[str] = frozenset()
    sent: dict[str, str] | None = None
    held: dict[str, str] | None = None
    nonce: str = ""
    open: dict[str, dict[str, str]] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)
    rejection: Rejection | None = None


class Stream:
    """Protocol state of one ADS stream."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, _KindState] = {}
        self._nonces = itertools.count(1)

    def receive(self, kind: Kind, request: Any) -> None:
        """Takes a DiscoveryRequest: a subscription, an ACK, a NACK, or something that is out of date."""
        state = self._kinds.get(kind)
        if state is None:
            self._kinds[kind] = _KindState(names=frozenset(request.resource_names))
            return
        contents = state.open.pop(request.response_nonce, None)
        if contents is not None:
            self._answered(kind, state, contents, request)
        if request.response_nonce == state.nonce:
            self._subscribe(kind, state, frozenset(request.resource_names))

    def due(self, wanted: Mapping[Kind, Wanted]) -> Iterator[Response]:
        """Responses that bring the sidecar from what it was sent to what is wanted, in the safe order."""
        for kind in KINDS:
            state = self._kinds.get(kind)
            if state is not None and kind in wanted:
                send = self._changed(kind, state, wanted[kind])
                if send is not None:
                    yield self._send(kind, state, send)

    def in_force(self, kind: Kind, wanted: Wanted) -> bool:
        """Whether the sidecar acknowledged exactly what is wanted."""
        state = self._kinds.get(kind)
        if state is None or state.held is None:
            return kind not in WILDCARD and not wanted
        if state.open or state.forced:
            return False
        if kind in WILDCARD and len(state.held) != len(wanted):
            return False
        return all(state.held.get(name) == one.hash for name, one in wanted.items())

    def rejection(self, kind: Kind) -> Rejection | None:
        """The NACK that still stands for a kind."""
        state = self._kinds.get(kind)
        return state.rejection if state else None

    def seen(self, kind: Kind) -> str:
        """What was last seen of a kind, in words."""
        state = self._kinds.get(kind)
        if state is None:
            return "not asked for yet"
        if state.rejection:
            return f"rejected: {state.rejection.text}"
        if state.open:
            return "sent, not acknowledged yet"
        return "nothing sent yet" if state.sent is None else "acknowledged"

    def _answered(self, kind: Kind, state: _KindState, contents: dict[str, str], request: Any) -> None:
        if request.HasField("error_detail"):
            state.rejection = Rejection(kind, request.error_detail.message, contents)
            return
        if kind in WILDCARD or state.held is None:
            state.held = dict(contents)
        else:
            state.held.update(contents)
        state.rejection = None

    def _subscribe(self, kind: Kind, state: _KindState, names: frozenset[str]) -> None:
        gone = state.names - names
        state.names = names
        if kind in WILDCARD:
            return
        for known in (state.sent, state.held):
            for name in gone:
                if known:
                    known.pop(name, None)

    def _changed(self, kind: Kind, state: _KindState, wanted: Wanted) -> Wanted | None:
        hashes = {name: one.hash for name, one in wanted.items()}
        if kind in WILDCARD:
            return None if state.sent == hashes else wanted
        sent = state.sent or {}
        state.forced &= wanted.keys()
        names = [
            name
            for name in sorted(state.names & wanted.keys())
            if sent.get(name) != hashes[name] or name in state.forced
        ]
        return {name: wanted[name] for name in names} or None

    def _send(self, kind: Kind, state: _KindState, send: Wanted) -> Response:
        contents = {name: one.hash for name, one in send.items()}
        if kind == "clusters":
            self._warm(state.sent or {}, contents)
        state.sent = contents if kind in WILDCARD else {**(state.sent or {}), **contents}
        state.forced -= contents.keys()
        state.nonce = str(next(self._nonces))
        state.open[state.nonce] = contents
        return Response(kind, state.nonce, send)

    def _warm(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        """A changed cluster warms until its endpoints come again, so they are owed even if they did not change."""
        endpoints = self._kinds.get("endpoints")
        if endpoints is None:
            return
        changed = {name for name, digest in now.items() if before.get(name) not in (None, digest)}
        endpoints.forced |= changed & endpoints.names
