"""What a run ran on: host, versions and command in `surroundings.json`, the documents and the picture of the mesh in
`config/`."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.kept import keep_documents, keep_picture
from chaosmesh.engine.stack import Stack
from chaosmesh.envoy import binary_version
from chaosmesh.ledger import Ledger
from chaosmesh.load.plan import MIN_LAG_BOUND_MS

NAME = "surroundings.json"

COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT")
"""Where CI systems say which commit they run, asked before git."""


async def keep_surroundings(
    stack: Stack, resources: Resources, scenario: Scenario, folder: RunFolder, ledger: Ledger | None = None
) -> None:
    """Write all that into the run folder, while the mesh still runs. `ledger`: whose requests tell how late the
    generator was (default: the stack's)."""
    ticks = await stack.keeper.ticks()
    body = surroundings(
        stack.kind,
        digest_of(resources, scenario),
        starved=round(ticks.late / ticks.total, 5) if ticks.total else None,
        late=late_share(ledger or stack.ledger),
    )
    folder.write_json(NAME, body)
    keep_documents(folder, resources, scenario)
    keep_picture(folder, stack.mesh, stack.topology.entries, [one.name for one in stack.externals])


def surroundings(
    runtime: str, policy: str, *, starved: float | None, late: float | None
) -> Mapping[str, Any]:
    """What a run ran on. `policy`: SHA-256 of its documents; `starved` and `late` are shares of ticks and of requests."""
    return {
        "runtime": runtime,
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "policy": policy,
        "versions": versions(),
        "host": {
            "cores": os.cpu_count(),
            "load": [round(one, 2) for one in os.getloadavg()],
            "starved": starved,
            "late": late,
        },
    }


def versions() -> Mapping[str, str | None]:
    """What ran: chaosmesh, Envoy, Python, and the commit of the user's own repository (None: there is none)."""
    return {
        "chaosmesh": importlib.metadata.version("chaosmesh"),
        "envoy": binary_version(),
        "python": platform.python_version(),
        "commit": commit(),
    }


@functools.cache
def commit() -> str | None:
    """The commit that is tested, as CI or git says; None where nobody knows."""
    told = next((os.environ[name] for name in COMMITS if os.environ.get(name)), None)
    if told:
        return told
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def digest_of(resources: Resources, scenario: Scenario) -> str:
    """SHA-256 over the documents and the scenario file, by name and content; where they lie does not matter."""
    files = {one.where.file for one in resources} | {scenario.place().file}
    return digest(Path(one) for one in files if Path(one).is_file())


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over files by name and content, in the order of both."""
    whole = hashlib.sha256()
    for name, content in sorted((one.name, hashlib.sha256(one.read_bytes()).digest()) for one in files):
        whole.update(name.encode() + b"\0" + content)
    return whole.hexdigest()


def late_share(ledger: Ledger) -> float | None:
    """Share of the requests that the generator sent more than 5 ms after their time; None without requests."""
    lags = [one.lag_ms > MIN_LAG_BOUND_MS for _, one in ledger.records]
    return round(sum(lags) / len(lags), 5) if lags else None
