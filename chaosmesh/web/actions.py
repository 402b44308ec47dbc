"""What can be done from the page: each a POST that the tower carries out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from chaosmesh.engine.tower.tower import Tower
from chaosmesh.errors import UsageError
from chaosmesh.web.guards import answered, body_of


class Actions:
    """Handlers around one tower."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower

    @property
    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [
            web.post("/api/faults", self._fault),
            web.post("/api/faults/{id}", self._change),
            web.delete("/api/faults/{id}", self._heal),
            web.post("/api/routes", self._route),
            web.post("/api/breakers", self._breaker),
            web.post("/api/canary", self._canary),
            web.post("/api/claims", self._claims),
            web.post("/api/stop", self._stop),
            web.post("/api/load", self._load),
            web.post("/api/export", self._export),
            web.get("/api/export", self._download),
        ]

    async def _fault(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("kind", "on", "fields", "ttl_s"))
        kind, on, fields = _text(body, "kind"), _object(body, "on"), _object(body, "fields")
        return answered(await self._tower.faults.put(kind, on, fields, body.get("ttl_s")))

    async def _change(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("fields", "ttl_s"))
        if not body:
            raise UsageError("nothing is to change", hint='"fields" or "ttl_s"')
        fields = _object(body, "fields") if "fields" in body else None
        name = request.match_info["id"]
        return answered(await self._tower.faults.change(name, fields, body.get("ttl_s")))

    async def _heal(self, request: web.Request) -> web.Response:
        await body_of(request, ())
        return answered({"ms": round(await self._tower.faults.heal(request.match_info["id"]), 1)})

    async def _route(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("id", "hash", "weights", "retry", "timeout"))
        parts = {name: body[name] for name in ("retry", "timeout") if name in body}
        weights = _object(body, "weights") if body.get("weights") is not None else None
        if not weights and not parts:
            raise UsageError("nothing is to change", hint='"weights", "retry" or "timeout"')
        seen = _text(body, "hash")
        ms, now = await self._tower.rules.route(_text(body, "id"), seen, weights=weights, parts=parts)
        return answered({"ms": round(ms, 1), "hash": now})

    async def _breaker(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("id", "hash", "pool"))
        pool = _object(body, "pool") if body.get("pool") is not None else None
        seen = _text(body, "hash") if body.get("hash") is not None else None
        ms, now = await self._tower.rules.pool(_text(body, "id"), pool, seen)
        return answered({"ms": round(ms, 1), "hash": now})

    async def _canary(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("do",))
        match body.get("do"):
            case "start" | "pause" | "back" as do:
                await self._tower.canary.do(do)
            case other:
                raise UsageError(f"do: {other!r}", hint='"start", "pause" or "back"')
        return answered(self._tower.canary.state())

    async def _claims(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("add", "remove", "again"))
        if len(body) != 1:
            raise UsageError("one of add, remove, again", hint='{"add": {"measure", "on", "bound"}}')
        if "add" in body:
            asked = _object(body, "add")
            if odd := sorted(set(asked) - {"measure", "on", "bound"}):
                raise UsageError(f"add: unknown: {', '.join(odd)}", hint="known: measure, on, bound")
            on = _text(asked, "on") if asked.get("on") is not None else None
            return answered({"id": self._tower.expect(_text(asked, "measure"), on, asked.get("bound"))})
        if "remove" in body:
            self._tower.expect_no_more(_text(body, "remove"))
        elif body["again"] is True:
            self._tower.episodes.again()
        else:
            raise UsageError(f"again: {body['again']!r}", hint="true")
        return answered({"ok": True})

    async def _stop(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("policy",))
        policy = body.get("policy", False)
        if not isinstance(policy, bool):
            raise UsageError(f"policy: {policy!r}", hint="true or false")
        return answered(await self._tower.stop(policy=policy))

    async def _load(self, request: web.Request) -> web.Response:
        body = await body_of(request, ("do",))
        if body.get("do") != "stop":
            raise UsageError(f"do: {body.get('do')!r}", hint='"stop"; load begins in Locust')
        self._tower.end_load("by hand")
        return answered({"ok": True})

    async def _export(self, request: web.Request) -> web.Response:
        await body_of(request, ())
        return answered(self._tower.exported())

    async def _download(self, _: web.Request) -> web.Response:
        made = self._tower.exported()
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return web.Response(text=made.text, content_type="text/x-python", headers=headers)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name} is a text (got {value!r})")
    return value


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise UsageError(f"{name} is an object (got {value!r})")
    return value
