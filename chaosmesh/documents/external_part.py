"""The scenario's `externals:`: what is outside the mesh, and put behind Toxiproxy."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from chaosmesh.documents.part import Part, Port, Text

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def _place(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 1 <= int(port) <= 65535 or "/" in value:
        raise ValueError(f"{value!r} is no address; write host:port, like 127.0.0.1:5432")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} can't be a host's name; write small letters, digits and -, like orders-db"
        )
    return value


class External(Part):
    """Something outside the mesh, behind Toxiproxy. `address`: host:port, named here or never touched; `image`: a
    container to start, which listens on `port` and gets `env`."""

    address: Annotated[str, AfterValidator(_place)] | None = None
    image: Annotated[str, Field(min_length=1)] | None = None
    port: Port | None = None
    env: dict[str, Text] = {}

    @property
    def host(self) -> str:
        """Of its address, "" without one."""
        return (self.address or "").rpartition(":")[0].strip("[]")

    @property
    def listens(self) -> int:
        """Its port."""
        return int((self.address or f":{self.port}").rpartition(":")[2])

    @model_validator(mode="after")
    def _one_place(self) -> External:
        if (self.address is None) == (self.image is None):
            raise ValueError("write address: host:port, or image: and port:")
        if self.image is not None and self.port is None:
            raise ValueError("the port is missing: on which the image listens")
        if self.address is not None and (self.port is not None or self.env):
            raise ValueError("port and env belong to an image; an address has its own port")
        return self


ExternalName = Annotated[str, AfterValidator(_name)]
"""By which workloads find it: a host's name."""
