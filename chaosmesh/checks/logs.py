"""Access log files: requests leave entries in them, in the format that is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chaosmesh.appmesh import Resource
from chaosmesh.checks.gateways import Ask
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Skipped
from chaosmesh.checks.wiring import Ways, plain_request
from chaosmesh.judge import Verdict

COUNT = 3
OPERATOR = re.compile(r"%[A-Z_0-9]+(?:\([^)]*\))?(?::[0-9]+)?%")
"""A command operator of Envoy's format, which stands for a value."""

DEFAULT = re.compile(r"\[\d{4}-\d\d-\d\dT[0-9:.]+Z\] \"[^\"\n]*\" \d+ ")
"""How an entry of Envoy's own format begins."""


def checks(ways: Ways, owner: Resource, entered: dict[int, Ask]) -> Iterator[Check | Skipped]:
    """The file of a node or a gateway, and its format."""
    log = owner.spec.logging and owner.spec.logging.access_log
    if not log:
        return
    file, base = log.file, f"{owner.id}/logging.accessLog.file"
    probe = _probe(ways, owner, entered)
    for field in ("path", "format"):
        if getattr(file, field) is None:
            continue
        if probe is None:
            yield Skipped(f"{base}.{field}", "no request could be made up that its sidecar would log")
            continue
        written = file.format if field == "format" else None
        words = f"requests leave entries in {file.path}" + (", in the written format" if written else "")
        yield Check(
            f"{base}.{field}",
            owner,
            f"{owner.name}: {words}",
            "documented",
            (probe,),
            lambda seen, written=written or file.format: judge(seen, written),  # type: ignore[misc]
        )


def _probe(ways: Ways, owner: Resource, entered: dict[int, Ask]) -> Probe | None:
    """A call of its own, else a request that comes in."""
    for ask in entered.values():
        return Probe(
            owner.name, ask.decision.service, ask.shape, COUNT, port=ask.port, place="door", log=True
        )
    for service, clients in ways.callers.items():
        if owner.name in clients and (found := ways.to_service(service, owner.name)):
            return found[0].probe(COUNT, log=True)
    for listener in owner.spec.listeners or ():
        if not (listener.tls and listener.tls.mode != "DISABLED" and listener.tls.validation):
            shape = plain_request(listener.port_mapping.protocol)
            port = listener.port_mapping.port
            return Probe(owner.name, "", shape, COUNT, port=port, place="sidecar", log=True)
    return None


def judge(seen: Sequence[Seen], written: Any) -> Outcome:
    """At least one entry in the format for each request."""
    text, sent = "".join(one.log for one in seen), sum(len(one.requests) for one in seen)
    found = entries(text, written)
    expected, observed = (
        {"entries": sent},
        {"entries": found, "example": text.strip().rpartition("\n")[2][:200]},
    )
    if not sent:
        return Outcome(Verdict.INVALID, "no request was sent", observed, expected, 0)
    if found >= sent:
        return Outcome(Verdict.PASS, f"all {sent} requests", observed, expected, sent)
    reason = f"{found} entries of {sent} requests" + (
        " are in the written format" if text else ": nothing was written"
    )
    return Outcome(Verdict.FAIL, reason, observed, expected, sent)


def entries(text: str, written: Any) -> int:
    """How many entries of a format are in a text. A text format brings its own line ends, or none."""
    if written is None:
        return len(DEFAULT.findall(text))
    if written.json_ is not None:
        keys = {one.key for one in written.json_}
        return sum(_has(line, keys) for line in text.splitlines())
    parts = OPERATOR.split(written.text.strip("\n"))
    return len(re.findall(".*?".join(map(re.escape, parts)), text))


def _has(line: str, keys: set[str]) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and set(entry) == keys
