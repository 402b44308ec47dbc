"""toxiproxy-python with what it lacks: several servers at once, timeouts, atomic populate, PATCH.

It blocks; `client` runs it in a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import requests
from toxiproxy import Proxy, Toxiproxy
from toxiproxy.api import APIConsumer

from chaosmesh.errors import EnvironmentFailedError

TIMEOUT = 5.0  # seconds; on loopback an answer takes a millisecond


class Api(APIConsumer):  # type: ignore[misc]
    """The HTTP API of one server. The parent keeps host and port on the class: a second server redirects the first."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        self.host = host
        self.port = port
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the user's environment must not see loopback

    def request(self, method: str, url: str, body: Any = None, *, missing_ok: bool = False) -> Any:
        """JSON of the answer (None when it has no body); EnvironmentFailedError with Toxiproxy's own text."""
        base = f"http://{self.host}:{self.port}"
        try:
            answer = self._session.request(method, base + url, json=body, timeout=self._timeout)
        except requests.RequestException as error:
            raise EnvironmentFailedError(
                f"Toxiproxy at {base} does not answer {method} {url}: {error}"
            ) from error
        if answer.status_code == 404 and missing_ok:
            return None
        if answer.status_code >= 300:
            raise EnvironmentFailedError(
                f"Toxiproxy refused {method} {url}: {answer.status_code} {answer.text.strip()}"
            )
        return json.loads(answer.content) if answer.content else None

    def close(self) -> None:
        """Closes the kept connection."""
        self._session.close()


class ServerProxy(Proxy):  # type: ignore[misc]
    """One proxy of a given server."""

    def __init__(self, api: Api, **values: Any) -> None:
        super().__init__(**values)
        self._api = api
        self.path = proxy_path(self.name)

    def add_toxic(self, **toxic: Any) -> None:
        """Adds a toxic; compares the answer with what was asked."""
        answer = self._api.request("POST", f"{self.path}/toxics", toxic)
        _same(f"toxic {toxic['name']} on {self.name}", toxic, answer)

    def update_toxic(self, **toxic: Any) -> None:
        """Changes attributes and toxicity of a toxic in place."""
        changes = {key: toxic[key] for key in ("toxicity", "attributes")}
        answer = self._api.request("PATCH", f"{self.path}/toxics/{quote(toxic['name'], safe='')}", changes)
        _same(f"toxic {toxic['name']} on {self.name}", toxic, answer)

    def destroy_toxic(self, toxic_name: str) -> bool:
        """Removes a toxic; fine when it is gone already."""
        self._api.request("DELETE", f"{self.path}/toxics/{quote(toxic_name, safe='')}", missing_ok=True)
        return True

    def disable(self) -> None:
        """Cuts every connection and stops listening."""
        self._switch(False)

    def enable(self) -> None:
        """Listens again."""
        self._switch(True)

    def destroy(self) -> bool:
        """Removes the proxy; fine when it is gone already."""
        self._api.request("DELETE", self.path, missing_ok=True)
        return True

    def _switch(self, enabled: bool) -> None:
        answer = self._api.request("PATCH", self.path, {"enabled": enabled})
        _same(f"proxy {self.name}", {"enabled": enabled}, answer)
        self.enabled = enabled


class Server(Toxiproxy):  # type: ignore[misc]
    """One Toxiproxy server."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        self.api = Api(host, port, timeout)

    def raw(self) -> dict[str, Any]:
        """Everything the server knows, in one answer."""
        return dict(self.api.request("GET", "/proxies"))

    def proxies(self) -> dict[str, ServerProxy]:
        """All proxies by name."""
        return {name: ServerProxy(self.api, **_fields(values)) for name, values in self.raw().items()}

    def get_proxy(self, proxy_name: str) -> ServerProxy:
        """One proxy; EnvironmentFailedError when there is none of that name."""
        return ServerProxy(self.api, **_fields(self.api.request("GET", proxy_path(proxy_name))))

    def named(self, name: str) -> ServerProxy:
        """A proxy known by name only: saves the question before each change."""
        return ServerProxy(self.api, name=name, upstream="", listen="", enabled=True)

    def version(self) -> str:
        """Version as the server tells it."""
        return str(self.api.request("GET", "/version")["version"])

    def reset(self) -> bool:
        """Enables every proxy and removes every toxic."""
        self.api.request("POST", "/reset")
        return True

    def populate(self, proxies: Iterable[Mapping[str, Any]]) -> list[ServerProxy]:
        """Creates or replaces proxies in one request; compares the answer with what was asked."""
        wanted = [dict(one) for one in proxies]
        if not wanted:
            return []
        made = {one["name"]: one for one in self.api.request("POST", "/populate", wanted)["proxies"]}
        for one in wanted:
            _same(f"proxy {one['name']}", one, made.get(one["name"], {}))
        return [ServerProxy(self.api, **_fields(made[one["name"]])) for one in wanted]

    def update_api_consumer(self, host: str, port: int) -> None:
        """Points this server (and no other) elsewhere."""
        self.api.host, self.api.port = host, port


def proxy_path(name: str) -> str:
    """Path of a proxy in the API; names hold `>` and `:`."""
    return f"/proxies/{quote(name, safe='')}"


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in ("name", "upstream", "enabled", "listen")}


def _same(what: str, asked: Mapping[str, Any], got: Mapping[str, Any]) -> None:
    for key, value in asked.items():
        seen = got.get(key)
        if isinstance(value, dict) and isinstance(seen, dict):
            _same(what, value, seen)
        elif seen != value:
            raise EnvironmentFailedError(f"{what}: asked for {key} {value!r}, Toxiproxy made it {seen!r}")
