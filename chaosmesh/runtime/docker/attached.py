"""The user's own containers behind a node: as programs of the run, or, where they run already, as guests of its
network. Blocks; call it from a thread."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.services.program import Program, Volume

if TYPE_CHECKING:
    from docker.client import DockerClient

TAKEN = {
    "user",
    "working_dir",
    "entrypoint",
    "nano_cpus",
    "mem_limit",
    "labels",
    "detach",
    "remove",
    "auto_remove",
}
"""Of what Testcontainers passes on to the engine: these words are known here, or mean nothing in a run."""


def program_of(node: str, container: Any, ports: Sequence[int], port: int | None = None) -> Program:
    """A `DockerContainer` of Testcontainers as the program behind a node that listens on `ports`; `port` is the one on
    which it listens itself (default: the same, or the only one that it exposes).

    UsageError for what is no such container, and for wishes of one not yet started that a pod can't fulfil.
    """
    from testcontainers.core.container import DockerContainer

    if not isinstance(container, DockerContainer):
        raise UsageError(
            f"attach: {container!r} is no container of Testcontainers",
            hint='attach("weather", DockerContainer("my-weather"))',
        )
    own = _ports(node, container, ports, port)
    if (running := _running(container)) is not None:
        return Program(node, container=str(running.id), ports=own, source="attached")
    kwargs = dict(container._kwargs)
    if odd := sorted(kwargs.keys() - TAKEN):
        raise UsageError(
            f"attach: {', '.join(odd)} of {container.image} can't be taken along into the pod of {node}",
            hint="start it yourself and attach it running",
        )
    command = container._command
    memory = kwargs.get("mem_limit")
    return Program(
        node,
        image=container.image,
        command=tuple(shlex.split(command))
        if isinstance(command, str)
        else tuple(command)
        if command
        else None,
        entrypoint=_words(kwargs.get("entrypoint")),
        env={name: str(value) for name, value in container.env.items()},
        files=tuple(_files(container)),
        user=str(kwargs.get("user") or ""),
        folder=str(kwargs.get("working_dir") or ""),
        cpus=kwargs["nano_cpus"] / 1e9 if kwargs.get("nano_cpus") else None,
        memory_mb=_megabytes(memory) if memory else None,
        ports=own,
        source="attached",
    )


class Guest:
    """A container that runs already, in a network of the run. It is never stopped and never removed."""

    def __init__(self, client: DockerClient, network: str, container: str, address: str) -> None:
        from docker.errors import APIError, NotFound

        try:
            self.container = client.containers.get(container)
            self._network = client.networks.get(network)
            if network not in self.container.attrs["NetworkSettings"]["Networks"]:
                self._network.connect(self.container, ipv4_address=address)
        except NotFound as error:
            raise EnvironmentFailedError(f"attach: the container {container[:12]} is gone") from error
        except APIError as error:
            if "already exists" not in str(error.explanation):  # another copy's sidecar was faster
                raise EnvironmentFailedError(
                    f"attach: {container[:12]} can't join the run's network: {error.explanation or error}"
                ) from error

    def leave(self) -> None:
        """Out of the network; fine where it is gone."""
        from docker.errors import APIError

        with contextlib.suppress(APIError):
            self._network.disconnect(self.container, force=True)


def _running(container: Any) -> Any | None:
    from testcontainers.core.exceptions import ContainerStartException

    try:
        found = container.get_wrapped_container()
    except ContainerStartException:
        return None
    found.reload()
    if found.status != "running":
        raise UsageError(
            f"attach: the container {found.name} is {found.status}", hint="start it, or a new one"
        )
    return found


def _ports(node: str, container: Any, listened: Sequence[int], port: int | None) -> Mapping[int, int]:
    if not listened:
        return {}
    exposed = [int(str(one).partition("/")[0]) for one in container.ports]
    if port is None and len(exposed) == 1 and exposed[0] not in listened:
        port = exposed[0]
    if port is None:
        return {}
    if len(listened) > 1:
        raise UsageError(
            f"attach: port is one, {node} listens on {', '.join(map(str, listened))}",
            hint="let the container listen on these, and leave port out",
        )
    return {listened[0]: port} if port != listened[0] else {}


def _files(container: Any) -> list[Volume]:
    found = [
        Volume(mount["bind"], str(Path(host).resolve()), read_only=mount["mode"] == "ro")
        for host, mount in container.volumes.items()
    ]
    found += [
        Volume(target, size_mb=_megabytes(size) if size else None) for target, size in container.tmpfs.items()
    ]
    for content, target, *_ in container._transferable_specs:
        if isinstance(content, bytes):
            found.append(Volume(target, text=content.decode()))
        else:
            found.append(Volume(target, str(Path(content).resolve())))
    return found


def _words(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)


def _megabytes(value: Any) -> int:
    """As Docker counts: "64m", "1g", or bytes."""
    from docker.utils import parse_bytes

    return max(1, int(parse_bytes(value)) >> 20)
