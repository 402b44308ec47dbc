"""Parts of a Compose service that come in several forms: text or list, list or mapping, short or long."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from chaosmesh.documents.containers import Mount, Probe
from chaosmesh.documents.intrinsics_text import text_of
from chaosmesh.documents.sizes import megabytes
from chaosmesh.documents.tree import Node, Problems

_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?(?:(\d+)us)?")
INTERVAL, RETRIES = 30.0, 3
"""Docker's own defaults of a health check: seconds between two, failures in a row."""


def word(node: Node | None) -> str:
    """A single value as text; "" for a list, a mapping, or nothing."""
    return "" if node is None or isinstance(node.value, Mapping | tuple) else text_of(node)


def words(node: Node | None, problems: Problems) -> tuple[str, ...] | None:
    """A command: a list, or a text that is split as a shell splits it."""
    if node is None or node.value is None:
        return None
    if isinstance(node.value, tuple):
        return tuple(word(one) for one in node.items)
    try:
        return tuple(shlex.split(word(node)))
    except ValueError as error:
        problems.add(node.place, f"can't be split into words: {error}", "write a list")
        return ()


def environment(node: Node | None, values: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Names with values, from a mapping or from `NAME=value`; None where only a name is written."""
    for name, one in (node.fields if node else {}).items():
        yield name, values.get(name) if one.value is None else word(one)
    for one in node.items if node else ():
        name, equals, value = word(one).partition("=")
        if name:
            yield name, value if equals else values.get(name)


def ports(service: Node, problems: Problems) -> Iterator[int]:
    """The container's side of `ports`, then `expose`."""
    listed, exposed = service.at("ports"), service.at("expose")
    for one in listed.items if listed else ():
        written = word(one.at("target")) if one.fields else word(one).rpartition(":")[2]
        yield from _port(written, one, problems)
    for one in exposed.items if exposed else ():
        yield from _port(word(one), one, problems)


def _port(written: str, node: Node, problems: Problems) -> Iterator[int]:
    first, dash, last = written.partition("/")[0].partition("-")
    if first.isdigit() and (last.isdigit() if dash else True) and 0 < int(first) < 65536:
        yield from range(int(first), min(int(last or first), int(first) + 100) + 1)
    else:
        problems.add(node.place, f"{written!r} is no port", 'write "8080:80", or 80')


def volumes(service: Node, problems: Problems) -> Iterator[tuple[Mount, Node]]:
    """`volumes` and `tmpfs`; a source that is no path is a named volume, which starts empty."""
    listed, memory = service.at("volumes"), service.at("tmpfs")
    for one in listed.items if listed else ():
        found = _long(one) if one.fields else _short(word(one))
        if found is None:
            problems.add(one.place, "a volume without a target", "write SOURCE:TARGET, or target:")
        else:
            yield found, one
    for one in (memory.items or (memory,)) if memory else ():
        yield Mount(word(one).partition(":")[0]), one


def _short(text: str) -> Mount | None:
    parts = text.split(":")
    if len(parts) == 1:
        return Mount(parts[0]) if parts[0] else None
    source, target, modes = parts[0], parts[1], parts[2].split(",") if len(parts) > 2 else []
    path = source if source.startswith((".", "/", "~")) else ""
    return Mount(target, path, read_only="ro" in modes) if target else None


def _long(node: Node) -> Mount | None:
    target, bound = word(node.at("target")), word(node.at("type")) == "bind"
    source = word(node.at("source")) if bound else ""
    return Mount(target, source, read_only=word(node.at("read_only")) == "true") if target else None


def healthcheck(node: Node | None, problems: Problems) -> Probe | None:
    """`healthcheck:` as a command; None where there is none or it is switched off."""
    test = node.at("test") if node else None
    if node is None or test is None or word(node.at("disable")) == "true":
        return None
    said = tuple(word(one) for one in test.items)
    if not said and word(test):
        said = ("CMD-SHELL", word(test))
    if said[:1] in {(), ("NONE",)}:
        return None
    if said[0] not in {"CMD", "CMD-SHELL"}:
        problems.add(test.place, f"a test can't begin with {said[0]}", 'write ["CMD", …] or one text')
        return None
    command = said[1:] if said[0] == "CMD" else ("/bin/sh", "-c", " ".join(said[1:]))
    retries = word(node.at("retries"))
    return Probe(
        command=command,
        within=_seconds(node.at("start_period"), 0.0, problems)
        + _seconds(node.at("interval"), INTERVAL, problems)
        * (int(retries) if retries.isdigit() else RETRIES),
    )


def _seconds(node: Node | None, default: float, problems: Problems) -> float:
    text = word(node).strip()
    found = _SPAN.fullmatch(text) if text else None
    if node is None or not text:
        return default
    if found is None:
        problems.add(node.place, f"{text!r} is no duration", 'write it like "1m30s"')
        return default
    factors = (3600.0, 60.0, 1.0, 0.001, 0.000001)
    return sum(float(part) * factor for part, factor in zip(found.groups(), factors, strict=True) if part)


def size_of(node: Node | None, problems: Problems) -> int | None:
    """A bound of memory ("256m", or bytes) in MiB."""
    text = word(node)
    if node is None or not text:
        return None
    try:
        return max(1, round(int(text) / 2**20)) if text.isdigit() else megabytes(text)
    except ValueError as error:
        problems.add(node.place, *str(error).split("; ", 1))
        return None


def processors_of(node: Node | None, problems: Problems) -> float | None:
    """A bound of processors in cores."""
    text = word(node)
    if node is None or not text:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text) is None or not float(text):
        problems.add(node.place, f"cpus is {text} and must be a number of cores", 'write it like "0.5"')
        return None
    return float(text)
