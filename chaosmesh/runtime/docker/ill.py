"""What is done to one container by a fault, blocking; and what all of that needs of the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.mesh import Replica
from chaosmesh.runtime.docker.containers import Containers
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.parts import App, Part, Role

if TYPE_CHECKING:
    from docker.client import DockerClient


@dataclass(frozen=True, slots=True)
class Patient:
    """The pod of a replica: `pod` is its holder as it should be, `app` what runs there, `role` the container that is
    meant. `socket` is the engine's."""

    client: DockerClient
    containers: Containers
    run: str
    socket: str
    subnet: str
    image: str
    replica: Replica
    role: Role
    pod: Spec
    app: App | None

    @property
    def part(self) -> str:
        """Name of the container that is meant."""
        return Part(self.role, self.replica).name

    @property
    def holder(self) -> str:
        """Name of the one that holds the network."""
        return self.pod.part.name

    def attrs(self) -> dict[str, Any]:
        """What the engine says of the container that is meant."""
        return dict(self.client.api.inspect_container(self.containers.get(self.part).id))

    def inside(self, script: str, *words: str) -> str:
        """What a shell script writes that runs as root in the holder. EnvironmentFailedError when it fails."""
        return self._run(self.holder, script, *words)

    def at_proxies(self, script: str, *words: str) -> str:
        """The same where Toxiproxy is."""
        return self._run(Part("holder").name, script, *words)

    def _run(self, holder: str, script: str, *words: str) -> str:
        code, output = self.containers.run_inside(holder, ["sh", "-ec", script, *words], user="0")
        if code:
            raise EnvironmentFailedError(f"{holder}: {output.strip()[-500:] or f'status {code}'}")
        return output

    def prepared(self, script: str, *words: str) -> Heal:
        """A script that is ready to run in the holder: one request starts it, whoever sends that."""
        holder = self.containers.get(self.holder)
        made = self.client.api.exec_create(holder.id, ["sh", "-c", script, *words], user="0")
        body = '{"Detach": true, "Tty": false}'
        # 409: it has run, or the pod has ended and its rules with it
        return Heal.engine("POST", f"/exec/{made['Id']}/start", body, socket=self.socket, fine=(409,))


class Ill(ABC):
    """One fault on one container."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient

    @abstractmethod
    def prepare(self) -> list[Heal]:
        """What undoes it, as data. UsageError for what can't be done here; nothing was done then."""

    @abstractmethod
    def begin(self) -> None:
        """Do it."""

    @abstractmethod
    def end(self) -> None:
        """Undo it; harmless where nothing was done."""

    @abstractmethod
    def seen(self) -> tuple[int, str]:
        """How often it acted, and how that was seen."""

    @abstractmethod
    def left(self) -> str:
        """In words, what is not as it was before; looked at, not remembered. "" where nothing is left."""
