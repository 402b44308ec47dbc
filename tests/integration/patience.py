"""How long a test waits for one answer."""

from __future__ import annotations

PATIENCE = 20.0
"""Seconds that no answer takes, however busy the host."""
