"""The base of all App Mesh models and the types that their fields are made of.

Ranges are those of the service's API model (2019-01-25).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from chaosmesh.documents import Bound

LOOSE = "loose"  # validation context of formats that write numbers as text and text as numbers


class Spec(BaseModel):
    """A part of a resource: fields in snake_case, aliases as the API has them, nothing unknown allowed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )

    def written(self) -> Iterator[tuple[str, Any]]:
        """The fields that hold a value, by their API names."""
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None:
                yield info.alias or name, value

    def plain(self) -> dict[str, Any]:
        """The API's JSON form."""
        data: dict[str, Any] = self.model_dump(by_alias=True, exclude_none=True, mode="json")
        return data


class OneOf(Spec):
    """A union of the API: exactly one member is written."""

    @model_validator(mode="after")
    def _exactly_one(self) -> OneOf:
        seen = [name for name, _ in self.written()]
        if len(seen) != 1:
            known = ", ".join(info.alias or name for name, info in type(self).model_fields.items())
            raise ValueError(f"exactly one of {known} is needed; written: {', '.join(seen) or 'none'}")
        return self

    @property
    def member(self) -> tuple[str, Any]:
        """Name and value of the one member."""
        return next(self.written())


def _loose(value: Any, info: ValidationInfo) -> bool:
    return isinstance(value, Bound) or bool((info.context or {}).get(LOOSE))


def _number(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and _loose(value, info) and value.strip().removeprefix("-").isdigit():
        return int(value)
    return value


def _truth(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and _loose(value, info):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _text(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, bool) and _loose(value, info):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | str) and _loose(value, info) else value


Whole = Annotated[int, Strict(), BeforeValidator(_number)]
Truth = Annotated[bool, Strict(), BeforeValidator(_truth)]
Text = Annotated[str, Strict(), BeforeValidator(_text)]
Name = Annotated[Text, Field(min_length=1, max_length=255)]
Text255 = Annotated[Text, Field(min_length=1, max_length=255)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Protocol = Literal["http", "http2", "grpc", "tcp"]
Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
IpPreference = Literal["IPv6_PREFERRED", "IPv4_PREFERRED", "IPv4_ONLY", "IPv6_ONLY"]


class Duration(Spec):
    """A span of time. 0 switches a timeout off."""

    unit: Literal["s", "ms"] | None = None
    value: Annotated[Whole, Field(ge=0)] | None = None

    @property
    def seconds(self) -> float:
        """In seconds; milliseconds where no unit is written (inferred)."""
        value = self.value or 0
        return float(value) if self.unit == "s" else value / 1000


class PortMapping(Spec):
    """A port and the protocol that is spoken on it."""

    port: Port
    protocol: Protocol
