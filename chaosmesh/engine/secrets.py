"""What a running mesh shows and believes: the certificates that its policy asks for, and what users need of them."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.documents.scenario import Scenario
from chaosmesh.envoy.secrets import Secret, SecretNeed, needed
from chaosmesh.errors import UsageError
from chaosmesh.faults.grip import Flaw
from chaosmesh.load import Tls
from chaosmesh.mesh import Listener, Mesh, ServerTls, Workload
from chaosmesh.runtime.authority import Authority


class Secrets:
    """The certificates of one run; `folder` takes what users need as files, never a private key."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._authority = Authority(scenario)
        self._folder = folder
        self._spoilt: dict[str, tuple[str, Flaw]] = {}

    def of(self, mesh: Mesh) -> dict[str, Secret]:
        """Every secret of a mesh by its name, as faults have it. DocumentError where files of the scenario can't be
        used."""
        needs = needs_of(mesh)
        made = self._authority.supply(needs)
        flaws = dict(self._spoilt.values())
        return made | {
            one.name: self._authority.flawed(one, flaws[one.workload])
            for one in needs
            if one.role == "identity" and one.workload in flaws
        }

    def spoil(self, lease: str, mesh: Mesh, node: str, flaw: Flaw) -> None:
        """From now on something is wrong with every certificate of a node. UsageError where it shows none, or where
        only its owner could make such a one."""
        own = [one for one in needs_of(mesh) if one.role == "identity" and one.workload == node]
        if not own:
            raise UsageError(
                f"certificate: nothing in this mesh makes {node} show a certificate",
                hint="TLS stands in the listeners of virtual nodes and in backend client policies",
            )
        for one in own:
            self._authority.flawed(one, flaw)
        self._spoilt[lease] = node, flaw

    @property
    def spoilt(self) -> tuple[tuple[str, Flaw], ...]:
        """Nodes whose certificates are not right, and what is wrong."""
        return tuple(self._spoilt.values())

    def mend(self, lease: str) -> str:
        """The right ones again; the node, or nothing where nothing was spoilt."""
        return self._spoilt.pop(lease, ("", ""))[0]

    def note(self, mesh: Mesh) -> str | None:
        """In words: which certificates are not the user's own. None where there are none."""
        names = self._authority.invented(needs_of(mesh))
        if not names:
            return None
        return f"certificates: a local authority stands in for {', '.join(names)}"

    def ca_file(self, mesh: Mesh, workload: Workload, tls: ServerTls) -> Path:
        """A file with what one must believe to call this listener."""
        need = next(
            one
            for one in needed(mesh, workload)
            if one.role == "identity" and (one.kind, one.sources[0]) == (tls.identity.kind, tls.identity.name)
        )
        path = self._folder / f"{workload.name}.pem"
        path.parent.mkdir(exist_ok=True)
        text = self._authority.believers(need)
        if not path.exists() or path.read_text() != text:  # the generator may be reading it
            path.write_text(text)
        return path.resolve()

    def tls(self, mesh: Mesh, workload: Workload, listener: Listener) -> Tls | None:
        """How users speak TLS to a listener; None where it takes (or wants) plain text."""
        if not encrypted(listener) or listener.tls is None:
            return None
        name = workload.discovery.hostname if workload.discovery else ""
        return Tls(server_name=name or workload.name, ca_file=str(self.ca_file(mesh, workload, listener.tls)))


def encrypted(listener: Listener) -> bool:
    """Whether a listener takes nothing but TLS."""
    return listener.tls is not None and listener.tls.mode == "strict"


def needs_of(mesh: Mesh) -> tuple[SecretNeed, ...]:
    """What all sidecars of a mesh ask for, each once."""
    found = {one.name: one for workload in mesh.workloads for one in needed(mesh, workload)}
    return tuple(found.values())
