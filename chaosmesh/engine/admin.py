"""What a running sidecar tells on its admin pages."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final

from chaosmesh.envoy import names

NO_ANSWER: Final = (OSError, ValueError, http.client.HTTPException)
"""What `page` raises where a sidecar does not answer, or not to the end."""


def page(sidecar: str, path: str, within: float) -> Any:
    """A page as JSON, from a sidecar's address; blocks for `within` seconds at most."""
    connection = http.client.HTTPConnection(sidecar, names.ADMIN_PORT, timeout=within)
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    finally:
        connection.close()
