"""Leads connections to a server of this machine that listens on loopback only, where containers can't reach it."""

from __future__ import annotations

import asyncio
import contextlib

CHUNK = 1 << 16


class Relay:
    """Listens at one address and passes every byte on; `place` is where, as "address:port"."""

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server
        host, port = server.sockets[0].getsockname()[:2]
        self.place = f"{host}:{port}"

    @classmethod
    async def start(cls, listen: str, host: str, port: int) -> Relay:
        """On a free port of the address `listen`, for the server at `host`:`port`."""

        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                there, to = await asyncio.open_connection(host, port)
            except OSError:
                writer.close()
                return
            await asyncio.gather(_pass_on(reader, to), _pass_on(there, writer))
            for one in (to, writer):
                one.close()

        return cls(await asyncio.start_server(lead, listen, 0))

    def close(self) -> None:
        """Takes no more connections."""
        self._server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one end ends; the other one is told."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
