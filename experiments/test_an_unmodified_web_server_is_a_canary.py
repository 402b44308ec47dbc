"""An unmodified web server is a canary, behind faults that it knows nothing of.

Here the services are no stand-ins: `board-v1` and `board-v2` are nginx as Debian packages it, with a configuration of
twenty lines, and nobody told it of a mesh. A lobby asks the board for departures. Its sidecar splits the calls 90 to
10, tries again what fails (`maxRetries: 3`), and waits for 1 s at most; all of it stands in
`fixtures/board/board-route.json`.

Toxiproxy breaks the way between them, one part of it after the other:

- The way to one copy of each board is down, and nothing takes that copy out. Every other call meets it first, is tried
  again, and the lobby sees nothing of it; without the retry policy half of its calls fail.
- Every answer comes 300 ms late. That changes nothing of who gets how much: the canary still has its tenth. Were its
  document not in force, half of the calls would be the canary's, and the same expectation fails.
- Answers are 3 s late. Nobody waits for them: after 1 s the lobby is told 504. Without the timeouts it waits.

These programs run in containers only: `pytest experiments` does it where a Docker engine is, whatever runtime the other
experiments have, and makes the image once (`fixtures/board/image.sh`).
"""

import os
import subprocess

import pytest

from chaosmesh import Failed, around, as_written, at_least, at_most, weights

board = pytest.mark.chaosmesh("fixtures/board", runtime="docker")


@pytest.fixture(scope="module", autouse=True)
def nginx(pytestconfig):
    """The image; made from the package of this machine's own release."""
    script = pytestconfig.rootpath / "fixtures" / "board" / "image.sh"
    made = subprocess.run([script], capture_output=True, text=True)
    if made.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(made.stderr)


@board
def test_retries_hide_that_every_other_copy_is_out_of_reach(mesh):
    way = mesh.edge("lobby", "board")
    with way.down(replica=0):
        mesh.load(rate=150).expect(success=at_least(0.99), p99=at_most("500ms"), attempts=at_most(2, on=way))


@board
def test_copies_out_of_reach_are_noticed_without_retries(mesh):
    with mesh.edge("lobby", "board").down(replica=0), pytest.raises(Failed):
        mesh.without("retryPolicy").load(rate=150).expect(success=at_least(0.99))


@board
def test_the_canary_has_its_tenth_while_the_network_is_slow(mesh):
    way = mesh.edge("lobby", "board")
    with way.latency("300ms"):
        mesh.load(rate=150).expect(
            split=as_written(on=way, tolerance=0.05), success=at_least(0.99), p99=at_most("900ms")
        )


@board
def test_another_share_is_noticed_while_the_network_is_slow(mesh):
    way = mesh.edge("lobby", "board")
    tenth = weights({"board-v1": 90, "board-v2": 10}, on=way, tolerance=0.05)
    with way.latency("300ms"), pytest.raises(Failed):
        mesh.without("weights").load(rate=150).expect(split=tenth)


@board
def test_nobody_waits_for_a_board_that_is_too_slow(mesh):
    way = mesh.edge("lobby", "board")
    with way.latency("3s"):
        mesh.without("perRetryTimeout").load(rate=50).expect(
            cutoff=around("1s", "300ms", margin=0.04, on=way), status_504=at_least(0.95), p95=at_most("2s")
        )


@board
def test_a_long_wait_is_noticed_without_timeouts(mesh):
    patient = mesh.without("perRetryTimeout").without("timeout")
    with mesh.edge("lobby", "board").latency("3s"), pytest.raises(Failed):
        patient.load(rate=50, count=150).expect(p95=at_most("2s"))
