"""The Locust side of the door: what a Locust process tells main, asks it, and is told.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.lock import Semaphore

from chaosmesh.load import wire

logger = logging.getLogger("chaosmesh")

_ANSWER_S = 30.0


class LineLostError(Exception):
    """Raised when main is gone, or does not answer."""


class Line:
    """An open line to main; `on_stop(why)` is called when main wants the test to end, also when it hangs up."""

    def __init__(self, path: str, role: str, **told: Any) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
        except OSError as error:
            raise LineLostError(f"the mesh does not answer at {path}: {error.strerror}") from error
        self._lock = Semaphore()
        self._asked: dict[int, AsyncResult[Mapping[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self.on_stop: Callable[[str], None] = lambda _: None
        self.lost = False
        self.say({"is": "joins", "role": role, "pid": os.getpid(), **told})
        gevent.spawn(self._listen)

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends one control message."""
        self.send(wire.control(message))

    def send(self, frame: bytes) -> None:
        """Sends one frame; nobody hears it once the line is lost."""
        with self._lock:
            try:
                self._socket.sendall(frame)
            except OSError:
                self.lost = True

    def ask(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sends a question, and waits for the answer; LineLostError without one."""
        number = next(self._numbers)
        answer = self._asked[number] = AsyncResult()
        self.say({**message, "ask": number})
        try:
            if self.lost:
                raise LineLostError("the mesh has ended")
            found: Mapping[str, Any] = answer.get(timeout=_ANSWER_S)
        except gevent.Timeout:
            raise LineLostError(f"the mesh did not answer within {_ANSWER_S:g} s") from None
        finally:
            self._asked.pop(number, None)
        return found

    def close(self) -> None:
        """Hangs up."""
        self.on_stop = lambda _: None
        self._socket.close()

    def _listen(self) -> None:
        frames = wire.Frames()
        try:
            while data := self._socket.recv(1 << 16):
                for _, payload in frames.feed(data):
                    self._hear(wire.read_control(payload))
        except OSError:
            pass
        self.lost = True
        for answer in self._asked.values():
            answer.set_exception(LineLostError("the mesh has ended"))
        gevent.spawn(self.on_stop, "the mesh has ended")

    def _hear(self, message: Mapping[str, Any]) -> None:
        if message["do"] == "stop":
            gevent.spawn(self.on_stop, message["why"])
        elif message["do"] == "note":
            logger.warning(message["text"])
        elif (answer := self._asked.get(message["ask"])) is not None:
            answer.set(message)
