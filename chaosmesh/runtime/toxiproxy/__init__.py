"""Toxiproxy: its server (found or built) and a client for it."""

from chaosmesh.runtime.toxiproxy.client import CUT, ProxySpec, ProxyState, ToxiproxyClient
from chaosmesh.runtime.toxiproxy.install import METRICS, VERSION, cache_folder, find, install, require
from chaosmesh.runtime.toxiproxy.toxics import Toxic

__all__ = [
    "CUT",
    "METRICS",
    "VERSION",
    "ProxySpec",
    "ProxyState",
    "Toxic",
    "ToxiproxyClient",
    "cache_folder",
    "find",
    "install",
    "require",
]
