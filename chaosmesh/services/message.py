"""The messages of `standin.proto` on the wire, without a protobuf library: it would cost every stand-in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

METHOD: Final = "/chaosmesh.standin.v1.StandIn/Call"
DEEPEST = 50  # calls within calls; a longer chain is no chain of stand-ins

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is "string", "bytes", "int32" or the name of a message. `optional`: 0 is not the same as nothing."""

    number: int
    kind: str
    repeated: bool = False
    optional: bool = False


LAYOUT: Final[Mapping[str, Mapping[str, Field]]] = MappingProxyType(
    {
        "Request": {"payload": Field(1, "bytes")},
        "Answer": {
            "node": Field(1, "string"),
            "version": Field(2, "string"),
            "replica": Field(3, "int32"),
            "request_id": Field(4, "string"),
            "attempt": Field(5, "int32"),
            "lineage": Field(6, "string"),
            "calls": Field(7, "Outcome", repeated=True),
        },
        "Outcome": {
            "service": Field(1, "string"),
            "status": Field(2, "int32"),
            "grpc_status": Field(3, "int32", optional=True),
            "answer": Field(4, "Answer", optional=True),
            "other": Field(5, "string"),
        },
    }
)


def encode(message: str, values: Mapping[str, Any]) -> bytes:
    """The bytes of a message; a value of a message field may be encoded already.

    ValueError for a name or a value that the layout has no place for.
    """
    layout = LAYOUT[message]
    if unknown := [name for name in values if name not in layout]:
        raise ValueError(f"{message} has no field {unknown[0]!r}")
    out = bytearray()
    for name, field in layout.items():
        value = values.get(name)
        if value is None or (not value and not field.optional):
            continue
        if field.repeated and not isinstance(value, list):
            raise ValueError(f"{message}.{name} is no list: {value!r}")
        for one in value if field.repeated else (value,):
            out += _encoded(field, one)
    return bytes(out)


def decode(message: str, data: bytes, depth: int = 0) -> dict[str, Any]:
    """Its values by name, with proto3's defaults; optional ones only where they are there. ValueError if malformed."""
    if depth > 2 * DEEPEST:
        raise ValueError(f"{message}: more than {DEEPEST} calls within calls")
    layout = LAYOUT[message]
    by_number = {field.number: (name, field) for name, field in layout.items()}
    values: dict[str, Any] = {
        name: [] if one.repeated else _default(one) for name, one in layout.items() if not one.optional
    }
    for number, wire, raw in _fields(data):
        if number not in by_number:
            continue
        name, field = by_number[number]
        value = _decoded(field, wire, raw, depth)
        if field.repeated:
            values[name].append(value)
        else:
            values[name] = value
    return values


def _encoded(field: Field, value: Any) -> bytes:
    if field.kind == "int32":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
            raise ValueError(f"not a whole number from 0 to 2^31-1: {value!r}")
        return _varint(field.number << 3 | VARINT) + _varint(value)
    data = _payload(field.kind, value)
    return _varint(field.number << 3 | BYTES) + _varint(len(data)) + data


def _payload(kind: str, value: Any) -> bytes:
    if isinstance(value, str) and kind == "string":
        return value.encode(errors="replace")
    if isinstance(value, bytes) and kind != "string":
        return value
    if isinstance(value, Mapping) and kind in LAYOUT:
        return encode(kind, value)
    raise ValueError(f"no {kind}: {value!r}")


def _decoded(field: Field, wire: int, raw: int | bytes, depth: int) -> Any:
    if wire != (VARINT if field.kind == "int32" else BYTES):
        raise ValueError(f"field {field.number} has wire type {wire}")
    if isinstance(raw, int):
        low = raw & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low
    if field.kind == "string":
        return raw.decode()
    return raw if field.kind == "bytes" else decode(field.kind, raw, depth + 1)


def _default(field: Field) -> Any:
    return {"string": "", "bytes": b"", "int32": 0}[field.kind]


def _fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _read_varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, at = _read_varint(data, at)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise ValueError(f"field {number} has wire type {wire}")
        if length > len(data) - at:
            raise ValueError(f"field {number} is cut off")
        yield number, wire, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number is cut off")


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
