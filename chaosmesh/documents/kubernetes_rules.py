"""What the controller's webhook and the schema of its objects refuse, though the App Mesh API would take it.

Rules that the API has as well are not here: the resource models have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaosmesh.documents.kubernetes_spec import Report
from chaosmesh.documents.manifest import Manifest
from chaosmesh.documents.tree import Node, Path, Problems, Unresolved
from chaosmesh.errors import Where

_HTTP = ("httpRoute", "http2Route")


def broken_rules(word: str, spec: Node, manifest: Manifest, report: Report) -> None:
    """Notes every rule of the controller that a resource breaks. `spec` is in the words of the API."""
    check = {
        "mesh": _mesh,
        "virtualNode": _node,
        "virtualRouter": _router,
        "route": _route,
        "gatewayRoute": _gateway_route,
    }.get(word)
    if check:
        check(spec, manifest, report)
    _durations(spec, report)


def _mesh(spec: Node, manifest: Manifest, report: Report) -> None:  # noqa: ARG001 (one shape for all)
    preference = spec.at("serviceDiscovery", "ipPreference")
    if preference and preference.value in {"IPv4_PREFERRED", "IPv6_PREFERRED"}:
        hint = "write IPv4_ONLY or IPv6_ONLY"
        report.refused.add(preference.place, f"the controller refuses ipPreference {preference.value}", hint)


def _node(spec: Node, manifest: Manifest, report: Report) -> None:
    listeners = spec.at("listeners")
    if listeners and listeners.items and not spec.at("serviceDiscovery"):
        message = "the controller refuses a node with listeners and without serviceDiscovery"
        report.refused.add(listeners.place, message, "write serviceDiscovery.dns or .awsCloudMap")
    seen: dict[object, Node] = {}
    for one in _backends(spec):
        if isinstance(one.value, Unresolved):
            continue
        first = seen.setdefault((one.tag, one.value), one)
        if first is not one:
            message = f"{manifest.name} has this backend twice, first at {first.place}"
            report.refused.add(one.place, message, "keep one of them")


def _backends(spec: Node) -> Iterator[Node]:
    backends = spec.at("backends")
    for one in backends.items if backends else ():
        name = one.at("virtualService", "virtualServiceName")
        if name:
            yield name


def _router(spec: Node, manifest: Manifest, report: Report) -> None:
    listeners = spec.at("listeners")
    if listeners and isinstance(listeners.value, tuple) and not listeners.items:
        report.refused.add(listeners.place, "listeners is empty", "write one, or leave listeners out")
    seen: dict[str, Node] = {}
    routes = manifest.spec.at("routes")
    for route in routes.items if routes else ():
        name = route.text("name")
        if name is None or isinstance(name, Unresolved):
            continue
        first = seen.setdefault(name, route)
        if first is not route:
            message = f"{manifest.name} has the route {name} twice, first at {first.where}"
            report.problems.add(route.where, message, "rename one of them")


def _route(spec: Node, manifest: Manifest, report: Report) -> None:  # noqa: ARG001
    for kind in _HTTP:
        match = spec.at(kind, "match")
        if match is None:
            continue
        written = [one for one in ("prefix", "path") if match.at(one)]
        if len(written) != 1:
            seen = "both" if written else "neither"
            message = f"{kind}.match: the controller wants exactly one of prefix and path, {seen} is written"
            report.refused.add(match.place, message, "write prefix: / to match every path")


def _gateway_route(spec: Node, manifest: Manifest, report: Report) -> None:  # noqa: ARG001
    for kind in _HTTP:
        route = spec.at(kind)
        if route:
            _gateway_match(kind, route.at("match") or route, report)
            _rewrite(kind, route.at("action", "rewrite"), report)
    match = spec.at("grpcRoute", "match")
    if match and not match.at("serviceName") and not match.at("hostname"):
        message = "grpcRoute.match: the controller wants serviceName or hostname"
        report.refused.add(match.place, message, "write one of them")


def _gateway_match(kind: str, match: Node, report: Report) -> None:
    if not any(match.at(one) for one in ("prefix", "path", "hostname")):
        message = f"{kind}.match: the controller wants prefix, path or hostname"
        report.refused.add(match.place, message, "write prefix: / to match every path")
    if match.at("prefix") and match.at("path"):
        report.refused.add(match.place, f"{kind}.match has prefix and path", "keep one of them")
    headers = match.at("headers")
    for header in headers.items if headers else ():
        start, end = (header.at("match", "range", one) for one in ("start", "end"))
        numbers = [one.value for one in (start, end) if one and isinstance(one.value, int)]
        if start and len(numbers) == 2 and numbers[0] >= numbers[1]:
            report.refused.add(start.place, "the range ends before it starts", "write a smaller start")


def _rewrite(kind: str, rewrite: Node | None, report: Report) -> None:
    if rewrite is None:
        return
    prefix, path = rewrite.at("prefix"), rewrite.at("path")
    if not any((prefix, path, rewrite.at("hostname"))):
        report.refused.add(rewrite.place, f"{kind}: rewrite is empty", "leave it out")
    if prefix and path:
        report.refused.add(rewrite.place, f"{kind}: rewrite has prefix and path", "keep one of them")
    value = prefix.at("value") if prefix else None
    if value is None:
        return
    if prefix and prefix.at("defaultPrefix"):
        report.refused.add(value.place, f"{kind}: defaultPrefix and value of one prefix", "keep one of them")
    text = value.value
    if not isinstance(text, str) or isinstance(text, Unresolved):
        return
    if not (text.startswith("/") and text.endswith("/")):
        message = f"{kind}: the controller wants a prefix that starts and ends with /, not {text!r}"
        report.refused.add(value.place, message, f"write /{text.strip('/')}/")


_DURATIONS = {"perRequest", "idle", "perRetryTimeout", "interval", "baseEjectionDuration"}


def _durations(node: Node, report: Report) -> None:
    for name, member in node.fields.items():
        if name in _DURATIONS and member.fields.keys() & {"unit", "value"}:
            for part in ("unit", "value"):
                if not member.at(part):
                    report.refused.add(member.place, f"{name} has no {part}", "write unit and value")
        else:
            _durations(member, report)
    for one in node.items:
        _durations(one, report)


def refusals(word: str, spec: Mapping[str, Any], raw: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """What the controller would refuse in a resource: the path of the field, and why. `raw`: its inline routes."""
    paths: list[Path] = []
    found = Problems()
    around = Manifest(word, None, "", "", _numbered(raw, (), []), Where(""))
    broken_rules(word, _numbered(spec, (), paths), around, Report(found, found, found, ""))
    return [(paths[one.where.line], one.message) for one in found]


def _numbered(value: Any, path: Path, paths: list[Path]) -> Node:
    """The tree of plain data; the line of each node is the number of its path."""
    where = Where("", len(paths))
    paths.append(path)
    if isinstance(value, Mapping):
        return Node({k: _numbered(v, (*path, k), paths) for k, v in value.items()}, where)
    if isinstance(value, list):
        return Node(tuple(_numbered(v, (*path, i), paths) for i, v in enumerate(value)), where)
    return Node(value, where)
