"""Finding the Docker engine: each way in which it is not there, and the command that mends it."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.docker import engine
from chaosmesh.runtime.docker.engine import Address, address, connect


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither the environment nor a configuration names an engine; the usual socket is one of the test's own."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    usual = tmp_path / "docker.sock"
    monkeypatch.setattr("docker.constants.DEFAULT_UNIX_SOCKET", f"http+unix://{usual}")
    return usual


def failure() -> tuple[str, str]:
    with pytest.raises(EnvironmentFailedError) as failed:
        connect()
    return failed.value.message, failed.value.hint


def test_not_installed(nothing_said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_engine_program", lambda: None)
    message, hint = failure()
    assert message == "Docker is not installed"
    assert "apt-get install docker.io" in hint


def test_not_running(nothing_said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_engine_program", lambda: "/usr/sbin/dockerd")
    message, hint = failure()
    assert message == f"the Docker engine is not running ({nothing_said}: No such file or directory)"
    assert "docker" in hint
    assert "as root" in hint
    with socket.socket(socket.AF_UNIX) as one:  # the socket that a killed engine leaves
        one.bind(str(nothing_said))
    message, _ = failure()
    assert message == f"the Docker engine is not running ({nothing_said}: Connection refused)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions of sockets are Linux's")
def test_no_permission(nothing_said: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(nothing_said))
        server.listen()
        nothing_said.chmod(0o600 if os.getuid() == 0 else 0)
        for folder in nothing_said.parents[:3]:  # pytest's, which are closed to others
            folder.chmod(folder.stat().st_mode | 0o111)
        message, hint = _as_nobody(failure)
    assert message.endswith(f"may not use the Docker engine's socket {nothing_said}")
    assert hint.startswith("usermod -aG docker ")
    assert "log in again" in hint


@pytest.mark.parametrize(
    "host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "tcp://no-such-host.invalid:2375"]
)
def test_the_named_host_has_no_engine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    message, hint = failure()
    assert message.startswith(f"no Docker engine is at {host} (DOCKER_HOST): ")
    assert hint.startswith("unset DOCKER_HOST")


@pytest.mark.parametrize("host", ["nonsense://x", "tcp://", "tcp://127.0.0.1"])
def test_the_named_host_is_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    message, hint = failure()
    assert f"{host} (DOCKER_HOST)" in message
    assert "\n" not in message
    assert hint.startswith("unset DOCKER_HOST")


@pytest.mark.parametrize(
    ("status", "body", "seen"),
    [
        (200, "hello", "Expecting value"),
        (200, "{}", "ApiVersion"),
        (404, "no", "404"),
    ],
)
def test_what_answers_is_no_engine(
    status: int, body: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server(status, body) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        message, hint = failure()
    assert message.startswith(f"what answers at {host} (DOCKER_HOST) is no Docker engine that can be used: ")
    assert seen in message
    assert "\n" not in message
    assert hint.startswith("unset DOCKER_HOST")


def test_what_answers_does_not_speak_http(nothing_said: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(nothing_said))
        server.listen()

        def talk() -> None:
            for _ in range(2):  # the first one only looks
                one, _ = server.accept()
                with one, contextlib.suppress(OSError):
                    one.sendall(b"220 mail.example ESMTP\r\n")
                    one.recv(1 << 16)

        threading.Thread(target=talk, daemon=True).start()
        message, _ = failure()
    assert message.startswith(f"what answers at unix://{nothing_said} is no Docker engine")


def test_an_old_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server(200, json.dumps({"ApiVersion": "1.40"})) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        message, hint = failure()
    assert "speaks version 1.40 of its API; chaosmesh needs 1.41 (Docker 20.10)" in message
    assert "docker.io" in hint


def test_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server(200, json.dumps({"ApiVersion": "1.41", "Version": "20.10.24"})) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        client = connect()
        assert engine.engine_version(client) == "20.10.24"
        client.close()


def test_the_order_is_host_context_usual_socket(
    nothing_said: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert address() == Address(f"unix://{nothing_said}")
    _context(tmp_path, "rootless", "unix:///run/user/1/docker.sock")
    (tmp_path / "config" / "config.json").write_text('{"currentContext": "rootless"}')
    assert address() == Address("unix:///run/user/1/docker.sock", context="rootless")
    _context(tmp_path, "far", "tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert address() == Address("tcp://127.0.0.1:1", context="far")
    message, hint = failure()
    assert message.startswith("no Docker engine is at tcp://127.0.0.1:1 (the Docker context far): ")
    assert hint.startswith("docker context ls")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2")
    assert address() == Address("tcp://127.0.0.1:2", by_host=True)
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert address() == Address(f"unix://{nothing_said}")


def test_a_context_that_is_not_there_or_can_not_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text('{"currentContext": "gone"}')
    message, hint = failure()
    assert message == "there is no Docker context gone"
    assert hint.startswith("docker context ls")
    _context(tmp_path, "gone", "")
    next((tmp_path / "config" / "contexts").rglob("meta.json")).write_text("{")
    message, _ = failure()
    assert message.startswith("the Docker context gone can't be read: ")


def _context(folder: Path, name: str, host: str) -> None:
    place = folder / "config" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (folder / "config" / "config.json").touch()
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (place / "meta.json").write_text(json.dumps(meta))


class _server:  # noqa: N801 -- a context manager, used as a function
    """An HTTP server that has one answer; gives its address as a DOCKER_HOST."""

    def __init__(self, status: int, body: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"tcp://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _as_nobody(ask: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Root may use every socket: a child that is nobody asks instead."""
    if os.getuid() != 0:
        return ask()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        answer = ["the child failed", ""]
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            answer = list(ask())
        except BaseException as error:  # noqa: BLE001 -- told to the parent
            answer = [repr(error), ""]
        finally:
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        message, hint = json.load(said)
    os.waitpid(child, 0)
    return message, hint
