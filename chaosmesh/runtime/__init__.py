"""Starts and stops what a mesh runs on: addresses, the keeper, Toxiproxy, sidecars and services.

Names are loaded when they are used: the keeper process is part of this package and stays small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaosmesh.runtime.folder import new_run, workdir
    from chaosmesh.runtime.heal import Heal
    from chaosmesh.runtime.inspection import Finding, doctor
    from chaosmesh.runtime.keeper_client import Keeper, Ticks
    from chaosmesh.runtime.layout import lay_out
    from chaosmesh.runtime.process import ProcessRuntime
    from chaosmesh.runtime.remains import Leftover, clean, leftovers
    from chaosmesh.runtime.runtime import Runtime
    from chaosmesh.runtime.subnet import Subnet, lease_subnet

_HOMES = {
    "Finding": "inspection",
    "Heal": "heal",
    "Keeper": "keeper_client",
    "Leftover": "remains",
    "ProcessRuntime": "process",
    "Runtime": "runtime",
    "Subnet": "subnet",
    "Ticks": "keeper_client",
    "clean": "remains",
    "doctor": "inspection",
    "lay_out": "layout",
    "lease_subnet": "subnet",
    "leftovers": "remains",
    "new_run": "folder",
    "workdir": "folder",
}

__all__ = [
    "Finding",
    "Heal",
    "Keeper",
    "Leftover",
    "ProcessRuntime",
    "Runtime",
    "Subnet",
    "Ticks",
    "clean",
    "doctor",
    "lay_out",
    "lease_subnet",
    "leftovers",
    "new_run",
    "workdir",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"chaosmesh.runtime.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
