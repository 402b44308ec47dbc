"""Calls over TCP: a line there, a line back."""

from __future__ import annotations

import asyncio
import json

from yarl import URL

from chaosmesh.services.answers import Outcome
from chaosmesh.services.asking import Ask

CONNECT_TIMEOUT = 10.0  # seconds
LONGEST_ANSWER = 1 << 24  # bytes


class TcpCaller:
    """A connection per call: that is the unit that a TCP route balances."""

    def __init__(self, service: str, url: URL) -> None:
        self._service = service
        self._host, self._port = url.host or "", url.port or 0

    async def __call__(self, ask: Ask, body: bytes) -> Outcome:  # noqa: ARG002 -- a line is all that is sent
        """One connection; OSError when no line came back."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=LONGEST_ANSWER)
        try:
            writer.write(json.dumps(ask.context()).encode() + b"\n")
            line = await reader.readuntil()
            return _outcome(self._service, line)
        except asyncio.IncompleteReadError:
            raise ConnectionError("the connection was closed without an answer") from None
        except (asyncio.LimitOverrunError, ValueError):
            raise ConnectionError("what came back is no line of JSON") from None
        finally:
            writer.close()


def _outcome(service: str, line: bytes) -> Outcome:
    answer = json.loads(line)
    if not isinstance(answer, dict):
        raise ValueError("no object")  # noqa: TRY004 -- told as one kind of error above
    status = answer.pop("status", 200)
    return Outcome(service, status if isinstance(status, int) else 200, json.dumps(answer).encode())
