"""Which addresses a run takes: none that the engine or this machine has a use for."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.docker import network
from chaosmesh.runtime.docker.labels import RUN
from chaosmesh.runtime.docker.network import Bridge

ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t0000C80A\t00000000\t0001\t0\t0\t0\t0000F8FF\t0\t0\t0
"""
"""A default route, and 10.200.0.0/13 (200 to 207) through a VPN."""


class Networks:
    """The engine's networks; what overlaps with `taken` is refused, as the engine does it."""

    def __init__(self, listed: list[str], taken: list[str], refusal: str = "Pool overlaps") -> None:
        self.listed, self.taken, self.refusal = listed, [IPv4Network(one) for one in taken], refusal
        self.made: list[dict[str, Any]] = []
        self.tries = 0

    def list(self) -> list[Any]:
        pools = [{"Config": [{"Subnet": one}]} for one in self.listed]
        return [SimpleNamespace(attrs={"IPAM": one}) for one in (*pools, {"Config": None}, None)]

    def create(self, name: str, **asked: Any) -> None:
        self.tries += 1
        wanted = IPv4Network(asked["ipam"]["Config"][0]["Subnet"])
        if any(wanted.overlaps(one) for one in self.taken):
            raise APIError("500", explanation=self.refusal)
        self.made.append({"name": name, **asked})


def bridge(networks: Networks, monkeypatch: pytest.MonkeyPatch, folder: Path, routes: str = ROUTES) -> Bridge:
    (folder / "route").write_text(routes)
    monkeypatch.setattr(network, "ROUTES", folder / "route")
    made = Bridge("r1")
    made.client = SimpleNamespace(networks=networks)  # type: ignore[assignment]
    made._create()
    return made


def test_a_network_is_free_labelled_and_knows_where_this_machine_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = 211
    others = [f"10.{one}.0.0/16" for one in range(208, 255) if one != free]
    networks = Networks(others, [])
    made = bridge(networks, monkeypatch, tmp_path)
    assert made.subnet == f"10.{free}"
    (one,) = networks.made
    assert (one["name"], one["labels"][RUN]) == ("chaosmesh-r1", "r1")
    assert one["ipam"]["Config"][0]["Gateway"] == f"10.{free}.0.254"


def test_a_network_that_somebody_took_in_the_meantime_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    networks = Networks([], ["10.208.0.0/13", "10.216.0.0/13", "10.224.0.0/12", "10.240.0.0/12"])
    with pytest.raises(EnvironmentFailedError, match="Pool overlaps"):
        bridge(networks, monkeypatch, tmp_path)
    assert networks.tries == 254 - 208 + 1


def test_another_refusal_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    networks = Networks([], ["10.0.0.0/8"], "iptables is missing")
    with pytest.raises(EnvironmentFailedError, match="iptables is missing"):
        bridge(networks, monkeypatch, tmp_path)
    assert networks.tries == 1


def test_all_of_them_may_be_routed_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    networks = Networks(["10.208.0.0/12", "10.224.0.0/11"], [])
    with pytest.raises(EnvironmentFailedError, match="every one of them is routed elsewhere"):
        bridge(networks, monkeypatch, tmp_path)
    assert networks.tries == 0
