"""A container with less of the machine: limits of its control group, changed while it runs."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime.docker.ill import Ill, Patient
from chaosmesh.runtime.heal import Heal

PERIOD_US = 100_000
"""The span in which a share of a core is counted; the kernel's and Docker's own."""
MIB = 2**20
UNLIMITED = -1


class Squeezed(Ill):
    """Base: a limit, and the one of before."""

    def __init__(self, patient: Patient) -> None:
        super().__init__(patient)
        self._before: dict[str, Any] = {}

    def prepare(self) -> list[Heal]:
        """One request to the engine."""
        self._before = self._limits()
        path = f"{self._patient.containers.path_of(self._patient.part)}/update"
        return [Heal.engine("POST", path, json.dumps(self._wish(self._before)), socket=self._patient.socket)]

    def begin(self) -> None:
        """In force for what runs in it already."""
        self._update(self._asked())

    def end(self) -> None:
        """The limit of before."""
        if self._before:
            self._update(self._wish(self._before))

    def left(self) -> str:
        """By what the engine says."""
        now = self._limits()
        return (
            "" if now == self._before else f"{self._patient.part} is limited to {now}, it was {self._before}"
        )

    @abstractmethod
    def _limits(self) -> dict[str, Any]:
        """The limits in force, 0 where there is none."""

    @abstractmethod
    def _asked(self) -> Mapping[str, int]:
        """What is asked for, in the engine's words."""

    @abstractmethod
    def _wish(self, limits: Mapping[str, int]) -> Mapping[str, int]:
        """Limits in the engine's words, which has one for none."""

    def _update(self, values: Mapping[str, int]) -> None:
        from docker.errors import APIError, NotFound

        path = f"{self._patient.containers.path_of(self._patient.part)}/update"
        api = self._patient.client.api
        try:
            api._raise_for_status(api._post_json(api._url(path), data=dict(values)))
        except NotFound:
            return
        except APIError as error:
            raise self._refused(str(error.explanation or error)) from error

    def _refused(self, why: str) -> Exception:
        return EnvironmentFailedError(f"the engine gives {self._patient.part} no other limit: {why}")

    def _stats(self) -> dict[str, Any]:
        """What the kernel has counted of the container, in one answer."""
        container = self._patient.containers.get(self._patient.part)
        found: dict[str, Any] = self._patient.client.api.stats(container.id, stream=False, one_shot=True)
        return found

    def _host(self) -> dict[str, Any]:
        return dict(self._patient.attrs()["HostConfig"])


class Slowed(Squeezed):
    """At most so much of a core."""

    def __init__(self, patient: Patient, share: float) -> None:
        super().__init__(patient)
        self._share = share
        self._began: tuple[int, int] = (0, 0)

    def begin(self) -> None:
        """Counted from here on."""
        self._began = self._throttled()
        super().begin()

    def seen(self) -> tuple[int, str]:
        """By the kernel's count of periods in which it had to wait."""
        periods, waited = (now - then for now, then in zip(self._throttled(), self._began, strict=True))
        return int(
            periods > 0
        ), f"had to wait for its share of a core {periods:,} times, {waited / 1e9:.1f} s in all"

    def _throttled(self) -> tuple[int, int]:
        told = self._stats()["cpu_stats"].get("throttling_data") or {}
        return int(told.get("throttled_periods", 0)), int(told.get("throttled_time", 0))

    def _limits(self) -> dict[str, int]:
        host = self._host()
        return {"NanoCpus": host.get("NanoCpus") or 0, "CpuQuota": max(0, host.get("CpuQuota") or 0)}

    def _asked(self) -> Mapping[str, int]:
        """One that was started with a number of cores takes no quota beside it."""
        if self._before["NanoCpus"]:
            return {"NanoCpus": round(self._share * 1e9)}
        return {"CpuPeriod": PERIOD_US, "CpuQuota": round(self._share * PERIOD_US)}

    def _wish(self, limits: Mapping[str, int]) -> Mapping[str, int]:
        if limits["NanoCpus"]:
            return {"NanoCpus": limits["NanoCpus"]}
        return {"CpuPeriod": PERIOD_US, "CpuQuota": limits["CpuQuota"] or UNLIMITED}


class Starved(Squeezed):
    """At most so many bytes of memory."""

    def __init__(self, patient: Patient, limit: int) -> None:
        super().__init__(patient)
        self._limit = limit
        self._failed = 0

    def begin(self) -> None:
        """Counted from here on."""
        self._failed = self._failures()
        super().begin()

    def seen(self) -> tuple[int, str]:
        """By the engine's word that it was killed, or the kernel's count of how often it got no more."""
        told = f"at most {self._limit / MIB:.4g} MiB"
        state = self._patient.attrs()["State"]
        if state.get("OOMKilled"):
            return (
                1,
                f"was killed by the kernel: it needed more than {told.removeprefix('at most ')} of memory",
            )
        if not state.get("Running"):
            return 0, f"has ended (status {state.get('ExitCode')})"
        met = self._failures() - self._failed
        return int(met > 0), f"reached its limit ({told}) {met:,} times"

    def left(self) -> str:
        """One that was killed is another container now."""
        return super().left() if self._patient.attrs()["State"].get("Running") else ""

    def _failures(self) -> int:
        told = self._stats().get("memory_stats") or {}
        return int(told.get("failcnt") or (told.get("stats") or {}).get("oom") or 0)

    def _limits(self) -> dict[str, int]:
        """As much as this machine has is no limit."""
        host, there = self._host(), self._there()
        told = {name: host.get(name) or 0 for name in ("Memory", "MemorySwap")}
        return {name: value if 0 < value < there else 0 for name, value in told.items()}

    def _asked(self) -> Mapping[str, int]:
        return {"Memory": self._limit, "MemorySwap": self._limit}

    def _wish(self, limits: Mapping[str, int]) -> Mapping[str, int]:
        """The engine has no word for none: it takes -1 for too little."""
        return {name: value or self._there() for name, value in limits.items()}

    def _there(self) -> int:
        return int(self._patient.client.info()["MemTotal"])

    def _refused(self, why: str) -> Exception:
        if "unable to set memory limit" not in why and "busy" not in why:
            return super()._refused(why)
        used = (self._stats().get("memory_stats") or {}).get("usage", 0)
        return UsageError(
            f"memory: {self._patient.part} uses {used / MIB:.0f} MiB now, and the kernel takes no limit below that",
            hint="leave it some room: memory() is about what it needs next; crash() ends it",
        )
