"""A user's own locustfile in the web UI: its classes, its shape, our numbers in its requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.load import StreamReport, request_id
from chaosmesh.load.reading import check_locustfile
from tests.integration.locust.yard import Yard, with_yard

pytestmark = pytest.mark.integration

FILE = """
from locust import HttpUser, LoadTestShape, constant, task
from locust.contrib.fasthttp import FastHttpUser

class Visitor(HttpUser):
    host = "http://example.com"
    wait_time = constant(0.02)
    @task
    def look(self):
        self.client.get("/")

class Hurried(FastHttpUser):
    wait_time = constant(0.02)
    @task(5)
    def look(self):
        self.client.get("/large", name="large")
    @task
    def stray(self):
        self.client.get("http://127.0.0.1:1/elsewhere")
"""
SHAPE = """
class Two(LoadTestShape):
    def tick(self):
        return (2, 2) if self.get_run_time() < 3 else None
"""


def test_every_request_of_two_workers_has_a_number_and_none_goes_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "visitors.py"
    file.write_text(FILE)

    async def scenario(yard: Yard) -> None:
        for count in (2, 4):  # a second test gets streams of its own
            await yard.swarm(8)
            await yard.until(
                "they ask", lambda n=count: len([1 for one in yard.records.values() if len(one) > 50]) == n
            )
            await yard.stop()
        assert [one.file for one in yard.openings] == [str(file)] * 4
        assert all(isinstance(one, StreamReport) and one.sent == one.finished for one in yard.ends.values())
        assert {number: one.sent for number, one in yard.ends.items()} == yard.sent  # told as they were sent
        stats = await yard.ask("/stats/requests")
        table = {one["name"]: one["num_requests"] for one in stats["stats"]}
        assert table["Aggregated"] == table["/"] + table["large"]
        assert table["Aggregated"] == sum(len(yard.records[number]) for number in (3, 4))
        assert set(yard.seen.ids) == {
            request_id(number, one.seq) for number, found in yard.records.items() for one in found
        }
        exceptions = (await yard.ask("/exceptions"))["exceptions"]
        assert all("is not the mesh's entry" in one["msg"] for one in exceptions)
        assert exceptions

    with_yard(tmp_path, scenario, workers=2, locustfile=file)


def test_its_shape_says_how_many(tmp_path: Path) -> None:
    file = tmp_path / "shaped.py"
    file.write_text(FILE + SHAPE)

    async def scenario(yard: Yard) -> None:
        await yard.ask("/swarm", host=yard.url)
        await yard.until("the shape has ended", lambda: 1 in yard.ends)
        assert isinstance(yard.ends[1], StreamReport)
        assert yard.ends[1].finished == len(yard.seen.ids) > 20

    with_yard(tmp_path, scenario, locustfile=file)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import locust\nx = 1 +\n", 2, "invalid syntax"),
        ("import locust\n\nraise ValueError('no')\n", 3, "ValueError: no"),
        ("import locust\n", 1, "no User class"),
    ],
)
def test_a_file_that_can_not_be_used_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        check_locustfile(file)
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == (str(file), line)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        check_locustfile(tmp_path / "none.py")
