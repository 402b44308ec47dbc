"""The messages of the published proto: our own codec against protobuf, and against the text of the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

import chaosmesh.services
from chaosmesh.services import message
from chaosmesh.services.answers import Head, Outcome
from chaosmesh.services.config import StandIn

PROTO = Path(chaosmesh.services.__file__).with_name("standin.proto").read_text()
PACKAGE = "chaosmesh.standin.v1"
KINDS = {"string": 9, "bytes": 12, "int32": 5}
FIELD = re.compile(r"^\s*(repeated |optional )?([A-Za-z0-9]+) (\w+) = (\d+);", re.MULTILINE)


def declared() -> descriptor_pb2.FileDescriptorProto:
    """The file as its text has it."""
    file = descriptor_pb2.FileDescriptorProto(name="standin.proto", package=PACKAGE, syntax="proto3")
    for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", PROTO, re.MULTILINE | re.DOTALL):
        made = file.message_type.add(name=name)
        for label, kind, field, number in FIELD.findall(body):
            one = made.field.add(name=field, number=int(number), label=3 if label == "repeated " else 1)
            if kind in KINDS:
                one.type = KINDS[kind]
            else:
                one.type, one.type_name = 11, f".{PACKAGE}.{kind}"
            if label == "optional ":
                made.oneof_decl.add(name=f"_{field}")
                one.proto3_optional, one.oneof_index = True, len(made.oneof_decl) - 1
    return file


POOL = descriptor_pool.DescriptorPool()
POOL.Add(declared())


def real(name: str) -> Any:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


LEAF = {"node": "leaf", "version": "", "replica": 0, "request_id": "r", "attempt": 2, "lineage": "1.2"}
ANSWER = {
    **LEAF,
    "node": "front é",
    "replica": 300,
    "calls": [
        {"service": "a", "status": 200, "grpc_status": 0, "answer": {**LEAF, "calls": []}, "other": ""},
        {"service": "b", "status": 503, "other": '{"error":"x"}'},
    ],
}


def test_layout_and_file_have_the_same_fields() -> None:
    file = declared()
    assert {one.name for one in file.message_type} == set(message.LAYOUT)
    for made in file.message_type:
        layout = message.LAYOUT[made.name]
        assert {(one.name, one.number, one.label == 3) for one in made.field} == {
            (name, one.number, one.repeated) for name, one in layout.items()
        }
        kinds = {number: kind for kind, number in KINDS.items()}
        assert {one.name: kinds.get(one.type) or one.type_name.rpartition(".")[2] for one in made.field} == {
            name: one.kind for name, one in layout.items()
        }


def test_the_service_of_the_file_is_the_one_that_is_called() -> None:
    assert f"package {PACKAGE};" in PROTO
    found = re.search(r"service (\w+) \{\s*rpc (\w+)\(Request\) returns \(Answer\);", PROTO)
    assert found
    assert f"/{PACKAGE}.{found[1]}/{found[2]}" == message.METHOD


def test_protobuf_reads_what_is_written() -> None:
    got = real("Answer").FromString(message.encode("Answer", ANSWER))
    as_json = json_format.MessageToDict(got, preserving_proto_field_name=True)
    assert as_json["calls"][0]["grpc_status"] == 0
    assert "grpc_status" not in as_json["calls"][1]
    assert (got.node, got.replica, got.calls[0].answer.lineage) == ("front é", 300, "1.2")
    assert got.SerializeToString(deterministic=True) == message.encode("Answer", ANSWER)


def test_what_protobuf_writes_is_read() -> None:
    written = json_format.ParseDict(ANSWER, real("Answer")()).SerializeToString()
    assert message.decode("Answer", written) == ANSWER
    assert message.decode("Request", real("Request")(payload=b"\0\xff").SerializeToString()) == {
        "payload": b"\0\xff"
    }


def test_unknown_fields_and_negative_numbers_are_read() -> None:
    number = real("Outcome")(status=-5).SerializeToString()
    extra = b"\x98\x06\x01" + b"\xa1\x06" + bytes(8) + b"\xad\x06" + bytes(4) + b"\xb2\x06\x02hi"
    assert message.decode("Outcome", extra + number) == {"service": "", "status": -5, "other": ""}


@pytest.mark.parametrize(
    "data", [b"\x0a\x05ab", b"\x0a", b"\x08\x01", b"\x0b", b"\xff" * 12, b"\x0a\x01\xff", b"\x22"]
)
def test_broken_messages_are_errors(data: bytes) -> None:
    with pytest.raises(ValueError):
        message.decode("Answer", data)


def test_answers_within_answers_end_somewhere() -> None:
    data = b""
    for _ in range(500):
        data = message.encode("Answer", {"node": "a", "calls": [message.encode("Outcome", {"answer": data})]})
    with pytest.raises(ValueError, match="calls within calls"):
        message.decode("Answer", data)


@pytest.mark.parametrize(
    "values",
    [{"nodes": "a"}, {"node": 1}, {"replica": -1}, {"replica": True}, {"calls": {"a": 1}}, {"calls": [1]}],
)
def test_what_has_no_place_is_an_error(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        message.encode("Answer", values)


HEADERS = {"x-request-id": "id", "x-chaosmesh-lineage": "1"}
JSON_LEAF = json.dumps({**LEAF, "calls": []}).encode()


def outcomes() -> list[Outcome]:
    return [
        Outcome("json.local", 200, JSON_LEAF),
        Outcome("grpc.local", 200, message.encode("Answer", LEAF), 0, is_message=True),
        Outcome("down.local", 502, b'{"error":"refused"}'),
        Outcome("bare.local", 503, grpc=14),
        Outcome("own.local", 200, b'{"node":"x","calls":[{"service":"y","status":200,"answer":[1]}]}'),
    ]


def test_an_answer_is_the_same_document_as_json_and_as_a_message() -> None:
    head = Head(StandIn("front", "v1", 2))
    as_json = json.loads(head.as_json(HEADERS, 3, outcomes()))
    assert as_json["calls"] == [
        {"service": "json.local", "status": 200, "answer": {**LEAF, "calls": []}},
        {"service": "grpc.local", "status": 200, "grpc_status": 0, "answer": {**LEAF, "calls": []}},
        {"service": "down.local", "status": 502, "answer": {"error": "refused"}},
        {"service": "bare.local", "status": 503, "grpc_status": 14},
        {
            "service": "own.local",
            "status": 200,
            "answer": {"node": "x", "calls": [{"service": "y", "status": 200, "answer": [1]}]},
        },
    ]
    nested = Outcome("front.local", 200, head.as_message(HEADERS, 3, outcomes()), 0, is_message=True)
    back = json.loads(nested.as_json())["answer"]
    assert {**back, "calls": back["calls"][:4]} == {**as_json, "calls": as_json["calls"][:4]}
    own = back["calls"][4]["answer"]
    assert (own["node"], own["calls"]) == ("x", [{"service": "y", "status": 200, "answer": [1]}])


def test_an_answer_that_can_not_be_read_is_left_out() -> None:
    assert json.loads(Outcome("a", 200, b"\xff", 0, is_message=True).as_json()) == {
        "service": "a",
        "status": 200,
        "grpc_status": 0,
    }
    assert message.decode("Outcome", Outcome("a", 200, b'{"node":5,"calls":[]}').as_message())["other"]
