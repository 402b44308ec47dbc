"""Starts, ends and asks single containers: the engine behind a few words. Blocks; call it from a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime.docker import labels
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.hands import State
from chaosmesh.services.program import Volume

if TYPE_CHECKING:
    from docker.client import DockerClient
    from docker.models.containers import Container

TAIL_LINES = 30


class Containers:
    """The containers of one run, by the names of their parts."""

    def __init__(self, client: DockerClient, run: str, network: str) -> None:
        self._client = client
        self._run = run
        self._network = network
        self._made: dict[str, Container] = {}
        self._dismissed: set[str] = set()
        self._guests: dict[str, Callable[[], None]] = {}
        _no_foreign_reaper(client)

    def start(self, spec: Spec) -> int:
        """Starts a container, in the place of one of the same part that ended; returns its pid on this machine.

        EnvironmentFailedError with its last lines when it ends before it said what it was waited for.
        """
        from docker.errors import APIError, DockerException
        from testcontainers.core.container import DockerContainer

        from chaosmesh.runtime.docker.says import Says

        self._forget(spec.part.name)
        box = (
            DockerContainer(spec.image)
            .with_kwargs(**self._wishes(spec))
            .with_name(self._named(spec.part.name))
        )
        if spec.command is not None:
            box.with_command(list(spec.command))
        box.with_envs(**spec.env)
        for target, content in spec.files.items():
            box.with_copy_into_container(content, target, 0o644)
        if spec.says:
            box.waiting_for(Says(spec.says))
        try:
            box.start()
        except (APIError, DockerException, TimeoutError, RuntimeError) as error:
            self._note(spec.part.name, box)
            raise EnvironmentFailedError(self._why(spec, error)) from error
        self._note(spec.part.name, box)
        return self._pid(spec.part.name)

    def _wishes(self, spec: Spec) -> dict[str, Any]:
        """What the engine is asked for beyond the image: no right that the container has no use for."""
        wishes: dict[str, Any] = {
            "labels": labels.of(self._run, spec.part.name),
            "mounts": [_mount(one) for one in spec.volumes],
        }
        if spec.inside:
            wishes["network_mode"] = f"container:{self._made[spec.inside].id}"
        else:
            wishes |= self._addressed(spec)
        if not spec.foreign:
            wishes |= {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
        if spec.network_admin:
            wishes |= {"cap_add": ["NET_ADMIN", "NET_RAW", "SETUID", "SETGID", "SETPCAP"], "user": "0"}
        chosen = {
            "entrypoint": list(spec.entrypoint) if spec.entrypoint is not None else None,
            "user": spec.user,
            "working_dir": spec.folder,
            "nano_cpus": int(spec.cpus * 1e9) if spec.cpus else None,
            "mem_limit": f"{spec.memory_mb}m" if spec.memory_mb else None,
        }
        return wishes | {key: value for key, value in chosen.items() if value}

    def _addressed(self, spec: Spec) -> dict[str, Any]:
        from docker.types import EndpointConfig

        version = self._client.api._version  # docker-py asks for it, and gives it nowhere else
        place = EndpointConfig(version, ipv4_address=spec.address)
        return {
            "network": self._network,
            "networking_config": {self._network: place},
            "extra_hosts": dict(spec.hosts),
            "hostname": spec.part.replica.key.replace("_", "-")[:63] if spec.part.replica else spec.part.role,
        }

    def stop(self, part: str, within: float) -> None:
        """Ends a container in order and removes it; fine where it is gone."""
        from docker.errors import APIError, NotFound

        container = self._made.pop(part, None)
        if container is None:
            return
        if (leave := self._guests.pop(part, None)) is not None:
            leave()
            return
        self._dismissed.add(str(container.id))
        with contextlib.suppress(NotFound):
            with contextlib.suppress(APIError):
                container.stop(timeout=int(within))
            container.remove(force=True, v=True)

    def receive(self, part: str, guest: Container, leave: Callable[[], None]) -> int:
        """Takes a container that isn't ours as a part, whose end is that it leaves; returns its pid."""
        self._made[part], self._guests[part] = guest, leave
        return self._pid(part)

    def dismissed(self, container: str) -> bool:
        """Whether a container, by its id, was ended in order: its part may be another container by now."""
        return container in self._dismissed

    def kill(self, part: str) -> None:
        """SIGKILL; UsageError for a container that isn't ours."""
        if part in self._guests:
            raise UsageError(
                f"{self._made[part].name} was running when it was attached, and is not ended by us",
                hint="attach it before it is started, or let it hang, or partition its callers",
            )
        self._act(part, "kill")

    def pause(self, part: str) -> None:
        """Nothing in it runs any more until `unpause`."""
        self._act(part, "pause")

    def unpause(self, part: str) -> None:
        """It goes on."""
        self._act(part, "unpause")

    def state(self, part: str) -> State:
        """What a container does."""
        from docker.errors import NotFound

        try:
            state = self._client.api.inspect_container(self._made[part].id)["State"]
        except (KeyError, NotFound):
            return "ended"
        return "stopped" if state["Paused"] else "runs" if state["Running"] else "ended"

    def run_inside(
        self, part: str, command: list[str], *, env: Mapping[str, str] | None = None, user: str = ""
    ) -> tuple[int, str]:
        """Runs a command in a container: its status and what it wrote."""
        code, output = self._made[part].exec_run(command, environment=dict(env or {}), user=user)
        return int(code or 0), output.decode(errors="replace")

    def log(self, part: str, lines: int | None = None) -> str:
        """What a container has written; "" where there is none."""
        from docker.errors import APIError

        container = self._made.get(part)
        if container is None:
            return ""
        with contextlib.suppress(APIError):
            return bytes(container.logs(tail=lines or "all")).decode(errors="replace")
        return ""

    def keep_log(self, part: str, file: Path) -> None:
        """Writes what a container has written to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.log(part))

    def path_of(self, part: str) -> str:
        """The container in the engine's API."""
        return f"/containers/{self._made[part].id}"

    def get(self, part: str) -> Container:
        """A container itself; KeyError where there is none."""
        return self._made[part]

    def names(self) -> list[str]:
        """Parts whose container was made and not removed."""
        return list(self._made)

    def _named(self, part: str) -> str:
        return f"chaosmesh-{self._run}-{part.replace('%', '_')}"

    def _note(self, part: str, box: Any) -> None:
        with contextlib.suppress(Exception):  # it was never made
            self._made[part] = box.get_wrapped_container()

    def _forget(self, part: str) -> None:
        from docker.errors import APIError

        old = self._made.pop(part, None)
        if old is not None:
            self._dismissed.add(str(old.id))
            with contextlib.suppress(APIError):
                old.remove(force=True, v=True)

    def _pid(self, part: str) -> int:
        return int(self._client.api.inspect_container(self._made[part].id)["State"]["Pid"])

    def _act(self, part: str, how: str) -> None:
        from docker.errors import APIError

        try:
            getattr(self._made[part], how)()
        except (KeyError, APIError) as error:
            raise EnvironmentFailedError(f"the engine can't {how} {part}: {error}") from error

    def _why(self, spec: Spec, error: Exception) -> str:
        last = self.log(spec.part.name, TAIL_LINES).strip()
        said = getattr(error, "explanation", None) or str(error).partition("\n")[0]
        return f"the container {spec.part.name} ({spec.image}) did not start: {said}" + (
            f"\n{last}" if last else ""
        )


def _mount(volume: Volume) -> Any:
    """A file or folder of this machine, which must be there, or memory. Testcontainers' own mappings know a source
    once only."""
    from docker.types import Mount

    if volume.source:
        return Mount(volume.target, volume.source, type="bind", read_only=volume.read_only)
    size = volume.size_mb << 20 if volume.size_mb else None
    return Mount(volume.target, None, type="tmpfs", tmpfs_size=size)


def _no_foreign_reaper(client: DockerClient) -> None:
    """Testcontainers brings a reaper in a container of its own; where that image is not there ours does its work."""
    from docker.errors import ImageNotFound
    from testcontainers.core.config import testcontainers_config

    if testcontainers_config.ryuk_disabled:
        return
    try:
        client.images.get(testcontainers_config.ryuk_image)
    except ImageNotFound:
        testcontainers_config.ryuk_disabled = True
