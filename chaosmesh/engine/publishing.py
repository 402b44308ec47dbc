"""Puts App Mesh resources in force on a running stack, and says what changed and how long that took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Mesh

SHOWN = 4
"""Names of changed resources in one line; more are counted."""


@dataclass(frozen=True, slots=True)
class Published:
    """A change that is in force: what was and what is, in words, and after how many milliseconds it was everywhere."""

    before: Resources
    after: Resources
    text: str
    ms: float


class Publisher:
    """`say` hears one line for each change that is in force, `watched` gets it, `published` is called after it;
    `beginning` is called before each, `failed` where it came to nothing. The App Mesh API and `up --watch` publish
    here."""

    def __init__(
        self, stack: Stack, resources: Resources, scenario: Scenario, profile: str, say: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._resources = resources
        self._scenario = scenario
        self._profile = profile
        self._say = say
        self._said: set[str] = set()
        self.published: Callable[[], None] = lambda: None
        self.beginning: Callable[[], None] = lambda: None
        self.watched: Callable[[Published], None] = lambda _: None
        self.failed: Callable[[], None] = lambda: None

    async def publish(self, resources: Resources) -> None:
        """Returns once the resources are in force. Raises ChaosMeshError, and then those before are."""
        began = time.monotonic()
        mesh, note = self._policy(resources)
        self.beginning()
        try:
            push = await self._stack.apply(mesh)
        except BaseException:
            self.failed()
            raise
        taken = time.monotonic() - began
        drained = f", {taken * 1000:.0f} ms until drained" if taken > 2 * push.seconds + 0.1 else ""
        self._say(
            f"in force after {push.seconds * 1000:.0f} ms{drained}: {difference(self._resources, resources)} "
            f"({_sidecars(len(push.changed))})"
        )
        told = Published(
            self._resources, resources, difference(self._resources, resources), push.seconds * 1000
        )
        self._resources = resources
        self.watched(told)
        for text in (note, self._stack.secrets.note(mesh)):
            self._note(text)
        self.published()

    def _policy(self, resources: Resources) -> tuple[Mesh, str | None]:
        """While a mesh is being made call by call, what the scenario adds may not fit yet."""
        try:
            return policy(resources, self._scenario, self._profile), None
        except DocumentError as error:
            return translate(resources, self._profile), f"left out of the scenario for now: {error}"

    def _note(self, text: str | None) -> None:
        if text and text not in self._said:
            self._said.add(text)
            self._say(text)


def difference(before: Resources, after: Resources) -> str:
    """What changed, in words: `+` came, `-` went, `~` is another."""
    old, new = ({one.id: one for one in resources} for resources in (before, after))
    words = [f"+ {name}" for name in new if name not in old]
    words += [f"- {name}" for name in old if name not in new]
    words += [f"~ {name}" for name, one in new.items() if name in old and old[name].spec != one.spec]
    if len(words) > SHOWN:
        words = [*words[:SHOWN], f"and {len(words) - SHOWN} more"]
    return ", ".join(words) or "nothing changed"


def _sidecars(count: int) -> str:
    return "1 sidecar" if count == 1 else f"{count} sidecars"
