"""`{host}`, `{port}`, `{replica}` and `{address}` in what a program is started with, and the names by which it finds its backends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from chaosmesh.services.program import Program

WORDS = ("host", "port", "replica", "address")
RESERVED = frozenset({"CHAOSMESH_RUN", "CHAOSMESH_OWNER"})
"""By these a run's processes are found; no program may be given others."""
_HOLE = re.compile(rf"\{{\{{({'|'.join(WORDS)})\}}\}}|\{{({'|'.join(WORDS)})\}}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; `{{host}}` stands for `{host}` itself, other braces stay."""
    return _HOLE.sub(lambda found: f"{{{found[1]}}}" if found[1] else values[found[2]], text)


def filled(program: Program, host: str, address: str = "") -> Program:
    """The program with every placeholder of its commands and environment filled in.

    `host` is what it shall listen on, `address` where it is in the network (default: the same); the port is its own
    for its first listener, "" without one.
    """
    values = {
        "host": host,
        "port": str(own_port(program) or ""),
        "replica": str(program.replica),
        "address": address or host,
    }
    ready = program.ready
    return replace(
        program,
        command=_each(program.command, values),
        entrypoint=_each(program.entrypoint, values),
        ready=replace(ready, command=_each(ready.command, values) or ()),
        env={name: fill(value, values) for name, value in program.env.items()},
    )


def _each(words: tuple[str, ...] | None, values: Mapping[str, str]) -> tuple[str, ...] | None:
    return None if words is None else tuple(fill(one, values) for one in words)


def own_port(program: Program) -> int | None:
    """The port on which a program serves its first listener; None where it has none."""
    first = next((port for _, port, _ in program.listen), None)
    return None if first is None else program.ports.get(first, first)


def backends(offers: Iterable[tuple[str, str, tuple[int, ...]]]) -> dict[str, str]:
    """`CHAOSMESH_<SERVICE>` = address:port for each (service, address, ports) that a program's sidecar offers.

    A service goes by its whole name and, where no other begins so, by its first label; its further ports by
    `CHAOSMESH_<SERVICE>_<PORT>`.
    """
    known = list(offers)
    labels = [service.partition(".")[0] for service, _, _ in known]
    found: dict[str, str] = {}
    for service, address, ports in known:
        label = service.partition(".")[0]
        for name in dict.fromkeys([service, *([label] if labels.count(label) == 1 else [])]):
            word = "CHAOSMESH_" + re.sub(r"\W", "_", name).upper()
            first = {word: ports[0]} if ports and word not in RESERVED else {}
            for key, port in {**first, **{f"{word}_{port}": port for port in ports}}.items():
                found[key] = f"{address}:{port}"
    return found
