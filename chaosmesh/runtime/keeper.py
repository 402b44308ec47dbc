"""The keeper process: starts, watches, heals and kills everything of a run.

One thread, no asyncio, no gRPC: its children die with it (the kernel's parent-death signal follows the
thread that forked), and it can fork without taking locks of other threads along. It reads commands as JSON
lines from the socket it was given; end of file there, or the end of its owner, means: heal, kill all, end.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosmesh.runtime import children
from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.ticks import TickClock

HEAL_BUDGET = 2.0  # seconds for all leases together when the run ends: killing comes next anyway


@dataclass(slots=True)
class Lease:
    """A fault in force: how to undo it, and until when (monotonic seconds) its owner spoke for it."""

    heals: list[Heal]
    until: float
    ttl: float


@dataclass(slots=True)
class Child:
    """A started process. `answers` are the ids of `stop` commands that wait for its end."""

    name: str
    pid: int
    kill_at: float | None = None
    answers: list[int] = field(default_factory=list)


class KeeperProcess:
    """State and main loop of the keeper."""

    def __init__(self, channel: socket.socket, owner: int) -> None:
        self._channel = channel
        self._children: dict[str, Child] = {}
        self._leases: dict[str, Lease] = {}
        self._input = b""
        self._output = bytearray()
        self._ended = False
        self._clock = TickClock()
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ, self._read)
        self._watch_owner(owner)
        self._watch_children()
        self._commands: dict[str, Callable[[int, dict[str, Any]], Any]] = {
            "spawn": self._spawn,
            "fork": self._fork,
            "signal": self._signal,
            "stop": self._stop,
            "lease": self._lease,
            "renew": self._renew,
            "release": self._release,
            "ticks": lambda _number, _command: self._clock.counts(),
            "close": self._close,
        }

    def serve(self) -> None:
        """Until the owner is gone or says `close`; nothing that was started is left afterwards."""
        self._send({"event": "hello", "pid": os.getpid()})
        try:
            while not self._ended:
                self._turn()
        finally:
            self._end()

    def _turn(self) -> None:
        wake = min([self._clock.due, *self._deadlines()])
        ready = self._selector.select(max(0.0, wake - time.monotonic()))
        self._clock.count()
        for key, events in ready:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ:
                key.data()
        self._expire()

    def _deadlines(self) -> list[float]:
        leases = [lease.until for lease in self._leases.values()]
        return leases + [child.kill_at for child in self._children.values() if child.kill_at is not None]

    def _expire(self) -> None:
        now = time.monotonic()
        for lease_id in [key for key, lease in self._leases.items() if lease.until <= now]:
            failed = self._heal(self._leases.pop(lease_id))
            self._send({"event": "healed", "lease": lease_id, "failed": failed})
        for child in self._children.values():
            if child.kill_at is not None and child.kill_at <= now:
                child.kill_at = None
                _kill_group(child.pid)

    # what wakes the loop

    def _watch_owner(self, owner: int) -> None:
        try:
            watched = os.pidfd_open(owner)
        except OSError:
            self._ended = True
            return
        if os.getppid() != owner:
            self._ended = True
        self._selector.register(watched, selectors.EVENT_READ, self._finish)

    def _watch_children(self) -> None:
        children.become_subreaper()
        waking, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        self._selector.register(waking, selectors.EVENT_READ, lambda: self._reap(waking))

    def _finish(self) -> None:
        self._ended = True

    def _read(self) -> None:
        try:
            data = self._channel.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended = True
            return
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        number = command["id"]
        try:
            answer = self._commands[command["do"]](number, command)
        except (OSError, KeyError, ValueError, ImportError) as error:
            self._send({"id": number, "error": f"{command['do']} {command.get('name', '')}: {error}"})
            return
        if answer is not None:
            self._send({"id": number, "answer": answer})

    def _reap(self, waking: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(waking, 1 << 12)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._gone(pid, os.waitstatus_to_exitcode(status))

    def _gone(self, pid: int, status: int) -> None:
        child = next((one for one in self._children.values() if one.pid == pid), None)
        if child is None:
            return  # an orphan of a child
        del self._children[child.name]
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # what it started itself
        self._send({"event": "exit", "name": child.name, "pid": pid, "status": status})
        for number in child.answers:
            self._send({"id": number, "answer": status})

    # commands

    def _spawn(self, _number: int, command: dict[str, Any]) -> int:
        self._free(command["name"])
        env = {**os.environ, **command["env"]}
        pid = children.spawn(command["argv"], env, _path(command["log"]), command["folder"])
        self._children[command["name"]] = Child(command["name"], pid)
        return pid

    def _fork(self, _number: int, command: dict[str, Any]) -> int:
        # Imported once, at the first stand-in: every later one shares these pages.
        import gc

        from chaosmesh.services.standin import StandIn, serve

        self._free(command["name"])
        gc.collect()
        gc.freeze()
        standin = StandIn.from_json(command["standin"])
        pid = children.fork(command["name"], _path(command["log"]), lambda: serve(standin))
        self._clock.forgive()
        self._children[command["name"]] = Child(command["name"], pid)
        return pid

    def _free(self, name: str) -> None:
        if name in self._children:
            raise ValueError(f"it runs already, as pid {self._children[name].pid}")

    def _signal(self, _number: int, command: dict[str, Any]) -> bool:
        child = self._children.get(command["name"])
        if child is not None:
            _signal_group(child.pid, command["signal"])
        return child is not None

    def _stop(self, number: int, command: dict[str, Any]) -> bool | None:
        child = self._children.get(command["name"])
        if child is None:
            return False
        child.answers.append(number)
        child.kill_at = time.monotonic() + command["deadline"]
        os.kill(child.pid, signal.SIGTERM)
        return None

    def _lease(self, _number: int, command: dict[str, Any]) -> bool:
        heals = [Heal.from_json(one) for one in command["heal"]]
        self._leases[command["lease"]] = Lease(heals, time.monotonic() + command["ttl"], command["ttl"])
        return True

    def _renew(self, _number: int, command: dict[str, Any]) -> bool:
        lease = self._leases.get(command["lease"])
        if lease is not None:
            lease.until = time.monotonic() + lease.ttl
        return lease is not None

    def _release(self, _number: int, command: dict[str, Any]) -> bool:
        return self._leases.pop(command["lease"], None) is not None

    def _close(self, _number: int, _command: dict[str, Any]) -> bool:
        self._end()
        self._ended = True
        return True

    # the end

    def _heal(self, lease: Lease) -> list[str]:
        problems = [problem for heal in lease.heals if (problem := self._heal_one(heal))]
        self._clock.forgive()
        return problems

    def _heal_one(self, heal: Heal) -> str:
        if heal.method:
            return heal.request()
        if all(child.pid != heal.pid for child in self._children.values()):
            return ""  # it ended: there is nothing to heal, and its pid may be another's by now
        _signal_group(heal.pid, heal.signal)
        return ""

    def _end(self) -> None:
        until = time.monotonic() + HEAL_BUDGET
        while self._leases and time.monotonic() < until:
            self._heal(self._leases.popitem()[1])
        for child in self._children.values():
            _kill_group(child.pid)
        self._children.clear()
        with contextlib.suppress(ChildProcessError):
            while True:
                children.kill_all()
                os.waitpid(-1, 0)

    def _send(self, message: dict[str, Any]) -> None:
        self._output += json.dumps(message).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        """Never waits for the owner: a stopped owner must not keep leases from expiring."""
        try:
            sent = self._channel.send(self._output) if self._output else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._ended = True
            return
        del self._output[:sent]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._output else 0)
        self._selector.modify(self._channel, events, self._read)


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # the child may not have made its group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    """To a process and what it started itself: a program is hung or goes on as a whole."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it has not made its group yet
        os.kill(pid, number)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def main() -> None:
    """`python -m chaosmesh.runtime.keeper FD OWNER_PID`; started by `Keeper.start` only."""
    descriptor, owner = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    channel = socket.socket(fileno=descriptor)
    channel.setblocking(False)
    channel.set_inheritable(False)
    KeeperProcess(channel, owner).serve()


if __name__ == "__main__":
    main()
