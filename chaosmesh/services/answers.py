"""The answer of a stand-in, as JSON and as a message of `standin.proto`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.services import message
from chaosmesh.services.config import StandIn


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to. Status 502 also when the own sidecar can't be reached.

    `body` is JSON or empty; with `is_message` it is an encoded `Answer`. `grpc` is the code of a call over gRPC.
    """

    service: str
    status: int
    body: bytes = b""
    grpc: int | None = None
    is_message: bool = False

    def as_json(self) -> bytes:
        """One element of `calls`."""
        head = f'{{"service":{json.dumps(self.service)},"status":{self.status}'.encode()
        if self.grpc is not None:
            head += b',"grpc_status":%d' % self.grpc
        body = _json_of(self.body) if self.is_message else self.body
        return head + b',"answer":' + body + b"}" if body else head + b"}"

    def as_message(self) -> bytes:
        """The same as an encoded `Outcome`."""
        values: dict[str, Any] = {"service": self.service, "status": self.status, "grpc_status": self.grpc}
        if self.is_message:
            values["answer"] = self.body
        elif self.body:
            answer = _message_of(self.body)
            values |= {"other": self.body.decode(errors="replace")} if answer is None else {"answer": answer}
        return message.encode("Outcome", values)


class Head:
    """What is the same in every answer of a stand-in, made once."""

    def __init__(self, config: StandIn) -> None:
        own = {"node": config.node, "version": config.version, "replica": config.replica}
        self._json = json.dumps(own, separators=(",", ":"))[:-1]
        self._message = message.encode("Answer", own)

    def as_json(self, headers: Mapping[str, str], attempt: int, outcomes: Sequence[Outcome]) -> bytes:
        """The whole answer as JSON."""
        request_id = json.dumps(headers.get("x-request-id", ""))
        lineage = json.dumps(headers.get("x-chaosmesh-lineage", ""))
        own = f'{self._json},"request_id":{request_id},"attempt":{attempt},"lineage":{lineage},"calls":['
        return own.encode() + b",".join(one.as_json() for one in outcomes) + b"]}"

    def as_message(self, headers: Mapping[str, str], attempt: int, outcomes: Sequence[Outcome]) -> bytes:
        """The whole answer as an encoded `Answer`: messages are concatenated by writing one after the other."""
        values = {
            "request_id": headers.get("x-request-id", ""),
            "attempt": attempt,
            "lineage": headers.get("x-chaosmesh-lineage", ""),
            "calls": [one.as_message() for one in outcomes],
        }
        return self._message + message.encode("Answer", values)


def error(text: str) -> bytes:
    """What is answered instead of an answer."""
    return json.dumps({"error": text}).encode()


def _json_of(answer: bytes) -> bytes:
    try:
        return json.dumps(_plain(message.decode("Answer", answer)), separators=(",", ":")).encode()
    except ValueError:
        return b""


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "calls": [_plain_outcome(one) for one in answer["calls"]]}


def _plain_outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    other = outcome.pop("other")
    if "answer" in outcome:
        return {**outcome, "answer": _plain(outcome["answer"])}
    return {**outcome, "answer": json.loads(other)} if other else outcome


def _message_of(body: bytes) -> bytes | None:
    """An `Answer` of the JSON of one, None for any other JSON."""
    try:
        return _wire(json.loads(body))
    except (ValueError, RecursionError):
        return None


def _wire(answer: Any) -> bytes:
    if not isinstance(answer, dict) or not isinstance(answer.get("calls"), list) or "node" not in answer:
        raise ValueError("no answer of a stand-in")
    return message.encode("Answer", {**answer, "calls": [_wire_outcome(one) for one in answer["calls"]]})


def _wire_outcome(outcome: Any) -> bytes:
    if not isinstance(outcome, dict):
        raise ValueError("no outcome of a stand-in")  # noqa: TRY004 -- every wrong form is one kind of error here
    values = dict(outcome)
    if "answer" in values:
        try:
            values["answer"] = _wire(values["answer"])
        except ValueError:
            values["other"] = json.dumps(values.pop("answer"))
    return message.encode("Outcome", values)
