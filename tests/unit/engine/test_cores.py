"""Who used the host's cores, by processes of our own and of nobody's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaosmesh.engine import cores
from chaosmesh.engine.cores import Cores

BURN_S = 0.5
BURN = f"import time\nwhile time.process_time() < {BURN_S}: pass"
TICKS = 0.8 * BURN_S * os.sysconf("SC_CLK_TCK")


def test_what_a_child_used_is_ours_after_its_end_too():
    before = Cores.now(())
    subprocess.run([sys.executable, "-c", BURN], check=True)
    now = Cores.now(())
    assert now.ours[os.getpid()] - before.ours[os.getpid()] >= TICKS
    assert now.programs - before.programs >= TICKS


def test_what_an_orphan_uses_is_others_until_it_is_named(tmp_path: Path):
    done, go = tmp_path / "done", tmp_path / "go"
    os.mkfifo(done)
    os.mkfifo(go)
    code = f"{BURN}\nopen({str(done)!r}, 'w').close()\nopen({str(go)!r}).close()"
    leave = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=-3, stderr=-3).pid)"
    before = Cores.now(())
    told = subprocess.run(
        [sys.executable, "-c", leave, sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    done.read_bytes()
    after, named = Cores.now(()), Cores.now([int(told.stdout)])
    go.write_bytes(b"")
    assert int(told.stdout) not in after.ours
    assert named.ours[int(told.stdout)] >= TICKS
    assert before.others(after)[0] > 0


def test_shares_of_a_span():
    before = Cores(100, 100, {1: 50})
    assert before.others(Cores(1000, 200, {1: 350})) == (0.6, 0.1)
    assert before.others(Cores(1000, 200, {1: 50, 2: 300})) == (0.6, 0.1), "what began in the span"
    assert before.others(Cores(1000, 200, {2: 300})) == (0.6, 0.1), "what ended in it"
    assert before.others(before) == (0.0, 1.0)
    assert before.others(Cores(190, 110, {1: 145})) == (0.0, 0.1), "ticks are counted coarsely"


def test_a_host_that_does_not_tell_is_crowded_by_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(cores, "PROC", tmp_path)
    nothing = Cores.now(())
    assert nothing == Cores(0, 0, {})
    assert nothing.others(Cores.now(())) == (0.0, 1.0)
