"""Waits for conditions: a port that accepts, an HTTP answer. Nothing waits for a length of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from chaosmesh.errors import DeadlineError

FIRST_PAUSE, LONGEST_PAUSE = 0.003, 0.05  # seconds between two looks
ONE_LOOK = 2.0  # seconds that a single look may take


async def until(what: str, look: Callable[[], Awaitable[str]], *, within: float) -> None:
    """Looks again and again until `look` returns "" (true); else it returns what was seen.

    DeadlineError after `within` seconds, with what was seen last.
    """
    end = time.monotonic() + within
    pause = FIRST_PAUSE
    while seen := await look():
        if time.monotonic() >= end:
            raise DeadlineError(f"{what}: not within {within:g} s; last seen: {seen}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


async def accepts(host: str, port: int) -> str:
    """A look: whether something accepts connections there."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), ONE_LOOK)
    except (OSError, TimeoutError) as error:
        return f"{host}:{port} {_words(error)}"
    writer.close()
    return ""


async def answers(
    host: str, port: int, path: str, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> str:
    """A look: whether an HTTP server answers there (with that status, if one is given)."""
    try:
        seen, _ = await request("GET", host, port, path, headers)
    except (OSError, TimeoutError, ValueError) as error:
        return f"{host}:{port}{path} {_words(error)}"
    return "" if status in (None, seen) else f"{host}:{port}{path} answers {seen}"


async def request(
    method: str,
    host: str,
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    within: float = ONE_LOOK,
) -> tuple[int, bytes]:
    """One HTTP request on a connection of its own: (status, body). OSError, TimeoutError or ValueError."""
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            lines = [
                f"{method} {path} HTTP/1.1",
                "connection: close",
                f"host: {host}",
                f"content-length: {len(body)}",
            ]
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    words = head.split(None, 2)
    if len(words) < 2:
        raise ValueError("closed the connection without an answer")
    return int(words[1]), rest


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
