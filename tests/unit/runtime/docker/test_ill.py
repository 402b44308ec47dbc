"""What is asked of the engine for faults on containers, and what is asked to undo them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.mesh import Replica
from chaosmesh.runtime.docker.filled import Filled
from chaosmesh.runtime.docker.ill import Patient
from chaosmesh.runtime.docker.severed import Nameless, Severed
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.docker.squeezed import PERIOD_US, Slowed, Starved
from chaosmesh.runtime.parts import Part
from chaosmesh.services.config import StandIn
from chaosmesh.services.program import Program, Volume

MIB = 2**20
REPLICA = Replica("blue", 1, "10.200.16.2", "127.0.0.1")


class Engine:
    """Containers, as far as faults see them. `said` answers what runs inside one; `host` are its limits."""

    def __init__(self, **host: int) -> None:
        self.host: dict[str, Any] = host
        self.state: dict[str, Any] = {"Running": True}
        self.stats_told: dict[str, Any] = {}
        self.ran: list[list[str]] = []
        self.said = (0, "")
        self.api = SimpleNamespace(
            inspect_container=lambda _id: {"HostConfig": self.host, "State": self.state},
            exec_create=lambda _id, words, user: self.ran.append(words) or {"Id": "e1"},
            stats=lambda _id, stream, one_shot: self.stats_told,
        )

    def info(self) -> dict[str, int]:
        return {"MemTotal": 1000 * MIB}

    def get(self, part: str) -> Any:
        return SimpleNamespace(id=f"id-{part}", name=part)

    def path_of(self, part: str) -> str:
        return f"/containers/id-{part}"

    def run_inside(self, _part: str, words: list[str], *, user: str) -> tuple[int, str]:
        assert user == "0"
        self.ran.append(words)
        return self.said


def patient(engine: Engine, app: Any = None, **pod: Any) -> Patient:
    holder = Spec(Part("holder", REPLICA), "image", **pod)
    return Patient(engine, engine, "r1", "/engine.sock", "10.200", "image", REPLICA, "app", holder, app)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "share", "asked", "before"),
    [
        ({}, 0.25, {"CpuPeriod": PERIOD_US, "CpuQuota": 25_000}, {"CpuPeriod": PERIOD_US, "CpuQuota": -1}),
        (
            {"CpuQuota": 50_000},
            0.1,
            {"CpuPeriod": PERIOD_US, "CpuQuota": 10_000},
            {"CpuPeriod": PERIOD_US, "CpuQuota": 50_000},
        ),
        ({"NanoCpus": 2 * 10**9}, 0.5, {"NanoCpus": 5 * 10**8}, {"NanoCpus": 2 * 10**9}),
    ],
)
def test_a_share_of_a_core_in_the_words_that_the_container_was_started_with(
    host, share, asked, before
) -> None:
    ill = Slowed(patient(Engine(**host)), share)
    (heal,) = ill.prepare()
    assert (heal.method, heal.path, heal.socket) == (
        "POST",
        "/containers/id-app-blue.1/update",
        "/engine.sock",
    )
    assert json.loads(heal.body) == before
    assert ill._asked() == asked


@pytest.mark.parametrize(
    ("host", "before"),
    [
        ({}, {"Memory": 1000 * MIB, "MemorySwap": 1000 * MIB}),
        ({"Memory": 512 * MIB, "MemorySwap": 768 * MIB}, {"Memory": 512 * MIB, "MemorySwap": 768 * MIB}),
        ({"Memory": 512 * MIB, "MemorySwap": -1}, {"Memory": 512 * MIB, "MemorySwap": 1000 * MIB}),
    ],
)
def test_a_limit_of_memory_is_lifted_to_what_was_there(host, before) -> None:
    ill = Starved(patient(Engine(**host)), 64 * MIB)
    (heal,) = ill.prepare()
    assert json.loads(heal.body) == before
    assert ill._asked() == {"Memory": 64 * MIB, "MemorySwap": 64 * MIB}


def test_all_memory_of_the_machine_is_no_limit() -> None:
    engine = Engine()
    ill = Starved(patient(engine), 64 * MIB)
    ill.prepare()
    engine.host |= {"Memory": 1000 * MIB, "MemorySwap": 1000 * MIB}
    assert ill.left() == ""
    engine.host |= {"Memory": 64 * MIB}
    assert "is limited to" in ill.left()


@pytest.mark.parametrize(
    ("state", "stats", "seen"),
    [
        (
            {"Running": False, "OOMKilled": True},
            {},
            (1, "was killed by the kernel: it needed more than 64 MiB of memory"),
        ),
        ({"Running": False, "ExitCode": 3}, {}, (0, "has ended (status 3)")),
        (
            {"Running": True},
            {"memory_stats": {"failcnt": 5}},
            (1, "reached its limit (at most 64 MiB) 5 times"),
        ),
        ({"Running": True}, {"memory_stats": {}}, (0, "reached its limit (at most 64 MiB) 0 times")),
    ],
)
def test_the_kernel_says_whether_memory_was_short(state, stats, seen) -> None:
    engine = Engine()
    engine.state, engine.stats_told = state, stats
    assert Starved(patient(engine), 64 * MIB).seen() == seen


def test_a_refusal_for_what_is_in_use_is_a_usage_error_and_any_other_one_is_the_engine_s() -> None:
    engine = Engine()
    engine.stats_told = {"memory_stats": {"usage": 100 * MIB}}
    ill = Starved(patient(engine), 64 * MIB)
    used = ill._refused("unable to set memory limit to 67108864 (current usage: 104857600)")
    assert isinstance(used, UsageError)
    assert "uses 100 MiB now" in str(used)
    assert isinstance(ill._refused("no space left"), EnvironmentFailedError)


def test_a_partition_spares_our_own_eyes_and_nothing_else() -> None:
    engine = Engine()
    ill = Severed(patient(engine))
    (heal,) = ill.prepare()
    assert (heal.path, heal.fine) == ("/exec/e1/start", (404, 409))
    assert json.loads(heal.body) == {"Detach": True, "Tty": False}
    ill.begin()
    rules = engine.ran[-1][-1].splitlines()
    assert [one for one in rules if one.endswith("DROP")] == [
        "-A CHAOSMESH_CUT_IN -j DROP",
        "-A CHAOSMESH_CUT_OUT -j DROP",
    ]
    spared = [one for one in rules if "RETURN" in one]
    assert all("lo" in one.split() or "9901" in one for one in spared), spared


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (
            "-A X -c 4 300 -j RETURN\n-A X -c 7 420 -j DROP\n-A Y -c 2 80 -j DROP\n",
            (1, "was cut off: 9 packets from and to its pod were lost"),
        ),
        (
            "-A X -c 4 300 -j RETURN\n-A X -c 0 0 -j DROP\n",
            (0, "was cut off: 0 packets from and to its pod were lost"),
        ),
    ],
)
def test_the_rules_own_counters_are_the_evidence(said, seen) -> None:
    engine = Engine()
    engine.said = (0, said)
    assert Severed(patient(engine)).seen() == seen


def test_a_script_that_fails_says_what_it_wrote() -> None:
    engine = Engine()
    engine.said = (1, "iptables: no such chain\n")
    with pytest.raises(EnvironmentFailedError, match="no such chain"):
        Severed(patient(engine)).end()


def test_only_names_of_the_mesh_are_forgotten() -> None:
    engine = Engine()
    engine.said = (0, "127.0.0.1\tlocalhost\n10.200.160.1\tcolor\n10.200.16.2\tblue-1\n")
    Nameless(patient(engine, hosts={"color": "10.200.160.1"})).begin()
    assert engine.ran[-1][-1] == "127.0.0.1\tlocalhost\n10.200.16.2\tblue-1"


def test_a_stand_in_asks_for_no_name() -> None:
    with pytest.raises(UsageError, match="calls by address") as error:
        Nameless(patient(Engine(), app=StandIn("blue"))).prepare()
    assert error.value.hint


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ((), "/data", "no volume of blue.1 with a size of its own"),
        ((Volume("/data"),), "/data", "no volume of blue.1 with a size of its own"),
        ((Volume("/data", source="/srv", size_mb=8),), "/data", "no volume of blue.1"),
        ((Volume("/cache", size_mb=8),), "/data", "these are: /cache"),
        ((Volume("/data", size_mb=4096),), "/data/below", "at most 1,024 MB are filled"),
    ],
)
def test_only_a_volume_with_a_size_is_filled(files, path, words) -> None:
    ill = Filled(patient(Engine(), app=Program("blue", image="i", files=files)), path)
    with pytest.raises(UsageError, match=words) as error:
        ill.prepare()
    assert error.value.hint
