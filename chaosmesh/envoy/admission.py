"""Who may speak to the control plane: every sidecar has a token of its own, made for this run.

A token names its sidecar and holds a secret of 128 bits. It stands in the sidecar's bootstrap file (mode 0600) and
comes with every stream: configuration, access logs, spans. Without the right one a stream ends with UNAUTHENTICATED,
and a sidecar can speak for nobody but itself.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Final

from chaosmesh.envoy.rpc import grpc

TOKEN: Final = "x-chaosmesh-token"  # noqa: S105 - the name of a header
NOBODY: Final = secrets.token_hex(16)
"""What the secret of an unknown sidecar is compared with: it takes as long as that of a known one."""


class Admission:
    """The sidecars of a run and their tokens. `on_refused` hears of who was turned away, once for each reason."""

    def __init__(self) -> None:
        self.on_refused: Callable[[str], None] = lambda _text: None
        self._secrets: dict[str, str] = {}
        self._told: set[str] = set()

    def admit(self, key: str) -> str:
        """A new token for the sidecar of that key; the one before is worth nothing any more."""
        self._secrets[key] = secrets.token_hex(16)
        return f"{key.encode().hex()}.{self._secrets[key]}"

    def forget(self, keys: Iterable[str]) -> None:
        """These sidecars are not let in any more."""
        for key in keys:
            self._secrets.pop(key, None)

    def who(self, token: str) -> str:
        """The key of the sidecar whose token it is; "" for any other text. Takes the same time for each."""
        name, _, secret = token.partition(".")
        try:
            key = bytes.fromhex(name).decode()
        except ValueError:
            key = ""
        known = hmac.compare_digest(secret.encode(), self._secrets.get(key, NOBODY).encode())
        return key if known and key in self._secrets else ""

    async def enter(self, context: Any, what: str) -> str:
        """The sidecar behind a call; ends the call where its token is missing or wrong. `what`: for the log."""
        token = next((value for name, value in context.invocation_metadata() if name == TOKEN), None)
        key = self.who(token) if isinstance(token, str) else ""
        if not key:
            why = "without a token" if token is None else "with a token that is not of this run"
            await self.refuse(context, f"{what}: somebody came {why}")
        return key

    async def same(self, context: Any, what: str, key: str, named: str) -> None:
        """Ends the call of a sidecar that names another one."""
        if named != key:
            await self.refuse(context, f"{what}: sidecar {key} came as {named or 'nobody'}")

    async def refuse(self, context: Any, text: str) -> None:
        """Ends a call."""
        if text not in self._told:
            self._told.add(text)
            self.on_refused(text)
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, text)
