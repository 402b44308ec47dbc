"""The workers as the master sees them: who they are, how their clocks go, and what they have sent of a stream.

Only the master's process imports this module.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import Semaphore

from chaosmesh.load import wire
from chaosmesh.load.pacer import address_of, epoch_offset
from chaosmesh.load.part import Clock, Host, Part

LEAD_NS = 50_000_000
"""Between the order to begin and the first request: by then every worker has its part."""

_QUESTIONS = 20
_PAUSE_S = 0.002
_LOOK_S = 1.0
_PATIENCE_S = 5.0


@dataclass(slots=True)
class Member:
    """A worker that joined."""

    node: str
    index: int
    host: Host
    clock: Clock
    drives: bool = False


@dataclass(slots=True)
class Under:
    """A stream under way, and the workers' own reports of it so far."""

    reports: dict[int, dict[str, Any]] = field(default_factory=dict)
    cpu_ns: int = field(default_factory=time.process_time_ns)


class Crew:
    """All workers together behave as one generator."""

    def __init__(self, runner: Any, wanted: int, token: str, send: Callable[[bytes], None]) -> None:
        self._runner = runner
        self._wanted = wanted
        self._token = token
        self._out = send
        self._lock = Semaphore()
        self._here = Host.here()
        self._members: dict[str, Member] = {}
        self._streams: dict[int, Under] = {}
        self._changed, self._answered_all = Event(), Event()
        self._open_questions = 0
        listeners: dict[str, Callable[[str, Any], None]] = {
            "chaosmesh_joins": self._joins,
            "chaosmesh_drives": self._drives,
            "chaosmesh_clock": self._answered,
            "chaosmesh_frame": self._frame,
        }
        for name, listener in listeners.items():
            runner.register_message(name, self._checked(listener))

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one control message to main."""
        self._write(wire.control(message))

    def gather(self) -> None:
        """Waits until every worker has joined and paces; main has its own deadline for it."""
        self._until(lambda: len(self._members) == self._wanted)
        self._measure()
        self._runner.start(self._wanted, spawn_rate=self._wanted)
        self._until(lambda: all(one.drives for one in self._members.values()))
        self.say({"is": "ready"})
        gevent.spawn(self._keep_watch)

    def begin(self, stream: dict[str, Any]) -> None:
        """Gives every worker its part, all with the same offset 0."""
        if refused := self._why_not(stream):
            self.say({"is": "refused", "stream": stream["id"], "why": refused})
            return
        start, epoch = time.monotonic_ns() + LEAD_NS, epoch_offset()
        self._streams[stream["id"]] = Under()
        self.say({"is": "started", "stream": stream["id"], "started_ns": start + epoch})
        for one in self._members.values():
            offset = one.clock.offset_ns
            part = Part(one.index, self._wanted, start + offset, epoch - offset)
            self._tell(one, "chaosmesh_begin", {"stream": stream, "part": part.tree()})

    def stop(self, stream_id: int) -> None:
        """Ends a stream's sending at every worker."""
        for one in self._members.values():
            self._tell(one, "chaosmesh_stop", {"stream": stream_id})

    def _why_not(self, stream: dict[str, Any]) -> str:
        far = [one for one in self._members.values() if one.host.network != self._here.network]
        if far and address_of(stream["url"])[0].startswith(("127.", "::1")):
            return f"{far[0].node} is on another machine and can't reach {stream['url']}, which is this machine alone"
        if any(not one.clock.same for one in self._members.values()):
            self._measure()
        unknown = next((one for one in self._members.values() if not one.clock.known), None)
        if unknown:
            return f"the clock of {unknown.node} is only known to ± {unknown.clock.error_ns / 1e6:.1f} ms"
        return ""

    def _measure(self) -> None:
        """Asks the workers that have another clock for the time, on a busy host again until it is known."""
        for one in self._members.values():
            one.clock = Clock(same=one.host.clock == self._here.clock)
        asked = [one for one in self._members.values() if not one.clock.same]
        end = time.monotonic() + _PATIENCE_S
        self._ask(asked)
        while not all(one.clock.known for one in asked) and time.monotonic() < end:
            self._ask(asked)

    def _ask(self, members: Sequence[Member]) -> None:
        for _ in range(_QUESTIONS):
            for one in members:
                self._open_questions += 1
                self._answered_all.clear()
                self._tell(one, "chaosmesh_clock", {"asked": time.monotonic_ns()})
            gevent.sleep(_PAUSE_S)  # questions are spread over time, so that one pause spoils few of them
        self._answered_all.wait(_LOOK_S)

    # -- what workers say ----------------------------------------------------------------------------------------

    def _joins(self, node: str, data: Any) -> None:
        if len(self._members) == self._wanted:
            print(f"{node} came after {self._wanted} workers had joined", file=sys.stderr, flush=True)
            return
        host = Host(data["clock"], data["network"])
        clock = Clock(same=host.clock == self._here.clock)
        self._members[node] = Member(node, len(self._members), host, clock)
        self._changed.set()

    def _drives(self, node: str, _: Any) -> None:
        self._members[node].drives = True
        self._changed.set()

    def _answered(self, node: str, data: Any) -> None:
        self._members[node].clock.add(data["asked"], data["theirs"], time.monotonic_ns())
        self._open_questions -= 1
        if not self._open_questions:
            self._answered_all.set()

    def _frame(self, node: str, data: Any) -> None:
        frame: bytes = data["frame"]
        ((kind, payload),) = wire.Frames().feed(frame)
        if kind is wire.Kind.RECORDS:
            self._write(frame)
            return
        message = wire.read_control(payload)
        if message["is"] == "done":
            self._done(self._members[node].index, message)

    def _done(self, index: int, message: dict[str, Any]) -> None:
        number = message["stream"]
        under = self._streams[number]
        reports = under.reports
        reports[index] = message
        if len(reports) < self._wanted:
            return
        del self._streams[number]
        parts = [reports[one] for one in sorted(reports)]
        totals = {key: sum(one[key] for one in parts) for key in ("sent", "dropped", "retried", "cpu_s")}
        totals["cpu_s"] += (time.process_time_ns() - under.cpu_ns) / 1e9
        self.say({"is": "done", "stream": number, **totals, "workers": parts})

    # -- how --------------------------------------------------------------------------------------------------------

    def _keep_watch(self) -> None:
        """A worker that is lost takes its part of every stream with it: then there is no generator any more."""
        while self._runner.worker_count >= self._wanted:
            gevent.sleep(_LOOK_S)
        print(f"a worker is lost: {self._runner.worker_count} of {self._wanted} are left", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._changed.wait()
            self._changed.clear()

    def _tell(self, member: Member, name: str, data: dict[str, Any]) -> None:
        self._runner.send_message(name, data, member.node)

    def _checked(self, listener: Callable[[str, Any], None]) -> Callable[..., None]:
        """Locust would only log an error; a stranger is not heard."""

        def hear(*, msg: Any, **_: object) -> None:
            if msg.data.get("token") != self._token:
                print(f"{msg.node_id} does not know the token", file=sys.stderr, flush=True)
                return
            try:
                listener(msg.node_id, msg.data)
            except Exception:  # noqa: BLE001  (whatever it was, this process is of no use any more)
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)

        return hear

    def _write(self, frame: bytes) -> None:
        with self._lock:
            self._out(frame)
