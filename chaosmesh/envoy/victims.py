"""Which attempts a request fault hits: a hash that Lua in the sidecar and Python compute alike.

FNV-1a (32 bit) over the UTF-8 text, then the finaliser of MurmurHash3: without it neighbouring attempt
numbers would draw neighbouring values.
"""

from __future__ import annotations

from typing import Final

_MASK: Final = 0xFFFFFFFF


def hash01(text: str) -> float:
    """A number in [0, 1) drawn from a text; the same in the sidecar's Lua (`filters.SCRIPT`)."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & _MASK
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & _MASK
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & _MASK
    return (value ^ (value >> 16)) / 4294967296


def is_victim(share: float, seed: int, request_id: str, lineage: str, edge: str, attempt: int) -> bool:
    """Whether a fault of that share and seed hits one attempt.

    `lineage` are the attempt numbers of the hops above, as they arrive at the callee ("" at the first hop).
    """
    return hash01(f"{seed}|{request_id}|{lineage}|{edge}|{attempt}") < share
