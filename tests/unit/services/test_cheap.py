"""What the keeper loads before it forks a stand-in."""

from __future__ import annotations

import subprocess
import sys


def test_no_grpc_and_no_protobuf() -> None:
    """gRPC's threads would not live on in a fork, and the memory would be everyone's."""
    look = "import sys, chaosmesh.services.standin; print({'grpc', 'google.protobuf'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
