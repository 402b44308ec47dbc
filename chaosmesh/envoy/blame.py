"""Which rule of the documents is behind a configuration that Envoy refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chaosmesh.envoy.barrier import RefusedError
from chaosmesh.envoy.forms import Json
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.envoy.stream import Rejection
from chaosmesh.errors import RejectedError, Where


def explain(error: RefusedError, old: Snapshot, new: Snapshot, places: Mapping[str, Where]) -> RejectedError:
    """The error for the user: the sidecar, Envoy's own words, and the rules that can be behind them."""
    rejection = error.rejection
    resources = {
        name: one for name, one in getattr(new, rejection.kind).items() if name in rejection.contents
    }
    before = getattr(old, rejection.kind)
    changed = {name: one for name, one in resources.items() if before.get(name) != one}
    rules = list(dict.fromkeys(_rules(rejection, changed, before)))
    named = [name for name in changed if name in rejection.text] or list(changed)
    about = rules or named
    return RejectedError(
        f"sidecar {error.key} refused its {rejection.kind}: {rejection.text.strip()} ({', '.join(about[:5])})",
        where=next((places[rule] for rule in rules if rule in places), None),
        hint="the configuration before it stays in force; change the rule named above",
    )


def _rules(rejection: Rejection, configs: Mapping[str, Json], before: Mapping[str, Json]) -> Iterator[str]:
    if rejection.kind == "routes":
        yield from _refused_routes(configs, before)
    elif rejection.kind == "listeners" and "bind" not in rejection.text:
        yield from _refused_logs(configs, before)


def _refused_logs(configs: Mapping[str, Json], before: Mapping[str, Json]) -> Iterator[str]:
    """What a user writes into a listener as it is: the format and the file of an access log."""
    known = [_mark(one) for one in before.values() if "metadata" in one]
    for one in configs.values():
        if "metadata" in one and (mark := _mark(one)) not in known:
            yield mark["rule"]


def _refused_routes(configs: Mapping[str, Json], before: Mapping[str, Json]) -> Iterator[str]:
    known = {_mark(route)["hash"] for config in before.values() for route in _routes(config)}
    for config in configs.values():
        for route in _routes(config):
            if (mark := _mark(route))["rule"] and mark["hash"] not in known:
                yield mark["rule"]


def _routes(config: Json) -> Iterator[Json]:
    return (route for host in config["virtual_hosts"] for route in host["routes"])


def _mark(resource: Json) -> dict[str, str]:
    mark: dict[str, str] = resource["metadata"]["filter_metadata"]["chaosmesh"]
    return mark
