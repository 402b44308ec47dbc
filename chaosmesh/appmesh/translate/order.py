"""The order in which App Mesh tried the routes of a router or of a gateway."""

from __future__ import annotations

from chaosmesh.appmesh.resources import Resource

_LAST = 1001  # one more than the largest priority that can be written


def order(route: Resource) -> tuple[int, int, int, tuple[int, int]]:
    """Sorts routes and gateway routes.

    Priority first. Without it, or with the same: whole paths before expressions before prefixes, longer prefixes
    first (the user guide says so of gateway routes; inferred for the rest). Last come hosts: whole names before
    longer endings before none (inferred).
    """
    priority = _LAST if route.spec.priority is None else route.spec.priority
    match = route.spec.body.match
    path, prefix = getattr(match, "path", None), getattr(match, "prefix", None) or "/"
    rank = 2 if path is None else (0 if path.exact else 1)
    if hasattr(match, "service_name"):
        rank, prefix = (0 if getattr(match, "method_name", None) else 2), match.service_name or ""
    return priority, rank, -len(prefix), _host(getattr(match, "hostname", None))


def _host(written: object) -> tuple[int, int]:
    if written is None:
        return 2, 0
    suffix = getattr(written, "suffix", None)
    return (0, 0) if suffix is None else (1, -len(suffix))
