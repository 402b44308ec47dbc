"""The one module that knows protobuf: Envoy's JSON form to encoded resources, and the wire messages of xDS.

The types come from a descriptor set that the package's build makes; nothing of it is generated code.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from chaosmesh.envoy.forms import Json
from chaosmesh.errors import EnvironmentFailedError, UsageError

Kind = Literal["clusters", "endpoints", "secrets", "listeners", "routes"]
KINDS: Final[tuple[Kind, ...]] = ("clusters", "endpoints", "secrets", "listeners", "routes")
"""In the order in which they must be sent."""

_MESSAGES: Final[dict[Kind, str]] = {
    "clusters": "envoy.config.cluster.v3.Cluster",
    "endpoints": "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "secrets": "envoy.extensions.transport_sockets.tls.v3.Secret",
    "listeners": "envoy.config.listener.v3.Listener",
    "routes": "envoy.config.route.v3.RouteConfiguration",
}
_KINDS: Final = {f"type.googleapis.com/{name}": kind for kind, name in _MESSAGES.items()}
_CACHE_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Encoded:
    """One resource on the wire, and the hash of its content."""

    hash: str
    value: bytes


def type_url(kind: Kind) -> str:
    """The xDS type of a kind of resources."""
    return f"type.googleapis.com/{_MESSAGES[kind]}"


def kind_of(url: str) -> Kind | None:
    """The kind behind an xDS type, None if we serve no such type."""
    return _KINDS.get(url)


@cache
def message(name: str) -> Any:
    """The message class of that full protobuf name."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


def encode(kind: Kind, resource: Json) -> Encoded:
    """A resource in Envoy's JSON form as bytes, from a cache by content. UsageError names a field Envoy lacks."""
    text = _text(resource)
    value = _cached(kind, text, lambda: _serialise(kind, resource))
    return Encoded(hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), value)


_encoded: Final[dict[tuple[str, str], bytes]] = {}


def _serialise(kind: Kind, resource: Json) -> bytes:
    try:
        if kind == "routes":
            return _route_configuration(resource)
        return bytes(_parse(_MESSAGES[kind], resource).SerializeToString(deterministic=True))
    except json_format.ParseError as error:
        name = resource.get("name") or resource.get("cluster_name")
        raise UsageError(f"Envoy's {kind} resource {name!r} can't be encoded: {error}") from error


def _route_configuration(resource: Json) -> bytes:
    """Put together from its routes: a rule is the same in the sidecars of all clients, and is parsed once."""
    hosts = resource.get("virtual_hosts", [])
    config = _parse(
        _MESSAGES["routes"], {**resource, "virtual_hosts": [{**one, "routes": []} for one in hosts]}
    )
    for one, host in zip(hosts, config.virtual_hosts, strict=True):
        for route in one["routes"]:
            host.routes.add().MergeFromString(_part("envoy.config.route.v3.Route", route))
    return bytes(config.SerializeToString(deterministic=True))


def _part(name: str, part: Json) -> bytes:
    return _cached(name, _text(part), lambda: bytes(_parse(name, part).SerializeToString(deterministic=True)))


def _cached(name: str, text: str, make: Callable[[], bytes]) -> bytes:
    value = _encoded.get((name, text))
    if value is None:
        if len(_encoded) >= _CACHE_LIMIT:
            _encoded.clear()
        value = _encoded[name, text] = make()
    return value


def _text(resource: Json) -> str:
    return json.dumps(resource, sort_keys=True, separators=(",", ":"))


def _parse(name: str, data: Json) -> Any:
    return json_format.ParseDict(data, message(name)(), descriptor_pool=_pool())


@cache
def _pool() -> Any:
    data = resources.files("chaosmesh.envoy").joinpath("envoy_api.binpb.gz")
    try:
        raw = gzip.decompress(data.read_bytes())
    except FileNotFoundError as error:
        raise EnvironmentFailedError(
            "the descriptor set of Envoy's API is missing from the package",
            hint="install chaosmesh again: pip install -e . (its build writes the file)",
        ) from error
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(raw).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool
