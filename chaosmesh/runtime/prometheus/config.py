"""What a Prometheus server reads: its configuration, its rules, and who is scraped. Pure: the same answer for the same
input. JSON is YAML, so the files are JSON throughout."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from chaosmesh.runtime.prometheus.rules import recording_rules

Job = Literal["sidecar", "toxiproxy", "generator", "chaosmesh"]
JOBS: Final[tuple[Job, ...]] = get_args(Job)

MAIN: Final = "prometheus.yml"
RULES: Final = "rules.yml"
REFRESH: Final = "5s"
"""A changed list of targets is noticed at once (inotify); this is for file systems that tell nothing."""

_PATHS: Final[Mapping[Job, str]] = {
    "sidecar": "/stats/prometheus",
    "toxiproxy": "/metrics",
    "generator": "/generator",
    "chaosmesh": "/metrics",
}


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing that is scraped: its job, its "host:port", and the labels that all its series get."""

    job: Job
    address: str
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        said = dict(self.labels)
        node = said.get("virtual_node") or said.get("virtual_gateway")
        name = f"{node}.{said['replica']}" if node else self.job
        return f"{name} ({self.address})"


def files(targets: Iterable[Target], interval: float) -> dict[str, str]:
    """Every file of the server's folder, by its path in it. `interval`: seconds between two scrapes of a target."""
    every = f"{max(1, round(interval * 1000))}ms"
    body = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [RULES],
        "scrape_configs": [_scrape(job) for job in JOBS],
    }
    wanted = tuple(targets)
    return {
        MAIN: _text(body),
        RULES: _text(recording_rules()),
        **{path_of(job): targets_file(job, wanted) for job in JOBS},
    }


def path_of(job: Job) -> str:
    """Where the targets of a job are listed."""
    return f"targets/{job}.json"


def targets_file(job: Job, targets: Iterable[Target]) -> str:
    """The list of a job's targets, for Prometheus' `file_sd`."""
    own = sorted(one for one in targets if one.job == job)
    return _text([{"targets": [one.address], "labels": dict(one.labels)} for one in own])


def _scrape(job: Job) -> dict[str, Any]:
    body: dict[str, Any] = {
        "job_name": job,
        "metrics_path": _PATHS[job],
        "honor_labels": True,
        "file_sd_configs": [{"files": [path_of(job)], "refresh_interval": REFRESH}],
    }
    if job == "sidecar":
        body["params"] = {"usedonly": [""]}  # a tenth of the cost: what was never counted is left out
    return body


def _text(tree: Any) -> str:
    return json.dumps(tree, indent=1, ensure_ascii=False) + "\n"
