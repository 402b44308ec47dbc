"""gRPC, to be imported from here before anywhere else: without its fork handlers.

With them, a program that a test of the user's starts while we serve (`Popen(preexec_fn=…)`, `multiprocessing`) may abort
before it begins: gRPC wakes its threads in the forked child, and Python has closed their descriptors. gRPC reads the
switch when it is imported. Whoever imported it before us, or set the switch, keeps what they have.
"""

from __future__ import annotations

import os

SWITCH = "GRPC_ENABLE_FORK_SUPPORT"

_theirs = SWITCH in os.environ
os.environ.setdefault(SWITCH, "0")

import grpc  # noqa: E402
import grpc.aio  # noqa: E402

if not _theirs:
    del os.environ[SWITCH]  # programs that we start decide for themselves

__all__ = ["grpc"]
