"""Forms that recur in Envoy's JSON: durations, addresses, typed extensions, where resources come from."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

FROM_ADS: Final[Json] = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
"""Resources come from the control plane; the proxy waits for them as long as it takes."""


def seconds(value: float) -> str:
    """A duration in seconds, as JSON protobuf wants it.

    >>> seconds(0.25), seconds(15), seconds(0)
    ('0.25s', '15s', '0s')
    """
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return f"{text}s"


def socket(address: str, port: int) -> Json:
    """An IP address and port."""
    return {"socket_address": {"address": address, "port_value": port}}


def typed(type_name: str, /, **fields: Any) -> Json:
    """An extension's configuration; `type_name` is the message's name after ``envoy.``."""
    return {"@type": f"type.googleapis.com/envoy.{type_name}", **fields}


def extension(name: str, type_name: str, /, **fields: Any) -> Json:
    """A named extension with its configuration."""
    return {"name": name, "typed_config": typed(type_name, **fields)}
