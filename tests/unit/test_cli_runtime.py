"""Where a mesh runs when nobody says so."""

from __future__ import annotations

import importlib
import sys

import click
import pytest
from click.testing import CliRunner

from chaosmesh.cli import options


@pytest.fixture
def of_a_mac(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "darwin")
        importlib.reload(options)
    yield options
    importlib.reload(options)


def chosen(option, *words: str):
    @click.command()
    @option
    def command(runtime: str) -> None:
        click.echo(runtime)

    ended = CliRunner().invoke(command, words)
    assert ended.exit_code == 0
    return ended.stdout, ended.stderr


def test_processes_on_linux():
    assert chosen(options.runtime_option) == ("process\n", "")


def test_containers_elsewhere_are_said_in_one_line(of_a_mac):
    out, err = chosen(of_a_mac.runtime_option)
    assert out == "docker\n"
    assert err.count("\n") == 1
    assert "no Linux" in err


def test_who_asks_for_containers_is_told_nothing(of_a_mac):
    assert chosen(of_a_mac.runtime_option, "--runtime", "docker") == ("docker\n", "")
