"""What a program of this machine is started with."""

from __future__ import annotations

from chaosmesh.mesh import Egress, Replica, Topology
from chaosmesh.runtime.commands import command_of
from chaosmesh.services.program import Program

REPLICA = Replica("front", 1, "127.9.16.2", "127.9.32.2")
TOPOLOGY = Topology(
    "r", (REPLICA,), (), (Egress("front", 1, "color.local", "127.9.160.1", (80, 81)),), ("front",), "127.9"
)


def test_argv_environment_and_folder():
    program = Program(
        "front",
        1,
        command=("serve", "{host}", "{port}", "{replica}"),
        env={"COLOR": "red"},
        folder="/srv",
        listen=(("127.9.32.2", 8080, "http"),),
    )
    made = command_of(program, REPLICA, TOPOLOGY)
    assert made.argv == ("serve", "127.9.32.2", "8080", "1")
    assert made.folder == "/srv"
    assert made.env == {
        "HOST": "127.9.32.2",
        "PORT": "8080",
        "HTTP_PROXY": "http://127.9.16.2:15001",
        "http_proxy": "http://127.9.16.2:15001",
        "NO_PROXY": "localhost,127.0.0.1,127.0.0.0/8,127.9.160.1",
        "no_proxy": "localhost,127.0.0.1,127.0.0.0/8,127.9.160.1",
        "CHAOSMESH_COLOR": "127.9.160.1:80",
        "CHAOSMESH_COLOR_80": "127.9.160.1:80",
        "CHAOSMESH_COLOR_81": "127.9.160.1:81",
        "CHAOSMESH_COLOR_LOCAL": "127.9.160.1:80",
        "CHAOSMESH_COLOR_LOCAL_80": "127.9.160.1:80",
        "CHAOSMESH_COLOR_LOCAL_81": "127.9.160.1:81",
        "COLOR": "red",
    }


def test_the_users_own_environment_wins():
    program = Program("front", command=("x",), env={"HTTP_PROXY": "", "PORT": "1"})
    env = command_of(program, REPLICA, TOPOLOGY).env
    assert (env["HTTP_PROXY"], env["PORT"]) == ("", "1")
    assert env["http_proxy"]


def test_without_a_listener_there_is_no_port():
    assert "PORT" not in command_of(Program("front", command=("x",)), REPLICA, TOPOLOGY).env
