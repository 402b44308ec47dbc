"""What a user's own HTTP clients send gets our request ids, and every request that Locust reports becomes a row.

Only the process that runs a locustfile imports this module.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from gevent import GreenletExit
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.exception import StopUser

from chaosmesh.load.plan import Stream, request_id
from chaosmesh.load.sends import Sends
from chaosmesh.load.wire import NO_GRPC, Failure, Row

_KEY = "chaosmesh"
_ID = "x-request-id"
_LONGEST = 80


class ElsewhereError(Exception):
    """Raised in a user's task that asks for anything but the mesh: load stays on this machine."""


class Stamps:
    """Numbers the requests of one stream; `rows` are those that ended, `strangers` those that carry no id of ours,
    `given_up` those whose user Locust killed meanwhile.

    Once `closing`, who wants to send one more stops instead: Locust would kill users in the middle of a request.
    """

    def __init__(self, stream: Stream, url: str) -> None:
        self._stream = stream
        self._netloc = urlsplit(url).netloc
        self._numbers = itertools.count()
        self.sends = Sends()
        self.ended = self.strangers = self.given_up = 0
        self.closing = False
        self.rows: list[Row] = []

    def install(self) -> Callable[[], None]:
        """From now on every HttpSession and FastHttpSession stamps; what takes it back."""
        kinds: tuple[Any, ...] = (HttpSession, FastHttpSession)
        before = [one.request for one in kinds]
        for kind, request in zip(kinds, before, strict=True):
            kind.request = self._stamping(request)

        def back() -> None:
            for kind, request in zip(kinds, before, strict=True):
                kind.request = request

        return back

    def heard(
        self,
        *,
        start_time: float | None = None,
        response_time: float,
        response_length: int,
        response: Any = None,
        context: Any = None,
        exception: Any = None,
        **_: object,
    ) -> None:
        """Takes one of Locust's request events."""
        number = (context or {}).get(_KEY)
        if number is None or start_time is None:
            self.strangers += 1
            return
        self.ended += 1
        start = round(start_time * 1e9)
        status = int(getattr(response, "status_code", 0) or 0)
        failure = "" if status else _words(exception)
        end = start + round(response_time * 1e6)
        self.rows.append((number, 0, start, start, end, status, response_length or 0, NO_GRPC, failure))

    def _stamping(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def stamped(session: Any, method: Any, url: Any, *args: Any, **more: Any) -> Any:
            if self.closing:
                raise StopUser
            self._refuse_elsewhere(session, url)
            headers = dict(more.pop("headers", None) or {})
            headers.setdefault("Host", self._stream.host)
            if _ID in {str(one).lower() for one in headers}:
                return request(session, method, url, *args, headers=headers, **more)
            number = next(self._numbers)
            self.sends.add(time.time_ns())
            headers[_ID] = request_id(self._stream.id, number)
            context = {**(more.pop("context", None) or {}), _KEY: number}
            try:
                return request(session, method, url, *args, headers=headers, context=context, **more)
            except GreenletExit:
                self.given_up += 1
                raise

        return stamped

    def _refuse_elsewhere(self, session: Any, url: Any) -> None:
        target = urlsplit(session._build_url(url)).netloc
        if target != self._netloc:
            raise ElsewhereError(f"{url} is not the mesh's entry {self._netloc}; load stays on this machine")


def _words(exception: Any) -> str:
    text = str(exception or Failure.BROKEN).lower()
    for known in (Failure.REFUSED, Failure.RESET, Failure.CLOSED):
        if known in text:
            return known
    return Failure.TIMEOUT if "timed out" in text or "timeout" in text else text[:_LONGEST]
