"""Experiments as a part of a gate: pytest as a process of its own, with the plugin's options.

What became of each test is read from the JUnit file that pytest writes: the plugin puts its own word there.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaosmesh.engine.gate.cases import cases_of
from chaosmesh.engine.gate.part import Turn, ended
from chaosmesh.engine.gate.result import Kind, PartResult, worst_code
from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.judge import RUN_ALPHA, Verdict, alpha_for

NOTHING_COLLECTED = 5
"""pytest's exit code where there was no test."""

OWN = (ExitCode.ENVIRONMENT, ExitCode.LIMIT, ExitCode.INTERRUPTED)
"""Exit codes that the plugin gives a session."""

HEALED_WITHIN = 60.0
"""Seconds that an interrupted session has to heal and stop everything."""

SESSION = "chaosmesh.engine.session"
"""pytest, bound to the life of who started it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the plugin is told besides its share of the error budget."""

    seed: int
    profile: str
    runtime: str


class Experiments:
    """`gate.experiments`. `paths`: files or folders for pytest, which are there; `claims`: how many they may make."""

    kind: Kind = "experiments"
    name = "experiments"
    least = 5.0

    def __init__(self, paths: Sequence[Path], claims: int, choices: Choices) -> None:
        self._paths = tuple(paths)
        self.claims = claims
        self._choices = choices

    def names(self) -> Sequence[str]:
        """The paths: which tests they hold is not known before pytest looks."""
        return [str(one) for one in self._paths]

    def run(self, turn: Turn) -> PartResult:
        """Run them; what would begin after the budget is undecided, by name."""
        begin = time.monotonic()
        turn.folder.mkdir(parents=True, exist_ok=True)
        junit, log = turn.folder / "junit.xml", turn.root / "logs" / "experiments.txt"
        code = _run(self._command(turn, junit), log, turn)
        items = cases_of(junit, turn, [one.parent for one in self._paths])
        if not junit.is_file():
            raise UsageError(f"pytest could not begin (exit {code})", hint=f"its own words are in {log}")
        result = ended(self, turn, items, begin)
        return self._crowded(self._coded(result, code, log))

    def _command(self, turn: Turn, junit: Path) -> list[str]:
        share = turn.shares.each / alpha_for(self.claims) * RUN_ALPHA
        options: Mapping[str, object] = {
            "report": turn.folder.absolute(),
            "alpha": repr(share),
            "claims": self.claims,
            "seed": self._choices.seed,
            "profile": self._choices.profile,
            "runtime": self._choices.runtime,
            "undecided": "fail",
        } | ({} if turn.left is None else {"budget": f"{turn.left:.3f}s"})
        chosen = [f"--chaos-{name}={value}" for name, value in options.items()]
        own = ["-p", "no:locust", f"--junitxml={junit.absolute()}", "-o", "junit_family=xunit1"]
        quiet = ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
        return [
            sys.executable,
            "-m",
            SESSION,
            *own,
            *quiet,
            *chosen,
            *(str(one.absolute()) for one in self._paths),
        ]

    def _coded(self, result: PartResult, code: int, log: Path) -> PartResult:
        """The session's own end, where it says more than its tests do."""
        if code in (0, 1) or (code == NOTHING_COLLECTED and not result.items):
            return result
        ours = ExitCode(code) if code in OWN and result.items else ExitCode.USAGE
        if ours is ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        reason = f"pytest ended with exit {code}; its own words are in {log}"
        verdict = Verdict.FAIL if result.verdict is Verdict.FAIL else Verdict.INVALID
        return replace(result, verdict=verdict, code=worst_code([result.code, ours]), reason=reason)

    def _crowded(self, result: PartResult) -> PartResult:
        """More claims than room was made for may err more often than the gate says: that is no pass."""
        made = sum(int(found[1]) for one in result.items for found in [_CLAIMS.search(one.evidence)] if found)
        if made <= self.claims or result.verdict is not Verdict.PASS:
            return result
        text = f"{made} claims were made where room for {self.claims} was: set gate.claims to {made}"
        return replace(result, verdict=Verdict.INVALID, code=ExitCode.UNDECIDED, reason=text)


_CLAIMS = re.compile(r"^claims: (\d+)$", re.MULTILINE)


def _run(command: Sequence[str], log: Path, turn: Turn) -> int:
    """pytest to its end, its lines told and kept. Ctrl-C is handed on, and waited for until all is healed."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    with process, log.open("w", encoding="utf-8") as kept:
        try:
            for line in process.stdout or ():
                kept.write(line)
                turn.say(line.rstrip("\n"))
            return process.wait()
        except KeyboardInterrupt:
            _interrupted(process)
            raise


def _interrupted(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=HEALED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
