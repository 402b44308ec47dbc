"""Reads the answers of one HTTP/1.1 connection, whatever frames them: length, chunks, nothing at all, or HEAD."""

from __future__ import annotations

from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser


class BadAnswerError(Exception):
    """Raised when what came is no HTTP answer."""


class Answer:
    """The answer that is being read; `expect` before each request. Also the parser's protocol object."""

    __slots__ = ("_head", "_headers", "_parser", "_raw", "arrived", "complete", "keep", "size", "status")

    def __init__(self) -> None:
        self._parser: Any = HttpResponseParser(self)
        self.expect(head=False)

    def expect(self, *, head: bool) -> None:
        """Forgets the last answer; `head` says that the next one has no body, whatever its headers promise.

        `arrived`: something came. `complete`: all of it. `keep`: the connection may be used again.
        """
        self._head = head
        self._headers = self.arrived = self.complete = self.keep = False
        self.status = self.size = 0
        self._raw = b""

    def feed(self, data: memoryview | bytes) -> None:
        """Takes what was read from the connection; raises BadAnswerError."""
        self.arrived = True
        headers_came_before = self._headers
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise BadAnswerError(str(error)) from error
            self.keep = False  # more came than the answer
        if self.complete:
            if self._head:
                self._parser = HttpResponseParser(self)  # the old one waits for a body
        elif not headers_came_before:
            self._raw += bytes(data)

    def ends_with_connection(self) -> bool:
        """Whether a close now is the end of this answer: its headers name no length (RFC 9112, 6.3)."""
        fields = self._raw.lower()
        return self._headers and b"\ncontent-length:" not in fields and b"\ntransfer-encoding:" not in fields

    def release(self) -> None:
        """Breaks the cycle with the parser, so that no collection is needed."""
        self._parser = None

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return  # the real answer is still to come
        self._headers = True
        if self._head:
            self._end()

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self.size += len(data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._headers and not self.complete:
            self._end()

    def _end(self) -> None:
        # Asked inside the parser's callback: afterwards it has forgotten `connection: close`.
        self.keep = self._parser.should_keep_alive()
        self.complete = True
