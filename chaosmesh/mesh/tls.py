"""Who shows which certificate, and whom a peer believes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, by the name its author gave: a file, a secret, or one that an authority issued.

    `name` is the file of the chain, the secret or the ARN; `key` the file of the private key.
    """

    kind: Literal["file", "sds", "issued"]
    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose certificates are believed (files, secrets or ARNs of authorities), and the names that one must carry.

    Without `names` any name will do for a client's certificate; a server's must then be its discovery name.
    """

    kind: Literal["file", "sds", "issued"]
    sources: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerTls:
    """TLS of a listener: "strict" takes nothing else, "permissive" both. `trust`: clients must show a certificate."""

    mode: Literal["strict", "permissive", "disabled"]
    identity: Identity
    trust: Trust | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS of calls to a service. Not enforced, the server's mode decides. No `ports`: all of them."""

    trust: Trust
    identity: Identity | None = None
    enforce: bool = True
    ports: tuple[int, ...] = ()
