"""The store: every mesh of the account, changed by one call at a time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from chaosmesh.appmesh.api import bodies, rules, views, watching
from chaosmesh.appmesh.api.changes import Change, Setting, changed
from chaosmesh.appmesh.api.failures import ApiError, bad_request
from chaosmesh.appmesh.api.operations import READS, Call
from chaosmesh.appmesh.api.records import Account, Quotas, State
from chaosmesh.appmesh.load import DEFAULT_MESH
from chaosmesh.appmesh.resources import Resources

_UNOWNED = {("Create", "mesh"), ("List", "mesh"), ("Update", "mesh"), ("Delete", "mesh")}


def _now() -> float:
    return round(time.time(), 3)


def _uid() -> str:
    return str(uuid.uuid4())


class Store:
    """Frozen snapshots, one after the other. `plan` says what a call would change, `commit` makes it so."""

    def __init__(
        self,
        state: State | None = None,
        *,
        account: Account | None = None,
        quotas: Quotas | None = None,
        clock: Callable[[], float] = _now,
        uid: Callable[[], str] = _uid,
    ) -> None:
        self.state = state or State()
        self.account = account or Account()
        self._quotas = quotas or Quotas()
        self._clock = clock
        self._uid = uid

    @classmethod
    def of(cls, resources: Resources, **options: Any) -> Store:
        """A store that holds the resources of documents, each in its first version."""
        store = cls(**options)
        store.state = store.saved(resources)
        return store

    def saved(self, resources: Resources) -> State:
        """The state once documents were saved again; nothing is changed yet. Raises UsageError."""
        return watching.saved(self.state, resources, self._setting())

    def read(self, call: Call) -> Mapping[str, Any]:
        """The answer of a Describe, List or ListTags call. Raises ApiError."""
        self._check(call)
        return views.read(self.state, call, self.account)

    def plan(self, call: Call) -> Change:
        """What a Create, Update, Delete or tag call would change; nothing is changed yet. Raises ApiError."""
        self._check(call)
        return changed(self.state, call, self._setting())

    def commit(self, state: State) -> None:
        """Makes a planned state the store's own."""
        self.state = state

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Reads, or plans and commits at once: the store without a mesh that runs."""
        if call.verb in READS:
            return self.read(call)
        change = self.plan(call)
        self.commit(change.state)
        return change.answer

    def _setting(self) -> Setting:
        return Setting(self.account, self._quotas, self._clock(), self._uid)

    def _check(self, call: Call) -> None:
        owner = call.query.get("meshOwner")
        if owner is not None and call.kind and (call.verb, call.kind) not in _UNOWNED:
            if len(owner) != 12:
                raise bad_request(f"meshOwner is {owner!r} and must have 12 characters")
            if owner != self.account.id:
                raise ApiError("ForbiddenException", f"the account {owner} shares no mesh with you")
        if call.mesh is not None:
            bodies.named("mesh", call.mesh)
        if call.parent is not None:
            bodies.named("virtualRouter" if call.kind == "route" else "virtualGateway", call.parent)
        if call.name is not None:
            bodies.named(call.kind, call.name)


def running(state: State) -> Resources:
    """The resources of the mesh that runs: the oldest one. Without any mesh, nothing under a default name."""
    mesh = next(state.meshes(), None)
    return rules.runnable(state.resources(mesh)) if mesh is not None else Resources(DEFAULT_MESH)
