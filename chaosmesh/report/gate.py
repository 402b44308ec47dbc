"""A gate in the terminal: a line for each part as soon as it has ended, and the verdict."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.engine.gate import GateResult, PartResult
from chaosmesh.report.words import clean, count, duration

WIDE = 12


def line_of(part: PartResult) -> str:
    """One part: its verdict, what it is, and why it is not a pass."""
    tried = count(len(part.items), "thing") + " tried" if part.items else "nothing tried"
    text = (
        f"{part.verdict.value:<{WIDE}}  {clean(part.name)} ({part.kind}): {tried}, {duration(part.seconds)}"
    )
    return f"{text}\n{'':<{WIDE}}  {clean(part.reason)}" if part.reason else text


def last_line(gate: GateResult, folder: Path) -> str:
    """The verdict of the whole."""
    found = gate.summary()
    undecided = found["inconclusive"] + found["invalid"]
    parts = [f"{found['pass']} passed", f"{found['fail']} failed", f"{undecided} undecided"]
    parts += [f"{found['left_out']} not tried"] if found["left_out"] else []
    parts += ["interrupted: everything is healed and stopped"] if gate.interrupted else []
    end = f"{duration(gate.seconds)} · exit {int(gate.code)}   {folder}"
    return f"gate {clean(gate.name)}: {gate.verdict.value} · {', '.join(parts)} · {end}"
