"""Access log files of workloads, as the sidecars really write them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from chaosmesh.envoy import log_folders
from chaosmesh.errors import RejectedError
from chaosmesh.mesh import AccessLog
from tests.integration.live import live
from tests.meshes import HERE, pair, topology

pytestmark = pytest.mark.integration


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 100))


def logging(front):
    made = pair()
    first, *rest = made.workloads
    return replace(made, workloads=(replace(first, access_log=front, where=HERE), *rest))


async def lines(file, enough=bool):
    """The lines of a file, as soon as they are enough."""
    found = []
    try:
        async with asyncio.timeout(30):
            while not enough(found := file.read_text().splitlines() if file.exists() else []):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{file.name}: not enough in 30 s; last seen: {found}") from None
    return found


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (AccessLog("/var/log/own.log", text="%PROTOCOL% %RESPONSE_CODE% %REQ(:path)%\n"), "HTTP/1.1 200 /x"),
        (
            AccessLog("/var/log/own.log", json=(("code", "%RESPONSE_CODE%"), ("word", "to %REQ(:path)%"))),
            {"code": 200, "word": "to /x"},
        ),
        (AccessLog("/var/log/own.log"), '"GET /x HTTP/1.1" 200 '),
    ],
)
def test_a_log_file_has_a_line_per_request_in_its_format(log, expected):
    async def body():
        plain, made = pair(), logging(log)
        async with live(plain, lambda s: topology(plain, s)) as one:
            for folder in log_folders(made, one.topology, one.folder):
                folder.mkdir(parents=True)
            await one.put(made)
            async with one.http.get(one.egress("front", "color") + "/x") as answer:
                assert answer.status == 200
            [line] = await lines(one.folder / "access" / "front.0" / "own.log")
            if isinstance(expected, dict):
                assert json.loads(line) == expected
            else:
                assert expected in line

    run(body())


def test_the_standard_output_is_that_of_the_sidecar():
    async def body():
        made = logging(AccessLog("/dev/stdout", text="seen %REQ(:path)%\n"))
        async with live(made, lambda s: topology(made, s)) as one:
            assert log_folders(made, one.topology, one.folder) == ()
            async with one.http.get(one.egress("front", "color") + "/x") as answer:
                assert answer.status == 200
            assert await lines(one.folder / "front.0.log", lambda found: "seen /x" in found)

    run(body())


@pytest.mark.parametrize("text", ["%NO_SUCH_WORD%\n", "%REQ(\n"])
def test_a_format_that_envoy_refuses_names_the_workloads_log(text):
    async def body():
        plain, bad = pair(), logging(AccessLog("/dev/stdout", text=text))
        async with live(plain, lambda s: topology(plain, s)) as one:
            with pytest.raises(RejectedError, match=r"(?s)mesh\.yaml:1:1.*front\.0.*accessLog/front"):
                await one.put(bad)
            async with one.http.get(one.egress("front", "color") + "/x") as answer:
                assert answer.status == 200

    run(body())
