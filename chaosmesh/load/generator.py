"""All streams of the generator's process: answers to main, batches of records, Locust's request events.

Only the generator's process imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import Semaphore

from chaosmesh.load import wire
from chaosmesh.load.pacer import Flow
from chaosmesh.load.part import WHOLE, Part
from chaosmesh.load.plan import Stream
from chaosmesh.load.telling import Fire, tell

FLUSH_S = 0.02
"""How long a finished request waits at most before it is on its way to main."""


class Generator:
    """The streams that run; `drive` is the task of the one Locust user."""

    def __init__(self, send: Callable[[bytes], None], fire: Fire) -> None:
        self._out = send
        self._lock = Semaphore()
        self._fire = fire
        self._flows: dict[int, Flow] = {}
        self._busy = Event()
        self.driving = Event()
        self.ending: Callable[[], None] = lambda: None  # before a stream is said to be done

    def begin(self, stream: Stream, part: Part = WHOLE) -> None:
        """Starts a stream, or a worker's part of it; the answer carries the time of offset 0."""
        flow = Flow(stream, part)
        self.say({"is": "started", "stream": stream.id, "started_ns": flow.started_ns})
        self._flows[stream.id] = flow
        flow.start()
        self._busy.set()

    def stop(self, stream_id: int) -> None:
        """Ends a stream's sending; unknown ones have ended by themselves."""
        flow = self._flows.get(stream_id)
        if flow is not None:
            flow.stop()

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one control message."""
        self._write(wire.control(message))

    def drive(self) -> None:
        """Delivers batches until the user is stopped, which stops every stream."""
        self.driving.set()
        try:
            while True:
                self._busy.wait()
                gevent.sleep(FLUSH_S)
                for flow in list(self._flows.values()):
                    self._deliver(flow)
        finally:
            self.driving.clear()
            for flow in list(self._flows.values()):
                flow.abort()
                self._deliver(flow)

    def _deliver(self, flow: Flow) -> None:
        rows, sent = flow.take(), flow.sends.take()
        if rows or sent:
            self._write(wire.records(flow.stream.id, rows, sent))
        if rows:
            tell(self._fire, flow.stream, rows, flow.stream.name)
        if flow.over:
            self._end(flow)

    def _end(self, flow: Flow) -> None:
        del self._flows[flow.stream.id]
        if not self._flows:
            self._busy.clear()
        flow.close()
        self.ending()
        self.say(
            {
                "is": "done",
                "stream": flow.stream.id,
                "sent": flow.sends.total,
                "dropped": flow.dropped,
                "retried": flow.retried,
                "cpu_s": flow.cpu_s,
            }
        )

    def _write(self, frame: bytes) -> None:
        with self._lock:
            self._out(frame)
