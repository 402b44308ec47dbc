"""From one set of snapshots to another without a moment in which a call has nowhere to go.

A single push changes clients and servers at once, so a client could call a listener that its server does not have
yet, or no longer. So what is new comes first and what is gone goes last:

1. `grown`: everything that comes is there, everything that was there is as it was;
2. `moved`: sidecars whose application was started anew send their calls to the new one;
3. `switched`: the new policy is in force; what servers no longer have still answers;
4. the new snapshots themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from chaosmesh.envoy.forms import Json
from chaosmesh.envoy.snapshot import Snapshot

INNER: Final = ("cds_ingress_", "lds_ingress_", "rds_ingress_", "rds_door_")
Snapshots = Mapping[str, Snapshot]


def simple(before: Snapshots, after: Snapshots) -> bool:
    """Whether nothing comes or goes that a call could miss: then one push does it."""
    return before.keys() == after.keys() and all(
        before[key].listeners.keys() == new.listeners.keys()
        and _applications(before[key]) == _applications(new)
        for key, new in after.items()
    )


def grown(before: Snapshots, after: Snapshots) -> dict[str, Snapshot]:
    """The snapshots that make room for what comes, of the sidecars that need it."""
    return _different(
        {key: _grown(before[key], new) if key in before else new for key, new in after.items()}, before
    )


def moved(before: Snapshots, after: Snapshots, keys: Collection[str]) -> dict[str, Snapshot]:
    """Like `grown`, and the applications of the sidecars in `keys` are the new ones."""
    big = {key: _grown(before[key], new) for key, new in after.items() if key in before and key in keys}
    return {
        key: replace(one, clusters={**one.clusters, **_inner(after[key].clusters)})
        for key, one in big.items()
    }


def switched(before: Snapshots, after: Snapshots) -> dict[str, Snapshot]:
    """The new snapshots, with what goes of their servers' side kept."""
    return {
        key: replace(
            new,
            clusters={**_inner(before[key].clusters), **new.clusters},
            listeners={**_inner(before[key].listeners), **new.listeners},
            routes={**_inner(before[key].routes), **new.routes},
            secrets={**before[key].secrets, **new.secrets},
        )
        if key in before
        else new
        for key, new in after.items()
    }


def _grown(old: Snapshot, new: Snapshot) -> Snapshot:
    routes = {
        name: _hosts(old.routes[name], one) if name in old.routes else one for name, one in new.routes.items()
    }
    return replace(
        new,
        clusters={**new.clusters, **old.clusters},
        endpoints={**new.endpoints, **old.endpoints},
        listeners={**new.listeners, **old.listeners},
        routes={**old.routes, **routes},
        secrets={**old.secrets, **new.secrets},
    )


def _hosts(old: Json, new: Json) -> Json:
    have = {one["name"] for one in old["virtual_hosts"]}
    added = [one for one in new["virtual_hosts"] if one["name"] not in have]
    return {**old, "virtual_hosts": [*old["virtual_hosts"], *added]} if added else old


def _inner(resources: Mapping[str, Json]) -> dict[str, Json]:
    """What belongs to the side of a sidecar that serves."""
    return {name: one for name, one in resources.items() if name.startswith(INNER)}


def _applications(snapshot: Snapshot) -> dict[str, Json | None]:
    return {name: one.get("load_assignment") for name, one in _inner(snapshot.clusters).items()}


def _different(snapshots: Mapping[str, Snapshot], before: Snapshots) -> dict[str, Snapshot]:
    return {key: one for key, one in snapshots.items() if before.get(key) != one}
