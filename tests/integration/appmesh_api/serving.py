"""The API on a port of its own, and its real clients."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from chaosmesh.appmesh.api import Publisher, Service, Store
from chaosmesh.appmesh.resources import Resources

KEYS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}


class Published(list[Resources]):
    """A publisher that keeps what it was given."""

    async def publish(self, resources: Resources) -> None:
        self.append(resources)


@contextmanager
def served(store: Store, publisher: Publisher | None = None) -> Iterator[str]:
    """The URL of a service that runs on a loop of its own."""
    addresses: list[str] = []
    up = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        service = Service(store, Published() if publisher is None else publisher)
        addresses.append(await service.start())
        up.set()
        await stop.wait()
        await service.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert up.wait(30), "the service did not start within 30 s"
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


class Raw:
    """Plain HTTP: what no AWS client would send."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __call__(self, method: str, target: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        self._connection.request(method, target, data)
        answer = self._connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def refused(self, method: str, target: str, body: Any = None) -> tuple[int, str, str]:
        """Status, exception and message of a call that must be an error."""
        status, headers, content = self(method, target, body)
        assert status >= 400, (method, target, body, content)
        read = json.loads(content)
        assert set(read) == {"__type", "message"}
        assert read["__type"] == headers["x-amzn-errortype"]
        assert "Traceback" not in read["message"]
        return status, read["__type"], read["message"]


def client(url: str) -> Any:
    """boto3's client; without retries, so that an error is seen once."""
    return boto3.client(
        "appmesh",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 0}, parameter_validation=True),
    )
