"""Waits for a line of a container's log: by following it, for each look at the whole of it costs the engine as much as
starting a container does. Loads Testcontainers."""

from __future__ import annotations

import threading
from typing import Final

from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

WITHIN_S: Final = 30
"""Seconds until a container must have said its line."""


class Says(WaitStrategy):
    """RuntimeError when the container ends before; TimeoutError when it takes too long."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line.encode()

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Returns when the line is there."""
        stream = container.get_wrapped_container().logs(stream=True, follow=True)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            stream.close()

        timer = threading.Timer(WITHIN_S, give_up)
        timer.start()
        text = b""
        try:
            for part in stream:
                text += part
                if self._line in text.splitlines():
                    return
        finally:
            timer.cancel()
            stream.close()
        if late.is_set():
            raise TimeoutError(f"it did not say {self._line.decode()!r} within {WITHIN_S} s")
        raise RuntimeError(f"it ended before it said {self._line.decode()!r}")
