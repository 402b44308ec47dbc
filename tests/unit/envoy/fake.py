"""A sidecar that only speaks xDS: a real gRPC client of our own server."""

from __future__ import annotations

import asyncio

import grpc.aio

from chaosmesh.envoy import codec
from chaosmesh.envoy.admission import TOKEN

REQUEST = codec.message("envoy.service.discovery.v3.DiscoveryRequest")
RESPONSE = codec.message("envoy.service.discovery.v3.DiscoveryResponse")
METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"


class FakeSidecar:
    """Subscribes like Envoy and acknowledges everything that `refuse` does not refuse."""

    def __init__(self, socket, key: str, token: str) -> None:
        self.key = key
        self.received: list[tuple[str, list[str]]] = []
        self.holds: dict[str, dict[str, bytes]] = {kind: {} for kind in codec.KINDS}
        self.refuse = lambda kind, names: ""
        self._token = token
        self._nonces: dict[str, str] = {}
        self.pause = asyncio.Event()
        self.pause.set()
        self._channel = grpc.aio.insecure_channel(f"unix:{socket}")
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._channel.close()

    async def _run(self) -> None:
        call = self._channel.stream_stream(
            METHOD, request_serializer=REQUEST.SerializeToString, response_deserializer=RESPONSE.FromString
        )(metadata=((TOKEN, self._token),))
        await self._ask(call, "clusters", "", first=True)
        await self._ask(call, "listeners", "")
        asked: dict[str, list[str]] = {}
        async for response in call:
            await self.pause.wait()
            kind = codec.kind_of(response.type_url)
            await self._take(call, kind, response)
            for other, names in (
                ("endpoints", self._names("clusters")),
                ("routes", self._names("listeners")),
            ):
                if names != asked.get(other, []):
                    asked[other] = names
                    await self._ask(call, other, self._nonces.get(other, ""))

    async def _take(self, call, kind, response) -> None:
        cls = codec.message(response.type_url.removeprefix("type.googleapis.com/"))
        found = {}
        for one in response.resources:
            parsed = cls.FromString(one.value)
            found[getattr(parsed, "cluster_name", None) or parsed.name] = one.value
        self.received.append((kind, sorted(found)))
        self._nonces[kind] = response.nonce
        error = self.refuse(kind, sorted(found))
        if not error:
            self.holds[kind] = found if kind in ("clusters", "listeners") else {**self.holds[kind], **found}
        await self._ask(call, kind, response.nonce, error=error)

    def _names(self, kind) -> list[str]:
        return sorted(self.holds[kind])

    async def _ask(self, call, kind, nonce, *, first=False, error="") -> None:
        source = {"endpoints": "clusters", "routes": "listeners"}.get(kind)
        request = REQUEST(
            type_url=codec.type_url(kind),
            response_nonce=nonce,
            resource_names=self._names(source) if source else [],
        )
        if first:
            request.node.id = self.key
        if error:
            request.error_detail.message = error
        await call.write(request)
