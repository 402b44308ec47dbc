"""A real gRPC server in a process of its own: `python -m tests.integration.load_grpc_server`.

It prints its port, and what it has seen when its standard input closes. Methods of any service: `Echo`, `Fail`
(with the code in the metadata `code`), `Hang`, `Hold` (until as many calls hold as the metadata `until` says), `Many`
(three messages). `--cert FILE --key FILE` (and `--ca FILE` to demand certificates) make it speak TLS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc


class Methods(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.holding = 0
        self.enough = asyncio.Event()

    def service(self, details: Any) -> Any:
        method = details.method.rpartition("/")[2]
        if method == "Many":
            return grpc.unary_stream_rpc_method_handler(self.many)
        handler = getattr(self, method.lower(), None)
        return None if handler is None else grpc.unary_unary_rpc_method_handler(handler)

    def seen(self, context: Any) -> dict[str, str]:
        metadata = dict(context.invocation_metadata())
        self.ids.append(metadata["x-request-id"])
        return metadata

    async def echo(self, request: bytes, context: Any) -> bytes:
        self.seen(context)
        return request

    async def fail(self, _: bytes, context: Any) -> bytes:
        code = int(self.seen(context)["code"])
        await context.abort(next(one for one in grpc.StatusCode if one.value[0] == code), "as you wish")
        return b""

    async def hang(self, _: bytes, context: Any) -> bytes:
        self.seen(context)
        await asyncio.Event().wait()
        return b""

    async def hold(self, _: bytes, context: Any) -> bytes:
        self.holding += 1
        if self.holding == int(self.seen(context)["until"]):
            self.enough.set()
        await self.enough.wait()
        return b"ok"

    async def many(self, _: bytes, context: Any) -> AsyncIterator[bytes]:
        self.seen(context)
        for size in (1, 0, 9):
            yield bytes(size)


def credentials(options: argparse.Namespace) -> grpc.ServerCredentials:
    pair = (options.key.read_bytes(), options.cert.read_bytes())
    if options.ca is None:
        return grpc.ssl_server_credentials([pair])
    return grpc.ssl_server_credentials([pair], options.ca.read_bytes(), require_client_auth=True)


async def serve(options: argparse.Namespace) -> None:
    methods = Methods()
    server = grpc.aio.server(handlers=[methods])
    if options.cert:
        port = server.add_secure_port("127.0.0.1:0", credentials(options))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)
    print(json.dumps(methods.ids), flush=True)


@dataclass
class GrpcServer:
    url: str
    process: asyncio.subprocess.Process

    async def ids(self) -> list[str]:
        """Ends the server; the request ids that it has seen."""
        out, _ = await self.process.communicate(b"")
        return list(json.loads(out))


@asynccontextmanager
async def grpc_server(**files: Path) -> AsyncIterator[GrpcServer]:
    """Starts the program and leaves nothing behind."""
    options = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        *options,
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        yield GrpcServer(f"http://127.0.0.1:{port}", process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--cert", "--key", "--ca"):
        parser.add_argument(name, type=Path)
    asyncio.run(serve(parser.parse_args()))
