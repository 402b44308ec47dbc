"""Hears from the engine which containers of a run end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chaosmesh.runtime.docker.labels import PART, RUN

if TYPE_CHECKING:
    from docker.client import DockerClient


class Ends:
    """Calls `ended(part, status)` in the loop for each container that ends (status as of a process: negative for a
    signal) unless it is `meant` to (by its id), and `lost(why)` when the engine stops telling."""

    def __init__(
        self,
        client: DockerClient,
        run: str,
        ended: Callable[[str, int], None],
        lost: Callable[[str], None],
        *,
        meant: Callable[[str], bool] = lambda _id: False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended, self._lost, self._meant = ended, lost, meant
        self._closing = False
        self._stream: Any = client.events(
            decode=True, filters={"type": "container", "event": "die", "label": f"{RUN}={run}"}
        )
        self._thread = threading.Thread(target=self._hear, name=f"chaosmesh-events-{run}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._closing = True
        self._stream.close()
        self._thread.join(5.0)

    def _hear(self) -> None:
        why = "the Docker engine closed its stream of events"
        try:
            for event in self._stream:
                if self._meant(event["Actor"]["ID"]):
                    continue
                attributes = event["Actor"]["Attributes"]
                self._tell(self._ended, attributes.get(PART, ""), _status(attributes.get("exitCode", "0")))
        except Exception as error:  # noqa: BLE001 -- whatever ends the stream, the run must hear of it
            why = f"the Docker engine went away: {error}"
        if not self._closing:
            self._tell(self._lost, why)

    def _tell(self, hear: Callable[..., None], *words: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(hear, *words)


def _status(code: str) -> int:
    """137 is how a container tells of signal 9."""
    number = int(code)
    return 128 - number if number > 128 else number
