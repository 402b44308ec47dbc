"""Random requests near the edges of what a mesh's routes ask for, and a plain HTTP/1.1 client that sends them."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.appmesh.routing import Request, ports_of
from chaosmesh.checks.regexes import sample

TAILS = ("", "", "", "x", "/", "/x", "/x/", "//x", "/./x", "/x/../y", "/..", "%2Fx", "/%78", ".")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
CONNECTIONS = 8


@dataclass(frozen=True)
class Asked:
    """One request of one client; `address` and `host` are how it is sent, `request` is what it means."""

    id: str
    source: str
    address: tuple[str, int]
    host: str
    request: Request


class Near:
    """Draws requests from what the routes of a mesh are made of."""

    def __init__(self, resources: Resources, seed: int) -> None:
        self.resources = resources
        self.dice = random.Random(seed)
        routes = [*resources.routes.values(), *resources.gateway_routes.values()]
        self.matches = matches = [one.spec.body.match for one in routes if one.spec.body.match]
        inner = {path for one in resources.routes.values() for path in _paths(one.spec.body.match)}
        through = {path for one in resources.gateway_routes.values() for path in _through(one, inner)}
        self.paths = ["/", *sorted({path for one in matches for path in _paths(one)} | through)]
        conditions = [c for m in matches for n in ("headers", "metadata") for c in getattr(m, n, None) or ()]
        self.headers = [c for c in conditions if not c.name.startswith(":")]
        self.methods = [
            *METHODS,
            *(m.method for m in matches if getattr(m, "method", None) not in {None, "CONNECT"}),
        ]
        self.queries = [q for m in matches for q in getattr(m, "query_parameters", None) or ()]
        self.hosts = [h for m in matches if getattr(m, "hostname", None) for h in _hosts(m.hostname)]

    def id(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128)))

    def plain(self) -> Request:
        """Path, method and headers: at random, or what one route asks for but for at most one thing."""
        return self._aimed() if self.matches and self.dice.random() < 0.6 else self._any()

    def _aimed(self) -> Request:
        dice = self.dice
        match = dice.choice(self.matches)
        path = dice.choice(
            [*_paths(match), *self.paths] if dice.random() < 0.3 else [*_paths(match), "/"][:1]
        )
        conditions = [c for n in ("headers", "metadata") for c in getattr(match, n, None) or ()]
        headers = {c.name: dice.choice(_values(c.match)[:2]) for c in conditions if not c.invert}
        pairs = {
            q.name: (q.match and q.match.exact) or "v" for q in getattr(match, "query_parameters", None) or ()
        }
        method = getattr(match, "method", None) or dice.choice(METHODS)
        near = dice.choice(("", "method", "tail", "header", "query"))
        if near == "header" and conditions:
            one = dice.choice(conditions)
            headers[one.name] = dice.choice(_values(one.match))
        if near == "query" and pairs:
            pairs[dice.choice(sorted(pairs))] = "x"
        query = "&".join(f"{name}={value}" for name, value in pairs.items())
        return Request(
            path + (dice.choice(TAILS) if near == "tail" else "") + (f"?{query}" if query else ""),
            dice.choice(METHODS) if near == "method" or method == "CONNECT" else method,
            {name: value for name, value in headers.items() if not name.startswith(":")},
        )

    def _any(self) -> Request:
        dice = self.dice
        path = dice.choice(self.paths)
        cut = path[:-1] if len(path) > 1 and dice.random() < 0.15 else path
        cut = cut.upper() if dice.random() < 0.05 else cut
        headers = {}
        for one in self.headers:
            if dice.random() < 0.7:
                headers[one.name] = dice.choice(_values(one.match))
        return Request(cut + dice.choice(TAILS) + self._query(), dice.choice(self.methods), headers)

    def _query(self) -> str:
        pairs = []
        for one in self.queries:
            if self.dice.random() < 0.7:
                wanted = one.match.exact if one.match and one.match.exact else "v"
                pairs.append(f"{one.name}={self.dice.choice((wanted, wanted, wanted + 'x', ''))}")
        pairs += ["other=1"] if self.dice.random() < 0.2 else []
        self.dice.shuffle(pairs)
        return "?" + "&".join(pairs) if pairs else ""

    def host(self, node: Resource) -> str:
        """A backend with or without a port, sometimes one that is none."""
        backends = {one.virtual_service.virtual_service_name for one in node.spec.backends or ()}
        # what is served over bare TCP only has no name where services are told apart by their hosts
        known = [
            n for n in self.resources.virtual_services if any(p.protocol != "tcp" for p in self._ports(n))
        ]
        spoken = [one for one in known if one in backends]
        name = self.dice.choice(spoken if spoken and self.dice.random() < 0.9 else [*known, "nobody.local"])
        ports = [p.number for p in self._ports(name) if p.protocol != "tcp"]
        port = self.dice.choice([None, None, *ports, 81])
        name = name.upper() if self.dice.random() < 0.1 else name
        return name if port is None else f"{name}:{port}"

    def _ports(self, service: str) -> Sequence[Any]:
        return ports_of(self.resources, service) if service in self.resources.virtual_services else ()

    def user_host(self) -> str:
        """A host that a user may name."""
        return self.dice.choice([*self.hosts, "shop.example", "shop.example:8080"])


def _paths(match: Any) -> Iterator[str]:
    if getattr(match, "prefix", None):
        yield match.prefix
    if path := getattr(match, "path", None):
        yield path.exact or sample(path.regex) or "/"
    if service := getattr(match, "service_name", None):
        yield f"/{service}/{getattr(match, 'method_name', None) or 'Any'}"


def _through(route: Resource, inner: set[str]) -> Iterator[str]:
    """Paths that a gateway route turns into those of the routes behind it."""
    prefix = getattr(route.spec.body.match, "prefix", None)
    if prefix:
        rewrite = getattr(route.spec.body.action.rewrite, "prefix", None)
        becomes = (rewrite and rewrite.value) or "/"
        yield from (prefix.rstrip("/") + "/" + one.removeprefix(becomes).lstrip("/") for one in inner)


def _hosts(written: Any) -> Iterator[str]:
    kind, wanted = written.member
    yield from (wanted, wanted.upper(), f"{wanted}:99", f"x{wanted}", f"{wanted}x")
    if kind == "suffix":
        yield f"a.b{wanted}"


def _values(match: Any) -> list[str]:
    if match is None:
        return ["", "anything"]
    kind, wanted = match.member
    if kind == "range":
        edges = (wanted.start, wanted.end - 1, wanted.start - 1, wanted.end)
        return [*map(str, edges), f"+{wanted.start}", f"{wanted.start}.0", "x"]
    text = sample(wanted) or "x" if kind == "regex" else wanted
    return [
        text,
        text + "x" if kind == "prefix" else text,
        f"{text}x",
        f"x{text}",
        text.upper(),
        text[:-1] or "y",
        "other",
    ]


async def send(asked: Sequence[Asked]) -> None:
    """Sends every request once and reads its answer; several connections to each address."""
    by_address: dict[tuple[str, int], list[Asked]] = {}
    for one in asked:
        by_address.setdefault(one.address, []).append(one)
    lanes = [
        (address, many[n::CONNECTIONS]) for address, many in by_address.items() for n in range(CONNECTIONS)
    ]
    async with asyncio.TaskGroup() as group:
        for address, many in lanes:
            group.create_task(_lane(address, many))


async def _lane(address: tuple[str, int], many: Sequence[Asked]) -> None:
    """One after the other, on one connection as long as the other side keeps it."""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    for one in many:
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection(*address)
        writer.write(_wire(one))
        async with asyncio.timeout(60):
            kept = await _answered(reader, one.request.method)
        if not kept:
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()


async def _answered(reader: asyncio.StreamReader, method: str) -> bool:
    """Reads one answer; whether the connection goes on."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if method != "HEAD":
        await reader.readexactly(int(fields.get("content-length", "0")))
    return fields.get("connection") != "close"


def _wire(one: Asked) -> bytes:
    headers = {**one.request.headers, "x-request-id": one.id, "content-length": "0"}
    lines = [f"{one.request.method} {one.request.path} HTTP/1.1", f"host: {one.host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
