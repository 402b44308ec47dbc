"""`python -m chaosmesh.engine.session ARGS`: pytest, bound to the life of the process that started it.

When that is killed the session is interrupted, and so heals and stops everything before it ends. It is a process of its
own because forking one that speaks gRPC and running code in the copy is not safe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """pytest with the arguments of the command line; its exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the starter was told to ignore it
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() == 1:
            return int(signal.SIGINT) + 128
    import pytest

    return int(pytest.main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
