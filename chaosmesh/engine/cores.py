"""Who used the host's cores: we, others, or nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.runtime import procs

USER, NICE, SYSTEM, IDLE, IOWAIT, STEAL = 0, 1, 2, 3, 4, 7
"""Fields of the line `cpu` in /proc/stat (proc_stat(5)). What interrupts took is nobody's."""

OWN_TIMES = slice(11, 15)
"""utime, stime, cutime and cstime in /proc/<pid>/stat, counted from the state on: with those of children that ended."""

PROC = Path("/proc")

PARENT = 1
"""The parent's pid in /proc/<pid>/stat, counted from the state on."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Clock ticks since the host started, its cores together: `programs` ran (a hypervisor's other guests too), of that
    each process of `ours`; `idle` nothing did."""

    programs: int
    idle: int
    ours: Mapping[int, int]

    @classmethod
    def now(cls, roots: Iterable[int]) -> Cores:
        """As it is; ours are `roots` (pids), the caller and everything below them. Nothing where there is no /proc."""
        try:
            first = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
        except OSError:
            return UNTOLD
        ticks = [int(one) for one in first]
        programs = ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[STEAL]
        return cls(programs, ticks[IDLE] + ticks[IOWAIT], _used({os.getpid(), *roots}))

    def others(self, now: Cores) -> tuple[float, float]:
        """Since this moment: the share of the cores' time that others' programs had, and the share that nobody had.
        Where it is not known whose time was, it was ours."""
        programs, idle = now.programs - self.programs, now.idle - self.idle
        if programs + idle <= 0:
            return 0.0, 1.0
        ours = sum(ticks - self.ours.get(pid, 0) for pid, ticks in now.ours.items())
        theirs = max(0, programs - ours)
        return theirs / (programs + idle), max(0, idle) / (programs + idle)


UNTOLD = Cores(0, 0, {})
"""Where nobody asked, or the host does not tell."""


def _used(roots: set[int]) -> dict[int, int]:
    """Ticks that these processes and everything below them ran, each with its children that ended."""
    processes = {int(entry.name): fields for entry in PROC.iterdir() if (fields := _fields(entry.name))}
    children: dict[int, list[int]] = {}
    for pid, fields in processes.items():
        children.setdefault(int(fields[PARENT]), []).append(pid)
    ours, open_ = set[int](), list(roots)
    while open_:
        pid = open_.pop()
        if pid not in ours:
            ours.add(pid)
            open_.extend(children.get(pid, ()))
    return {pid: sum(map(int, processes[pid][OWN_TIMES])) for pid in ours & processes.keys()}


def _fields(entry: str) -> list[str]:
    if not entry.isdigit():
        return []
    try:
        return procs.stat(int(entry))
    except OSError:
        return []
