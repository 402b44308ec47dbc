"""Programs that a user's test forks beside a running mesh: what serves the mesh must leave them alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
FORKS = 200

PROGRAM = f"""
import asyncio, collections, os, subprocess, sys
from chaosmesh.envoy.rpc import grpc

CALLER = '''
import grpc, sys
call = grpc.insecure_channel(sys.argv[1]).unary_unary("/t.T/E")
while True:
    call(b"x")
'''

def forked():
    nothing = lambda: None
    return collections.Counter(subprocess.run(["true"], preexec_fn=nothing).returncode for _ in range({FORKS}))

async def main():
    async def echo(request, context):
        return request

    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {{"E": method}}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    with subprocess.Popen([sys.executable, "-c", CALLER, f"127.0.0.1:{{port}}"], stderr=subprocess.DEVNULL) as caller:
        print(dict(await asyncio.to_thread(forked)), os.environ.get("GRPC_ENABLE_FORK_SUPPORT"))
        caller.kill()
    await server.stop(0)

asyncio.run(main())
"""


def test_what_a_test_forks_while_we_serve_lives(tmp_path: Path):
    program = tmp_path / "serving.py"
    program.write_text(PROGRAM)
    ended = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert ended.stdout.strip() == f"{{0: {FORKS}}} None", ended.stderr
