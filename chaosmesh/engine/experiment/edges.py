"""An edge in a test's hands: the calls of one or more client nodes to a service, and the faults on them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.errors import UsageError
from chaosmesh.faults import Down, Errors, Fault, Latency
from chaosmesh.judge.durations import duration as seconds

_numbers = itertools.count(1)


class Edge:
    """Calls of one or more client nodes to a service. Faults on it are context managers; several nest."""

    def __init__(self, session: Session, named: Named) -> None:
        self._session = session
        self.named = named

    def __repr__(self) -> str:
        return f"<edge {self.named}: {', '.join(map(str, self.named.paths))}>"

    def errors(self, status: int, *, share: float = 1.0) -> FaultContext:
        """A share of the attempts is answered with `status` by the callee's sidecar; same seed, same victims."""
        seed = self._session.seed
        label = f"{status} {share * 100:.4g} %"
        return self._fault(
            label, "errors", lambda name, one: Errors(name, one.pair, status, share, seed, one.workload)
        )

    def latency(self, delay: str, *, jitter: str = "0ms") -> FaultContext:
        """Everything that comes back over the edge is held back: "300ms", ± jitter."""
        ms, plus = _ms(delay, "latency"), _ms(jitter, "jitter")
        label = f"+{delay}" + (f" ± {jitter}" if plus else "")
        return self._fault(label, "latency", lambda name, one: Latency(name, _whole(one), ms, plus))

    def down(self) -> FaultContext:
        """The whole edge is down: open connections end, new ones are refused."""
        return self._fault("down", "down", lambda name, one: Down(name, _whole(one)))

    def _fault(self, label: str, kind: str, make: Callable[[str, Path], Fault]) -> FaultContext:
        number = next(_numbers)
        made = tuple(
            make(f"{kind}-{one.client}-{one.service}-{number}.{index}", one)
            for index, one in enumerate(self.named.paths)
        )
        return FaultContext(self._session.live, InForce(label, self.named, made))


def _ms(text: str, what: str) -> int:
    return round(seconds(text, what) * 1000)


def _whole(path: Path) -> tuple[str, str]:
    """Connections are shared by the nodes behind a service's name: a fault on them can't pick one node yet."""
    if path.workload:
        raise UsageError(
            f"{path}: latency and down act on whole edges", hint=f"name the service {path.service!r}"
        )
    return path.pair
