"""A user's own locustfile, run by Locust itself: real users, our ids, every request in the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.load import Closed, LoadProcess, RequestSpec, request_id
from tests.integration.load_server import Bench, Spawned, with_load

pytestmark = pytest.mark.integration

FILE = """
from locust import FastHttpUser, HttpUser, constant, task

class Quick(FastHttpUser):
    wait_time = constant(0.01)

    @task
    def look(self):
        self.client.get("/", headers={"x-color": "blue"}, name="front")

class Slow(HttpUser):
    wait_time = constant(0.01)

    @task
    def look(self):
        self.client.post("/broken", data=b"hello")
        self.client.get("/", headers={"x-request-id": "my-own"})
"""
SHAPE = """
from locust import LoadTestShape

class Two(LoadTestShape):
    def tick(self):
        return (2, 2) if self.get_run_time() < 1 else None
"""


def run(folder: Path, text: str, users: int | None, **more: object):
    file = folder / "locustfile.py"
    file.write_text(text)
    found = {}

    async def scenario(bench: Bench) -> None:
        closed = Closed(str(file), users)
        stream = bench.stream(RequestSpec(path="*"), id=5, closed=closed, **more)
        report, records = await bench.run(stream)
        assert bench.sent.total() == report.sent  # told as they were sent
        found.update(report=report, records=records, seen=bench.seen)

    with_load(folder, scenario, LoadProcess(locustfile=file))
    return found["report"], found["records"], found["seen"]


def test_every_request_of_real_users_is_recorded_and_carries_our_id(tmp_path: Path) -> None:
    report, records, seen = run(tmp_path, FILE, 4, count=100)
    ours = [one for one in seen.ids if one != "my-own"]
    assert report.closed
    assert report.sent == report.finished == len(records) >= 100
    assert sorted(ours) == sorted(request_id(5, seq) for seq in range(len(records)))
    assert report.strangers == len(seen.ids) - len(ours) > 0
    assert {one.status for one in records} == {200, 503}
    assert all(0 < one.intended_ns <= one.done_ns and one.lag_ms == 0 for one in records)
    hosts = {value for one in seen.headers for name, value in one.items() if name.lower() == "host"}
    assert hosts == {"front.local"}
    assert report.late() is None


def test_the_files_own_shape_says_how_many_users(tmp_path: Path) -> None:
    report, records, _ = run(tmp_path, FILE + SHAPE, None)
    assert report.sent == report.finished == len(records) > 0


def test_load_stays_on_this_machine_and_a_file_that_sends_nothing_says_so(tmp_path: Path) -> None:
    text = FILE.replace('"/"', '"http://192.0.2.1/"').replace('"/broken"', '"http://192.0.2.1/"')
    report, records, seen = run(tmp_path, text, 2, duration=3.0)
    assert (records, seen.ids) == ([], [])
    assert report.user_errors > 0
    assert "sent nothing that can be judged" in (report.late() or "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import locust\n\nimport nothing_like_it\n", 3, "nothing_like_it"),
        ("def broken(:\n", 1, "invalid syntax"),
        ("from locust import FastHttpUser\n", 1, "no User class"),
        ("x = 1\nraise SystemExit(3)\n", 2, "SystemExit"),
    ],
)
def test_a_broken_file_gives_one_error_with_its_line_and_leaves_nothing(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = tmp_path / "locustfile.py"
    file.write_text(text)

    async def main() -> None:
        spawned = Spawned()
        with pytest.raises(UsageError, match=words) as error:
            await LoadProcess(locustfile=file).start(spawned, tmp_path, "test")
        assert str(error.value.where) == f"{file}:{line}:1"
        assert await spawned.processes[0].wait() is not None

    asyncio.run(asyncio.wait_for(main(), 60))
