"""Questions to a Prometheus server, through prometheus-api-client. It blocks: each question is asked in a thread."""

from __future__ import annotations

import ast
import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaosmesh.errors import EnvironmentFailedError, UsageError

TIMEOUT = 10.0  # seconds; on loopback an answer takes milliseconds
SHOWN = 3  # series named in a problem


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels, the name among them as `__name__`, and samples of (seconds, value)."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        name = self.labels.get("__name__", "")
        rest = ", ".join(f'{key}="{value}"' for key, value in self.labels.items() if key != "__name__")
        return f"{name}{{{rest}}}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query came down to: one number, or the problem."""

    value: float | None
    problem: str = ""


class QueryError(Exception):
    """Raised when the server refuses a query; `bad`: for what it says."""

    def __init__(self, text: str, *, bad: bool) -> None:
        super().__init__(text)
        self.bad = bad


class Client:
    """The HTTP API of one server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Any = None

    async def value(self, query: str, at: float) -> Answer:
        """The one number that an instant query gives at `at` (epoch seconds)."""
        try:
            found = await self.instant(query, at)
        except QueryError as error:
            return Answer(None, f"the server refused the query: {error}")
        return _number(found)

    async def check(self, query: str) -> None:
        """UsageError when the query can't be parsed, or gives no number at a time whatever is measured."""
        try:
            found = await self.instant(query, 0)
        except QueryError as error:
            if not error.bad:
                raise EnvironmentFailedError(f"Prometheus at {self.url}: {error}") from error
            raise UsageError(f"no PromQL: {query}: {error}", hint=_hint(str(error))) from None
        if isinstance(found, list) and len(found) == 2 and isinstance(found[1], str):
            try:
                float(found[1])
            except ValueError:
                raise UsageError(f"{query} is text, and no number", hint="ask for a metric") from None

    async def instant(self, query: str, at: float) -> Any:
        """What the server answers, as it comes; QueryError when it refuses."""
        return await asyncio.to_thread(self._instant, query, at)

    async def raw(self, selector: str, begin: float, end: float) -> list[Series]:
        """Samples of all series of a selector after `begin` up to `end` (epoch seconds), as they were scraped."""
        span = max(1, round((end - begin) * 1000))
        return _series(await self.instant(f"{selector}[{span}ms]", end))

    async def vector(self, query: str, at: float) -> list[Series]:
        """The series of an instant query, a sample each."""
        return _series(await self.instant(query, at))

    def close(self) -> None:
        """Closes the kept connections."""
        if self._connection is not None:
            self._connection.close()

    def _instant(self, query: str, at: float) -> Any:
        return self._asked(lambda api: api.custom_query(query, params={"time": f"{at:.3f}"}, timeout=TIMEOUT))

    def _asked(self, ask: Any) -> Any:
        import requests
        from prometheus_api_client import PrometheusConnect
        from prometheus_api_client.exceptions import PrometheusApiClientException

        if self._connection is None:
            session = requests.Session()
            session.trust_env = False  # a proxy of the user's environment must not see loopback
            self._connection = PrometheusConnect(url=self.url, session=session)
        try:
            return ask(self._connection)
        except PrometheusApiClientException as error:
            raise _refusal(str(error)) from error
        except (requests.RequestException, ValueError) as error:
            raise QueryError(f"no answer: {error}", bad=False) from error


def _refusal(text: str) -> QueryError:
    """The server's own words out of the client's exception: `HTTP Status Code 400 (b'{…}')`."""
    found = re.fullmatch(r"HTTP Status Code (\d+) \((b.*)\)", text, re.DOTALL)
    if found is None:
        return QueryError(text, bad=False)
    body = ast.literal_eval(found[2]).decode(errors="replace")
    try:
        told = json.loads(body)
        return QueryError(str(told["error"]), bad=told.get("errorType") == "bad_data")
    except (ValueError, KeyError, TypeError):
        return QueryError(f"{found[1]} {body.strip()}", bad=False)


def _number(found: Any) -> Answer:
    """A scalar is `[time, text]`, a vector a list of series with a `value`, a range one with `values`."""
    if isinstance(found, list) and len(found) == 2 and not isinstance(found[0], dict):
        return _finite(str(found[1]))
    if not found:
        return Answer(
            None, "the query gave nothing: no series has samples there (a counter that is still 0 has none)"
        )
    if len(found) > 1:
        names = ", ".join(str(Series(one["metric"], ())) for one in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return Answer(None, f"the query gave {len(found)} series, and a claim is about one: {names}{more}")
    if "value" not in found[0]:
        return Answer(None, "the query gave values over a range, and a claim is about one")
    return _finite(str(found[0]["value"][1]))


def _finite(text: str) -> Answer:
    try:
        value = float(text)
    except ValueError:
        return Answer(None, f"the query gave {text!r}, which is no number")
    if math.isnan(value):
        return Answer(None, "the query gave NaN: nothing was there to divide by, or to take a quantile of")
    if math.isinf(value):
        return Answer(None, f"the query gave {text}: something was divided by nothing")
    return Answer(value)


def _series(found: Any) -> list[Series]:
    return [
        Series(
            one["metric"],
            tuple((float(at), float(value)) for at, value in one.get("values") or [one["value"]]),
        )
        for one in found
    ]


def _hint(text: str) -> str:
    if "$" in text:
        return "$window is the only placeholder: the length of the phase, as in rate(metric[$window])"
    if "range vector" in text or "expected type" in text:
        return "rate, increase and the like take a range: rate(metric[$window])"
    return "try it by itself, for example sum(rate(envoy_cluster_upstream_rq_total[$window]))"
