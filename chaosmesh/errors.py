"""Every error that a user can meet.

::

    ChaosMeshError
    ├── DocumentError          2   the documents or the scenario file are wrong (all problems at once)
    ├── UsageError             2   a name, option or argument is wrong
    ├── RejectedError          2   Envoy refused a configuration (NACK); names the clause behind it
    ├── EnvironmentFailedError     4   a tool is missing, or a start-up failed
    │   ├── MissingProgramError 4  a program that only a part of the features needs is not installed
    │   └── KeeperLostError    4   the keeper died, and with it every process of the run
    ├── NotInForceError        4   a fault on the control plane keeps a policy from being put in force
    ├── DeadlineError          4   a condition did not come true in time; says what was last seen
    └── LimitExceededError     5   the scenario's `limits:` stopped the run

The number is the exit code of the command that meets the error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    PASS = 0
    FAIL = 1  # a check, claim, declared SLO or waiver failed
    USAGE = 2  # usage or invalid document; nothing was started
    UNDECIDED = 3  # inconclusive or invalid
    ENVIRONMENT = 4  # tool missing, start-up failed, Envoy outside the tested range
    LIMIT = 5  # stopped by a limit of the scenario
    INTERNAL = 70  # our bug
    INTERRUPTED = 130  # Ctrl-C, after healing


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a document: file, 1-based line, 1-based column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document, where, and what to do next."""

    where: Where
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where} {self.message}"
        return f"{text}\n    → {self.hint}" if self.hint else text


class ChaosMeshError(Exception):
    """Base of every error; `code` is the exit code, `hint` the next step."""

    code = ExitCode.INTERNAL

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where} {self.message}" if self.where else self.message
        return f"{text}\n    → {self.hint}" if self.hint else text


class DocumentError(ChaosMeshError):
    """Raised when documents can't be used; carries every problem found, sorted by place."""

    code = ExitCode.USAGE

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.where, p.message)))
        first = self.problems[0]
        super().__init__("\n".join(map(str, self.problems)), hint="")
        self.where = first.where

    def __str__(self) -> str:
        return self.message


class UsageError(ChaosMeshError):
    """Raised when a name, an option or an argument is wrong."""

    code = ExitCode.USAGE


class RejectedError(ChaosMeshError):
    """Raised when a sidecar refused a configuration (NACK)."""

    code = ExitCode.USAGE


class EnvironmentFailedError(ChaosMeshError):
    """Raised when a tool is missing or the start-up failed."""

    code = ExitCode.ENVIRONMENT


class MissingProgramError(EnvironmentFailedError):
    """Raised when a program is not installed that this run needs and others don't."""


class KeeperLostError(EnvironmentFailedError):
    """Raised when the keeper ended while the run was going on."""


class NotInForceError(ChaosMeshError):
    """Raised when a policy can't be put in force because a fault on the control plane is."""

    code = ExitCode.ENVIRONMENT


class DeadlineError(ChaosMeshError):
    """Raised when a condition did not come true in time; the message says what was last seen."""

    code = ExitCode.ENVIRONMENT


class LimitExceededError(ChaosMeshError):
    """Raised when a limit of the scenario's `limits:` stopped the run."""

    code = ExitCode.LIMIT


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of ours in a group, which is what a user needs to know; the group where there is none."""
    found: BaseException | None = group.subgroup(ChaosMeshError)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found or group
