"""Mixes taken from a HAR file (HTTP Archive 1.2), as browsers and proxies export it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaosmesh.errors import Where
from chaosmesh.load.plan import Protocol, RequestSpec
from chaosmesh.load.recorded import Kind, bad, counted, text_of

_SENT = re.compile(r"[!-~]+")
_GAP = re.compile(r"[\s,]*")


def from_har(
    file: str | Path, *, host: str | None = None, headers: Sequence[str] = (), protocol: Protocol = "http"
) -> tuple[RequestSpec, ...]:
    """The mix of a HAR file, with bodies; `host` picks one where requests went to several, `headers` are kept."""
    path = Path(file)
    found: list[tuple[str, Kind]] = []
    for entry, where in _entries(text_of(path), path):
        found.append(_of_entry(entry, headers, where))
    hosts = sorted({one for one, _ in found})
    if host is None and len(hosts) > 1:
        shown = ", ".join(hosts[:5])
        raise bad(
            Where(str(path)), f"requests to {len(hosts)} hosts: {shown}", f"host={hosts[0]!r}, or another"
        )
    kinds = Counter(kind for one, kind in found if host in (None, one))
    return counted(
        kinds, protocol, path, f"no request to {host or 'any host'}", f"it has: {', '.join(hosts) or 'none'}"
    )


def _entries(text: str, path: Path) -> Iterator[tuple[Any, Where]]:
    """Each entry with its place, read one after the other so that the place is known."""
    where = Where(str(path))
    try:
        log = json.loads(text)["log"]["entries"]
    except json.JSONDecodeError as error:
        raise bad(
            Where(str(path), error.lineno, error.colno), f"not JSON: {error.msg}", "a HAR file"
        ) from None
    except (KeyError, TypeError):
        raise bad(where, "no log.entries", "a HAR file, as browsers export it") from None
    if not isinstance(log, list):
        raise bad(where, "log.entries is no list", "a HAR file, as browsers export it")
    start = re.search(r'"entries"\s*:\s*\[', text)
    at = start.end() if start else 0
    decoder = json.JSONDecoder()
    for _ in log:
        at += len(_GAP.match(text, at)[0])  # type: ignore[index]  # it matches nothing too
        entry, end = decoder.raw_decode(text, at)
        line = text.count("\n", 0, at) + 1
        yield entry, Where(str(path), line, at - text.rfind("\n", 0, at))
        at = end


def _of_entry(entry: Any, headers: Sequence[str], where: Where) -> tuple[str, Kind]:
    try:
        sent = entry["request"]
        method, url = sent["method"], urlsplit(sent["url"])
        fields = {one["name"].lower(): one["value"] for one in sent.get("headers", ())}
        post = sent.get("postData") or {}
        body = _body(post)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise bad(
            where, f"an entry without a request that can be sent: {error!r}", "method and url"
        ) from None
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not _SENT.fullmatch(target):
        raise bad(where, f"{target!r} can't be sent", "an encoded URL")
    kept = [(name, fields[name.lower()]) for name in headers if name.lower() in fields]
    if body and post.get("mimeType"):
        kept.append(("content-type", post["mimeType"]))
    return url.netloc, (str(method), target, tuple(kept), body)


def _body(post: Mapping[str, Any]) -> bytes:
    text = post.get("text") or ""
    return base64.b64decode(text, validate=True) if post.get("encoding") == "base64" else text.encode()
