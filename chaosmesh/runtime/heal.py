"""How to undo a fault, as data: the keeper can do it without the code and the process that made the fault."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

HTTP_TIMEOUT = 0.5  # seconds; Toxiproxy on loopback answers in a millisecond or is not there

ENGINE_TIMEOUT = 10.0  # seconds; the engine works on many things at once


class _UnixConnection(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Heal:
    """One step of healing: an HTTP request (`method`, `host`, `port`, `path`, `body`, `headers`; `socket` in the place
    of host and port is a unix socket's path) or a `signal` to a `pid`."""

    method: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    body: str = ""
    pid: int = 0
    signal: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    socket: str = ""
    fine: tuple[int, ...] = (404,)

    @classmethod
    def engine(
        cls, method: str, path: str, body: str = "", *, socket: str, fine: tuple[int, ...] = ()
    ) -> Heal:
        """A request to the Docker engine on its unix socket; `fine` are the refusals that mean it is healed."""
        return cls(method=method, path=path, body=body, socket=socket, fine=(404, *fine))

    @classmethod
    def http(
        cls,
        method: str,
        host: str,
        port: int,
        path: str,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Heal:
        """An HTTP request; 2xx and 404 (already gone) count as healed."""
        return cls(method=method, host=host, port=port, path=path, body=body, headers=headers or {})

    @classmethod
    def kill(cls, pid: int, signal: int) -> Heal:
        """A signal to a process that the keeper started; to no other."""
        return cls(pid=pid, signal=signal)

    def to_json(self) -> dict[str, Any]:
        """Plain form for the wire."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Heal:
        """Back from `to_json`."""
        return cls(**{**data, "fine": tuple(data["fine"])})

    def request(self) -> str:
        """Sends the HTTP request; returns what went wrong, or an empty text."""
        connection = (
            _UnixConnection(self.socket, timeout=ENGINE_TIMEOUT)
            if self.socket
            else http.client.HTTPConnection(self.host, self.port, timeout=HTTP_TIMEOUT)
        )
        try:
            headers = {**({"Content-Type": "application/json"} if self.body else {}), **self.headers}
            connection.request(self.method, self.path, self.body or None, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{self.method} {self.path}: {error or type(error).__name__}"
        finally:
            connection.close()
        return "" if status < 300 or status in self.fine else f"{self.method} {self.path}: status {status}"
