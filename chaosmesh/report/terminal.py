"""The terminal: progress on stderr while the run goes on, the table on stdout when it is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from chaosmesh.engine.events import Event, RunFinished, RunStarted

if TYPE_CHECKING:
    from rich.console import Console

    from chaosmesh.report.live import ProgressView

# A pipe has no width; this one holds the matrix of a usual mesh in one piece.
_PIPE_WIDTH = 120

_ASCII = str.maketrans(
    {"→": "->", "·": "-", "≤": "<=", "≥": ">=", "…": "...", "–": "-", "×": "x", "±": "+/-", "\ufffd": "?"}
)


class Terminal:
    """Consumer for people. `environ` is read for NO_COLOR, FORCE_COLOR, TERM, COLUMNS and CI.

    `width` in columns overrides what the window says. `clock` gives seconds that only grow.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        environ: Mapping[str, str] | None = None,
        width: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._environ = dict(os.environ if environ is None else environ)
        self._width = width
        self._clock = clock
        self._progress: ProgressView | None = None

    def __call__(self, event: Event) -> None:
        """Show the event; the result is printed when it comes."""
        if isinstance(event, RunFinished):
            self.close()
            self._stdout.write(self._table(event))
            self._stdout.flush()
            return
        if isinstance(event, RunStarted) or self._progress is None:
            self._start()
        if self._progress is not None:
            self._progress.show(event)

    def close(self) -> None:
        """Leave the screen as it was, also when the run never finished."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _start(self) -> None:
        from chaosmesh.report.live import LiveProgress, PlainProgress

        if self._progress is None:
            kind = LiveProgress if self._redraws() else PlainProgress
            self._progress = kind(self._console(_Encodable(self._stderr)), self._clock)

    def _redraws(self) -> bool:
        # FORCE_COLOR asks for colours only: a log file must not be filled with redrawn lines.
        dumb = self._environ.get("TERM", "").lower() in {"dumb", "unknown"}
        return self._stderr.isatty() and not dumb and not self._environ.get("CI")

    def _table(self, event: RunFinished) -> str:
        from chaosmesh.report.table import Table

        console = self._console(_Encodable(self._stdout))
        with console.capture() as captured:
            for line in Table(console).lines(event.result, report_path(event.folder)):
                console.print(line, no_wrap=True, overflow="ignore", crop=False)
        return _Encodable(self._stdout).fit(captured.get())

    def _console(self, stream: _Encodable) -> Console:
        from rich.console import Console

        plain = self._environ.get("NO_COLOR") or self._environ.get("TERM", "").lower() in {"dumb", "unknown"}
        return Console(
            file=stream,  # type: ignore[arg-type]
            width=self._columns(stream),
            color_system=None if plain else "auto",
            highlight=False,
            markup=False,
            emoji=False,
            _environ=self._environ,
        )

    def _columns(self, stream: _Encodable) -> int:
        if self._width is not None:
            return self._width
        if self._environ.get("COLUMNS", "").isdigit():
            return max(int(self._environ["COLUMNS"]), 20)
        try:
            return os.get_terminal_size(stream.fileno()).columns or _PIPE_WIDTH
        except (OSError, ValueError):
            return _PIPE_WIDTH


class _Encodable:
    """A text stream that never fails for its encoding: signs it can't write become ASCII ones."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding or "utf-8"

    def fit(self, text: str) -> str:
        """The text as the stream can write it."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.translate(_ASCII).encode(self.encoding, "replace").decode(self.encoding)
        return text

    def write(self, text: str) -> int:
        """Write what of the text can be written."""
        return self._stream.write(self.fit(text))

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's file descriptor; OSError or ValueError if it has none."""
        return self._stream.fileno()


def report_path(folder: str) -> str:
    """The HTML report in a run folder, by its `latest` name where that points to the run; "" without a folder."""
    if not folder:
        return ""
    run = Path(folder)
    latest = run.parent / "latest"
    shown = latest if latest.is_symlink() and latest.resolve() == run.resolve() else run
    return str(shown / "report.html")
