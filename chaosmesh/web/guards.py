"""Who may ask and how: this machine's own browser, from our own page, with small JSON that says nothing we don't know."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

from aiohttp import web

from chaosmesh.engine.tower.faults import UnknownFaultError
from chaosmesh.engine.tower.rules import ChangedMeanwhileError
from chaosmesh.engine.tower.state import encoded
from chaosmesh.errors import ChaosMeshError, ExitCode, UsageError

MOST_BYTES: Final = 64 << 10
"""Of a body: the longest that the page sends has a few hundred."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """`hosts`: names under which this server may be asked; known once it listens. Another name means that somebody else's
    page has let its own name lead here (DNS rebinding)."""

    def __init__(self) -> None:
        self.hosts: Collection[str] = ()

    @property
    def middleware(self) -> Any:
        """For the application."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            if refusal := self._refusal(request):
                return refusal
            try:
                return await handler(request)
            except ChaosMeshError as error:
                return refused(error)
            except web.HTTPRequestEntityTooLarge:
                return _answer(413, f"the body is larger than {MOST_BYTES:,} bytes", "")
            except web.HTTPException as error:
                if error.status < 400:
                    raise
                return _answer(error.status, error.reason, "")

        return guarded

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Host", "") not in self.hosts:
            return _answer(403, "this server is asked by another name than its own", f"http://{self._own}/")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{one}" for one in self.hosts}:
            return _answer(403, f"{origin} may not act here", f"open http://{self._own}/")
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and _acts(request):
            return _answer(403, "another site may not act here", f"open http://{self._own}/")
        if _acts(request) and request.can_read_body and request.content_type != "application/json":
            return _answer(415, "an action is JSON", "content-type: application/json")
        if request.method == "POST" and request.content_type != "application/json":
            return _answer(415, "an action is JSON", "content-type: application/json")
        return None

    @property
    def _own(self) -> str:
        return next(iter(self.hosts), "")


async def body_of(request: web.Request, known: Collection[str]) -> Mapping[str, Any]:
    """The fields of an action; UsageError for what is no object or has a field that nobody knows."""
    text = await request.read()
    try:
        body = json.loads(text or b"{}", parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise UsageError("the body is no object", hint="{…}")
    if odd := sorted(set(body) - set(known)):
        raise UsageError(
            f"unknown: {', '.join(odd)}",
            hint=f"known: {', '.join(known)}" if known else "nothing is asked for",
        )
    return body


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _no_number(text: str) -> float:
    """NaN and what is beyond every float are no numbers of JSON (RFC 8259, section 6)."""
    raise ValueError(f"{text} is no number")


def refused(error: ChaosMeshError) -> web.Response:
    """An error as the page reads it."""
    status = getattr(error, "status", None)
    if isinstance(error, ChangedMeanwhileError):
        status = 409
    elif isinstance(error, UnknownFaultError):
        status = 404
    elif not isinstance(status, int):
        status = 500 if error.code == ExitCode.INTERNAL else 400
    return _answer(status, error.message, error.hint, str(error.where) if error.where else None)


def answered(value: Any) -> web.Response:
    """A good answer."""
    return web.Response(body=encoded(value), content_type="application/json", charset="utf-8")


def _answer(status: int, error: str, hint: str, where: str | None = None) -> web.Response:
    body = encoded({"error": error, "where": where, "hint": hint})
    return web.Response(status=status, body=body, content_type="application/json", charset="utf-8")


def _acts(request: web.Request) -> bool:
    return request.method not in ("GET", "HEAD")
