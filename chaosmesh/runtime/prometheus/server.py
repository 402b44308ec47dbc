"""A Prometheus server of one run, from its configuration to its end."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime import probe
from chaosmesh.runtime.prometheus import config
from chaosmesh.runtime.prometheus.client import Client, QueryError
from chaosmesh.runtime.prometheus.config import Target
from chaosmesh.runtime.prometheus.hands import Hands
from chaosmesh.runtime.prometheus.rules import EVALUATED, PREFIX

PORT = 9090
START_TIMEOUT = 30.0
SCRAPE_TIMEOUT = 20.0  # seconds until every target was scraped anew, on a busy machine too
INTERVAL = 1.0
SIGNED = "timestamp(up) * (2 * up - 1)"
"""When each target was scraped last, below 0 where that failed: `up` is written together with the samples."""
TOLERANCE = 0.01
"""Seconds by which the time of a scrape may differ from that of its samples: Prometheus moves it to a round one."""


Place = tuple[str, str]  # job, instance


def lacking(
    targets: Iterable[Target], times: Mapping[Place, float], wanted: float, failed: dict[Place, float]
) -> list[Target]:
    """Targets of which nothing has come since a time, by the `times` of `SIGNED`. One whose scrape failed is down once it
    has failed again; `failed` keeps from look to look when it first did."""
    late = []
    for one in targets:
        place = one.job, one.address
        at = times.get(place, 0.0)
        if abs(at) < wanted or (at < 0 and failed.setdefault(place, at) == at):
            late.append(one)
    return late


class Server:
    """Use `start`, then `client`; `follow` when targets come and go. Files are in `folder`."""

    def __init__(self, hands: Hands, folder: Path, interval: float = INTERVAL) -> None:
        self.interval = interval
        self.url = f"http://{hands.host}:{PORT}"
        self.client = Client(self.url)
        self.targets: tuple[Target, ...] = ()
        self._hands = hands
        self._folder = folder

    async def start(self, targets: Iterable[Target]) -> None:
        """Returns when the server answers and has scraped every target."""
        self._hands.require()
        self.targets = tuple(targets)
        (self._folder / "targets").mkdir(parents=True, exist_ok=True)
        (self._folder / "data").mkdir(exist_ok=True)
        for path, text in config.files(self.targets, self.interval).items():
            self._write(path, text)
        await self._hands.start(self._folder, flags(self._hands.host))
        await probe.until(f"Prometheus at {self.url} is ready", self._ready, within=START_TIMEOUT)
        await self.scraped(time.time())

    async def follow(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Scrape these from now on; those of them that are new."""
        before, self.targets = self.targets, tuple(targets)
        for job in config.JOBS:
            self._write(config.path_of(job), config.targets_file(job, self.targets))
        return tuple(one for one in self.targets if one not in before)

    async def scraped(self, since: float, *, rules: bool = False) -> float:
        """Returns when every target was scraped after `since` (epoch seconds), and if wanted the rules were evaluated
        after that; the time at which all of it is there to be asked for. What is down counts as scraped; what failed
        once may just have been slow, and has no samples at that time."""
        done = 0.0
        failed: dict[Place, float] = {}

        async def look() -> str:
            nonlocal done
            await self._alive()
            times = await self._times(SIGNED)
            late = lacking(self.targets, times, since + TOLERANCE, failed)
            if late:
                return f"not scraped yet: {', '.join(map(str, late[:3]))}"
            done = max((abs(times[one.job, one.address]) for one in self.targets), default=since)
            return ""

        await probe.until("Prometheus has scraped every target", look, within=SCRAPE_TIMEOUT)
        return await self._evaluated(done) if rules else done

    async def _evaluated(self, since: float) -> float:
        done = 0.0

        async def look() -> str:
            nonlocal done
            times = await self._times(f"timestamp({EVALUATED})")
            done = max(times.values(), default=0.0)
            return "" if done >= since else "the recording rules have not been evaluated since"

        await probe.until("Prometheus has evaluated its rules", look, within=SCRAPE_TIMEOUT)
        return done

    async def _times(self, query: str) -> dict[Place, float]:
        """What a query for times gives, by job and instance."""
        try:
            found = await self.client.vector(query, time.time())
        except QueryError:
            return {}
        return {
            (one.labels.get("job", ""), one.labels.get("instance", "")): one.samples[0][1] for one in found
        }

    async def stop(self) -> None:
        """Ends the server; its data stay in the folder until that is removed."""
        self.client.close()
        await self._hands.stop()

    async def _alive(self) -> None:
        if gone := await self._hands.gone():
            raise EnvironmentFailedError(gone, hint="run it again; its log is in the run folder")

    async def _ready(self) -> str:
        await self._alive()
        return await probe.answers(self._hands.host, PORT, "/-/ready", status=200)

    def _write(self, path: str, text: str) -> None:
        """Whole or not at all: the server watches these files."""
        target = self._folder / path
        scratch = target.with_name(target.name + ".part")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(target)


def flags(host: str) -> list[str]:
    """Its command line, with paths from its folder."""
    return [
        f"--config.file=./{config.MAIN}",
        "--storage.tsdb.path=./data",
        f"--web.listen-address={host}:{PORT}",
        "--log.level=warn",
    ]


def needs_rules(queries: Collection[str]) -> bool:
    """Whether some query asks for what rules record."""
    return any(PREFIX in one for one in queries)
