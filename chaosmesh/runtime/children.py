"""Starts processes that can't outlive the keeper. Linux only; call from a single-threaded process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Orphaned grandchildren come to this process, which can then kill and reap them."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(argv: Sequence[str], env: Mapping[str, str], log: Path | None, folder: str = "") -> int:
    """Starts a program with its output in `log` (appended), in `folder` if one is given; returns its pid. OSError
    when it can't be executed."""
    output = _open(log)
    told, tell = os.pipe()  # closed by a successful exec, else it carries the errno
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        _execute(argv, env, output, tell, keeper, folder)
    os.close(tell)
    os.close(output)
    with os.fdopen(told, "rb") as report:
        failed = report.read()
    if failed:
        os.waitpid(pid, 0)
        code = int(failed)
        raise OSError(code, os.strerror(code), argv[0])
    return pid


def fork(name: str, log: Path | None, program: Callable[[], None]) -> int:
    """Runs `program` in a forked child that keeps no file descriptor of this process; returns its pid.

    It returns once the child has settled: one that is stopped (a `hang`) before that would outlive the keeper.
    """
    output = _open(log)
    keeper = os.getpid()
    settled, settle = os.pipe()  # closed by the child when it has settled, or by its end
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _settle(output, keeper)
            os.closerange(3, _highest_descriptor() + 1)
            _LIBC.prctl(_PR_SET_NAME, name[:15].encode(), 0, 0, 0)
            program()
            code = 0
        except BaseException:  # noqa: BLE001 -- the last frame of the child; its log is all that is left of it
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(settle)
    os.close(output)
    with os.fdopen(settled, "rb") as ended:
        ended.read()
    return pid


def kill_all() -> None:
    """SIGKILL to every child of this process, adopted ones too."""
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def _execute(
    argv: Sequence[str], env: Mapping[str, str], output: int, tell: int, keeper: int, folder: str
) -> NoReturn:
    try:
        _settle(output, keeper)
        if folder:
            os.chdir(folder)
        os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606 -- no shell is the point
    except OSError as error:
        os.write(tell, str(error.errno).encode())
    finally:
        os._exit(127)


def _settle(output: int, keeper: int) -> None:
    """What every child does first: die with the keeper, lead its own process group, default signals."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != keeper:
        os._exit(1)  # the keeper died before the kernel knew what to do then
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _open(log: Path | None) -> int:
    if log is None:
        return os.open(os.devnull, os.O_WRONLY)
    log.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def _highest_descriptor() -> int:
    return max(int(one.name) for one in Path("/proc/self/fd").iterdir())
