"""Mixes: as written, from access logs, from HAR files. Counts are weights, and a bad file is one error with a place."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from chaosmesh import from_access_log, from_har, request
from chaosmesh.errors import DocumentError, UsageError
from chaosmesh.load import RequestSpec

COMBINED = '10.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "{request}" 200 2326 "http://x/" "Mozilla/5.0 (beta)"'
COMMON = '10.0.0.1 - frank [10/Oct/2026:13:55:36 +0000] "{request}" 404 -'
ENVOY = (
    '[2026-11-22T10:00:00.123Z] "{request}" 200 - 0 5 1 0 "-" "curl/8" '
    '"5a9e0d1c" "front.local" "127.0.0.1:8080"'
)
ENVOY_DETAILS = ENVOY.replace("200 -", "200 - via_upstream - ")


def written(folder: Path, *lines: str) -> Path:
    file = folder / "access.log"
    file.write_text("".join(f"{one}\n" for one in lines))
    return file


def weights(mix: tuple[RequestSpec, ...]) -> dict[tuple[str, str], float]:
    return {(one.method, one.path): one.weight for one in mix}


@pytest.mark.parametrize("form", [COMBINED, COMMON, ENVOY, ENVOY_DETAILS])
def test_how_often_a_line_comes_is_the_weight(tmp_path: Path, form: str) -> None:
    lines = [form.format(request="GET /a?x=1 HTTP/1.1")] * 3 + [form.format(request="POST /b HTTP/2")]
    mix = from_access_log(written(tmp_path, *lines, ""))
    assert weights(mix) == {("GET", "/a?x=1"): 3, ("POST", "/b"): 1}
    assert [one.name for one in mix] == ["GET /a", "POST /b"]


def test_json_lines_under_the_names_that_servers_use(tmp_path: Path) -> None:
    lines = [
        json.dumps({"method": "GET", "path": "/a", "x-user": "beta"}),
        json.dumps({"request_method": "GET", "request_uri": "/a", "x_user": "beta"}),
        json.dumps({"request": "GET /a HTTP/1.1", "headers": {"X-User": "beta"}}),
        json.dumps({"verb": "PUT", "url": "https://front.local/c?d=1"}),
    ]
    mix = from_access_log(written(tmp_path, *lines), headers=("x-user",), protocol="http2")
    assert mix == (
        RequestSpec("GET", "/a", (("x-user", "beta"),), weight=3, protocol="http2", name="GET /a"),
        RequestSpec("PUT", "/c?d=1", weight=1, protocol="http2", name="PUT /c"),
    )


def test_headers_that_a_log_has_name_cohorts(tmp_path: Path) -> None:
    (one,) = from_access_log(
        written(tmp_path, COMBINED.format(request="GET / HTTP/1.1")), headers=("user-agent",)
    )
    assert one.headers == (("user-agent", "Mozilla/5.0 (beta)"),)


def test_what_was_no_request_is_passed_over(tmp_path: Path) -> None:
    lines = [COMMON.format(request=one) for one in ("-", "\\x16\\x03\\x01", "GET / HTTP/1.1")]
    assert weights(from_access_log(written(tmp_path, *lines))) == {("GET", "/"): 1}


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        (["hello"], 1, "no line of an access log"),
        ([COMMON.format(request="GET / HTTP/1.1"), '{"method": '], 2, "not JSON"),
        (['{"status": 200}'], 1, "without method and path"),
        ([COMMON.format(request="nonsense here")], 1, "no request"),
        ([], 1, "no request in it"),
    ],
)
def test_a_bad_log_is_one_error_with_its_line(
    tmp_path: Path, lines: list[str], place: int, words: str
) -> None:
    file = written(tmp_path, *lines)
    with pytest.raises(DocumentError, match=words) as error:
        from_access_log(file)
    assert len(error.value.problems) == 1
    assert (error.value.where.file, error.value.where.line) == (str(file), place)


def entry(url: str, method: str = "GET", **more: object) -> dict[str, object]:
    return {
        "request": {"method": method, "url": url, "headers": [{"name": "X-User", "value": "beta"}], **more}
    }


def har(folder: Path, *entries: object) -> Path:
    file = folder / "a.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}, indent=1))
    return file


def test_a_har_file_keeps_bodies_and_the_headers_that_are_asked_for(tmp_path: Path) -> None:
    raw = base64.b64encode(b"\x00\x01").decode()
    file = har(
        tmp_path,
        entry("https://front/a?b=1"),
        entry("https://front/a?b=1"),
        entry("https://front/c", "POST", postData={"mimeType": "application/json", "text": '{"n": 1}'}),
        entry("https://front", "PUT", postData={"mimeType": "", "text": raw, "encoding": "base64"}),
    )
    mix = from_har(file, headers=("x-user",))
    assert [(one.method, one.path, one.weight) for one in mix] == [
        ("GET", "/a?b=1", 2),
        ("POST", "/c", 1),
        ("PUT", "/", 1),
    ]
    assert mix[1].body == b'{"n": 1}'
    assert dict(mix[1].headers) == {"x-user": "beta", "content-type": "application/json"}
    assert mix[2].body == b"\x00\x01"


def test_of_several_hosts_one_is_named(tmp_path: Path) -> None:
    file = har(tmp_path, entry("https://front/a"), entry("https://ads.example/b"))
    with pytest.raises(DocumentError, match=r"2 hosts: ads\.example, front"):
        from_har(file)
    assert weights(from_har(file, host="front")) == {("GET", "/a"): 1}
    with pytest.raises(DocumentError, match="no request to other"):
        from_har(file, host="other")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"log": {\n"entries": [\n}}', 3, "not JSON"),
        ("[]", 1, "no log.entries"),
        ('{"log": {"entries": 5}}', 1, "no list"),
        (
            '{"log": {"entries": [\n{"request": {"method": "GET", "url": "http://a/"}},\n{"x": 1}]}}',
            3,
            "an entry",
        ),
        (
            '{"log": {"entries": [\n{"request": {"method": "GET", "url": "http://a/b c"}}]}}',
            2,
            "can't be sent",
        ),
        ('{"log": {"entries": []}}', 1, "no request"),
    ],
)
def test_a_bad_har_file_is_one_error_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "a.har"
    file.write_text(text)
    with pytest.raises(DocumentError, match=words) as error:
        from_har(file)
    assert error.value.where.line == line


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, words in (("nowhere", "can't be read"), ("binary", "no text")):
        with pytest.raises(DocumentError, match=words):
            from_har(tmp_path / name)


def test_bodies_are_text_bytes_json_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"\x00")
    found = [request("/a", method="POST", body=one) for one in ("é", b"\xff", {"n": 1}, file)]
    assert [one.body for one in found] == ["é".encode(), b"\xff", b'{"n": 1}', b"\x00"]
    assert [dict(one.headers) for one in found] == [{}, {}, {"content-type": "application/json"}, {}]
    assert request("/a", body=[], headers={"Content-Type": "x"}).headers == (("Content-Type", "x"),)


def test_a_request_is_called_by_its_path_unless_it_has_a_name() -> None:
    assert [request("/a").name, request("/a", name="front").name] == ["/a", "front"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: request("/a", protocol="smtp"),  # type: ignore[arg-type]
        lambda: request("/a", weight=0),
        lambda: request("/a", weight="3"),
        lambda: request("a"),
        lambda: request(5),
        lambda: request("/a", headers={"x": 5}),
        lambda: request("/a", body=Path("/no/such/file")),
        lambda: request("/a", body=object()),
    ],
)
def test_what_is_no_request_is_refused(make) -> None:
    with pytest.raises(UsageError):
        make()
