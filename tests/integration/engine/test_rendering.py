"""Complete bootstraps of a mesh with TLS, a gateway and log files, as Envoy itself checks them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.rendering import rendering, static
from chaosmesh.envoy import binary
from chaosmesh.mesh import AccessLog, ClientTls, Identity, Listener, Mesh, ServerTls, Trust
from tests.integration.engine.test_entrance import policy

pytestmark = [pytest.mark.integration]


def secured() -> Mesh:
    strict = ServerTls("strict", Identity("file", "/keys/own.pem", "/keys/own.key"))
    rule = ClientTls(Trust("file", ("/keys/ca.pem",)))
    made = policy(Listener(8443, "http", tls=strict))
    workloads = tuple(
        replace(
            one,
            listeners=tuple(replace(listener, tls=strict) for listener in one.listeners),
            client_tls=tuple((backend, rule) for backend in one.backends),
            access_log=AccessLog("/var/log/mesh/own.txt"),
        )
        for one in made.workloads
    )
    return replace(made, workloads=workloads)


def test_envoy_takes_every_static_rendering(tmp_path: Path) -> None:
    made = static(secured(), load_scenario(None), "127.16", tmp_path)
    assert {key.rpartition(".")[0] for key in made} == {"door", "shop", "stock", "admin"}
    for key, config in made.items():
        file = tmp_path / f"{key}.json"
        file.write_text(json.dumps(config))
        checked = subprocess.run(
            [binary(), "--mode", "validate", "-c", file, "--log-level", "error"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


def test_a_rendering_says_what_secrets_are_needed_and_holds_none() -> None:
    shown = rendering(secured(), load_scenario(None), "127.16")
    assert shown["shop"]["secrets"]["trust/file//keys/ca.pem"] == {
        "role": "trust",
        "kind": "file",
        "sources": ("/keys/ca.pem",),
    }
    own = shown["shop"]["secrets"]["identity/file//keys/own.pem@shop"]
    assert own["dns"] == ("shop.local", "shop")
    assert "BEGIN" not in json.dumps(shown)
