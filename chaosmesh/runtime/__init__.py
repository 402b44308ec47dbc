"""Starts and stops what a mesh runs on: addresses, the keeper, Toxiproxy, sidecars and services.

Names are loaded when they are used: the keeper process is part of this package and stays small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaosmesh.runtime.heal import Heal
    from chaosmesh.runtime.keeper_client import Keeper, Ticks
    from chaosmesh.runtime.layout import lay_out
    from chaosmesh.runtime.subnet import Subnet, lease_subnet

_HOMES = {
    "Heal": "heal",
    "Keeper": "keeper_client",
    "Subnet": "subnet",
    "Ticks": "keeper_client",
    "lay_out": "layout",
    "lease_subnet": "subnet",
}

__all__ = ["Heal", "Keeper", "Subnet", "Ticks", "lay_out", "lease_subnet"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"chaosmesh.runtime.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
