"""Whether a workload's own program serves, asked from within its own network: nothing outside can tell, for what
reaches the replica from there is its sidecar."""

from __future__ import annotations

import re
from typing import Final

from chaosmesh.mesh import Replica
from chaosmesh.runtime.docker import health
from chaosmesh.runtime.docker.containers import Containers
from chaosmesh.runtime.parts import Part
from chaosmesh.services.program import Program

LOOK_S: Final = 2
_ASK: Final = (
    'exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 7; [ -z "$1" ] && exit 0; '
    'printf "GET %s HTTP/1.0\\r\\nHost: localhost\\r\\nUser-Agent: chaosmesh\\r\\n\\r\\n" "$1" >&3; head -n 1 <&3'
)
"""bash has connections of its own, so the holder needs no other tool. 7: nobody accepts."""
_STATUS: Final = re.compile(r"^HTTP/\S+ (\d{3})")


class Readiness:
    """One copy of a program."""

    def __init__(self, containers: Containers, replica: Replica, program: Program) -> None:
        self._containers = containers
        self._ready = program.ready
        self._app = Part("app", replica).name
        self._holder = Part("holder", replica).name
        own = [program.ports.get(port, port) for _, port, _ in program.listen]
        wanted = program.ready.port
        one_of_them = program.ready.path or program.ready.grpc is not None
        self._ports = [wanted] if wanted is not None else own[:1] if one_of_them else own

    def look(self) -> str:
        """What is still missing, in words; "" when it serves."""
        if self._ready.command:
            code, output = self._containers.run_inside(self._app, list(self._ready.command))
            return (
                "" if code == 0 else f"{' '.join(self._ready.command)}: status {code} {output.strip()[-200:]}"
            )
        if self._ready.log:
            found = re.search(self._ready.log, self._containers.log(self._app), re.MULTILINE)
            return "" if found else f"no line of its log matches {self._ready.log!r}"
        look = self._port if self._ready.grpc is None else self._health
        return "; ".join(filter(None, map(look, self._ports)))

    def _health(self, port: int) -> str:
        request = health.asked(self._ready.grpc or "", port)
        ask = ["timeout", str(2 * LOOK_S), "bash", "-c", health.WORDS, str(port), request]
        code, output = self._containers.run_inside(self._holder, ask)
        if code:
            return f"port {port} of its network does not accept connections"
        found = health.answered(output.strip())
        return f"port {port}: {found}" if found else ""

    def _port(self, port: int) -> str:
        ask = ["timeout", str(LOOK_S), "bash", "-c", _ASK, str(port), self._ready.path]
        code, output = self._containers.run_inside(self._holder, ask)
        if code:
            return f"port {port} of its network does not accept connections"
        if not self._ready.path:
            return ""
        status = _STATUS.match(output)
        if status is None:
            return f"port {port} gives no HTTP answer at {self._ready.path}"
        return "" if int(status[1]) < 400 else f"{self._ready.path} answers {status[1]}"
