"""A stream that runs, as main sees it."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from chaosmesh.load.plan import Record, Stream, StreamReport, WorkerReport
from chaosmesh.load.sends import OnSent, Sent, unheard

OnRecords = Callable[[list[Record]], None]
"""Called on the event loop with each batch of finished requests."""


class Running:
    """Handle of a stream: stop it, wait for its report."""

    def __init__(
        self,
        stream: Stream,
        on_records: OnRecords,
        stop: Callable[[], None],
        workers: int = 1,
        on_sent: OnSent = unheard,
    ) -> None:
        self.stream = stream
        self.started_ns = 0
        self._on_records, self._on_sent = on_records, on_sent
        self._stop = stop
        self._lags = [array("q") for _ in range(workers)]
        self._last_ns = 0
        self._report: asyncio.Future[StreamReport] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """Ends the sending; requests under way are still waited for. Harmless when the stream has ended."""
        if not self._report.done():
            self._stop()

    async def done(self) -> StreamReport:
        """The report, once every request was answered or timed out.

        Raises EnvironmentFailedError when the generator's process ended first, and whatever the stream's
        `on_records` raised.
        """
        return await asyncio.shield(self._report)

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self._report.done()

    def deliver(self, records: list[Record], sent: Sent) -> None:
        """Takes a batch from the generator; what the receiver raises ends the stream as its error."""
        if len(self._lags) == 1:
            self._lags[0].extend(one.sent_ns - one.intended_ns for one in records)
        else:
            for one in records:
                self._lags[one.seq % len(self._lags)].append(one.sent_ns - one.intended_ns)
        self._last_ns = max(self._last_ns, *(one.done_ns for one in records), 0)
        if self._report.done():
            return
        try:
            if sent:
                self._on_sent(sent)
            if records:
                self._on_records(records)
        except Exception as error:  # noqa: BLE001  it belongs to whoever waits for the stream
            self._stop()
            self.fail(error)

    def finish(self, totals: Mapping[str, Any]) -> StreamReport:
        """Takes the generator's totals, and resolves the report."""
        report = self._reported(totals)
        if not self._report.done():
            self._report.set_result(report)
        return report

    def fail(self, error: Exception) -> None:
        """Ends the stream with an error for whoever waits."""
        if not self._report.done():
            self._report.set_exception(error)
            self._report.exception()  # nobody has to wait for it

    def _reported(self, totals: Mapping[str, Any]) -> StreamReport:
        lags = sorted(chain.from_iterable(self._lags))
        return StreamReport(
            stream=self.stream.id,
            name=self.stream.name,
            planned=totals["sent"] + totals["dropped"],
            sent=totals["sent"],
            finished=len(lags),
            dropped=totals["dropped"],
            retried=totals["retried"],
            lag_p50_ms=_quantile_ms(lags, 0.50),
            lag_p99_ms=_quantile_ms(lags, 0.99),
            cpu_s=totals["cpu_s"],
            seconds=max(0, self._last_ns - self.started_ns) / 1e9,
            closed=self.stream.closed is not None,
            strangers=totals.get("strangers", 0),
            user_errors=totals.get("user_errors", 0),
            workers=tuple(map(_of_worker, totals.get("workers", ()), self._lags)),
        )


def _of_worker(totals: Mapping[str, Any], lags: Iterable[int]) -> WorkerReport:
    return WorkerReport(totals["sent"], totals["dropped"], _quantile_ms(sorted(lags), 0.99), totals["cpu_s"])


def _quantile_ms(ordered: list[int], share: float) -> float:
    """The smallest of ns values that this share of them does not exceed, in ms; 0 of nothing."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] / 1e6 if ordered else 0.0
