"""The Docker engine: found as the `docker` command finds it, or an error that names the command that mends it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chaosmesh.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from docker.client import DockerClient

OLDEST_API = (1, 41)
"""Of Docker 20.10, which Debian 12 has."""
ONE_LOOK = 5.0  # seconds to connect
ONE_CALL = 60.0  # seconds for each answer of the engine, builds excepted
CONNECTIONS = 32  # at once: replicas are started side by side
INSTALL = "apt-get install docker.io (as root), or https://docs.docker.com/engine/install/"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the engine is said to be, and by whom: $DOCKER_HOST, a context, or nobody: then it's the usual socket."""

    url: str
    by_host: bool = False
    context: str = ""

    @property
    def said_by(self) -> str:
        """In words; "" for nobody."""
        if self.by_host:
            return "DOCKER_HOST"
        return f"the Docker context {self.context}" if self.context else ""

    def __str__(self) -> str:
        return f"{self.url} ({self.said_by})" if self.said_by else self.url


def connect() -> DockerClient:
    """A client of the engine at $DOCKER_HOST, else of the current context ($DOCKER_CONTEXT, `docker context use`), else at
    the usual socket.

    Raises EnvironmentFailedError: the Python package or the engine is not installed, the engine doesn't run, its socket
    may not be used, DOCKER_HOST or the context leads nowhere, what answers is no engine, or an old one.
    """
    docker = _package()
    where = address()
    _reach(where)
    try:
        client = docker.DockerClient(
            base_url=where.url, tls=_tls(where) or False, timeout=ONE_CALL, max_pool_size=CONNECTIONS
        )
    except Exception as error:  # docker-py lets errors of requests, urllib3 and json through
        raise EnvironmentFailedError(
            f"what answers at {where} is no Docker engine that can be used: {_line(error)}",
            hint=_elsewhere(where),
        ) from error
    version = str(client.api.api_version)
    if _numbers(version) < OLDEST_API:
        client.close()
        raise EnvironmentFailedError(
            f"the Docker engine at {where} speaks version {version} of its API; "
            f"chaosmesh needs {'.'.join(map(str, OLDEST_API))} (Docker 20.10)",
            hint=INSTALL,
        )
    return client


def engine_version(client: DockerClient) -> str:
    """Version of the engine, like "20.10.24"."""
    return str(client.version()["Version"])


def address() -> Address:
    """Where the engine is said to be, in the order in which the `docker` command asks."""
    from docker.constants import DEFAULT_UNIX_SOCKET
    from docker.context import ContextAPI
    from docker.context.config import get_current_context_name

    if host := os.environ.get("DOCKER_HOST"):
        return Address(host, by_host=True)
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if not name or name == "default":
        return Address(str(DEFAULT_UNIX_SOCKET).removeprefix("http+"))
    try:
        context: Any = ContextAPI.get_context(name)
    except Exception as error:  # docker-py raises bare ones for files that it can't read
        raise EnvironmentFailedError(
            f"the Docker context {name} can't be read: {error}", hint=_CONTEXTS
        ) from error
    if context is None or not context.Host:
        raise EnvironmentFailedError(f"there is no Docker context {name}", hint=_CONTEXTS)
    return Address(str(context.Host), context=name)


def _tls(where: Address) -> Any:
    """What the environment, or the context, says about certificates; None without any."""
    from docker.context import ContextAPI
    from docker.utils import kwargs_from_env

    if where.context:
        return ContextAPI.get_context(where.context).TLSConfig
    return kwargs_from_env().get("tls")


_CONTEXTS = "docker context ls, then docker context use NAME, or unset DOCKER_CONTEXT"


def _package() -> Any:
    try:
        import docker
    except ImportError as error:
        raise EnvironmentFailedError(
            f"the Python package docker can't be used: {error}", hint="pip install 'docker>=7.1'"
        ) from error
    return docker


def _reach(where: Address) -> None:
    """Connects once, because the kernel tells the reasons apart and docker-py hides them in its own errors."""
    parts = urlsplit(where.url)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(ONE_LOOK)
                one.connect(_path(where.url))
        elif parts.scheme in ("tcp", "http", "https") and parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), ONE_LOOK).close()
    except PermissionError as error:
        raise EnvironmentFailedError(
            f"{_user()} may not use the Docker engine's socket {_path(where.url)}",
            hint=f"usermod -aG docker {_user()} (as root), then log in again; its members are as powerful as root",
        ) from error
    except (OSError, ValueError) as error:
        raise _nobody(where, error) from error


def _nobody(where: Address, error: Exception) -> EnvironmentFailedError:
    """Nothing listens: because the address is wrong, nothing is installed, or it isn't started."""
    reason = getattr(error, "strerror", None) or str(error)
    if where.said_by:
        return EnvironmentFailedError(f"no Docker engine is at {where}: {reason}", hint=_elsewhere(where))
    if not _engine_program():
        return EnvironmentFailedError("Docker is not installed", hint=INSTALL)
    return EnvironmentFailedError(
        f"the Docker engine is not running ({_path(where.url)}: {reason})", hint=_start_command()
    )


def _engine_program() -> str | None:
    """The engine is root's, whose folders users may not have on their PATH."""
    return shutil.which("dockerd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))


def _start_command() -> str:
    if Path("/run/systemd/system").is_dir():
        return "systemctl start docker (as root)"
    return "dockerd & (as root)"


def _elsewhere(where: Address) -> str:
    if where.by_host:
        return "unset DOCKER_HOST, or set it to where an engine listens (unix:///var/run/docker.sock, tcp://HOST:PORT)"
    return _CONTEXTS if where.context else INSTALL


def _path(url: str) -> str:
    return "/" + url.removeprefix("unix://").lstrip("/")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
