"""What a run told, item by item: checks and cells of a verification, claims of an experiment or a canary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chaosmesh.engine.doses import COLUMNS
from chaosmesh.engine.host import blamed
from chaosmesh.errors import ExitCode

Json = Mapping[str, Any]
Kind = Literal["check", "cell", "claim"]
Cause = Literal["host", "generator", "policy"]
Good = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Item:
    """One check, cell or claim of a run.

    `k` of `n` outcomes were as counted (None: it is no share); `low`, `high`: the anytime-valid interval of the
    estimate; `bound`: what it was held against; `good`: the direction that is better (None: neither).
    `in_time`: of a cell, how many of how many answers came within the goal's latency. `where` is "file:line".
    `cause`: who is to blame where it did not pass, if that can be told.
    """

    id: str
    kind: Kind
    text: str
    verdict: str
    reason: str = ""
    where: str | None = None
    k: int | None = None
    n: int | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    p99_ms: float | None = None
    cause: Cause | None = None
    good: Good | None = None
    in_time: tuple[int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `items`."""
        body = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**body, "in_time": None if self.in_time is None else list(self.in_time)}


@dataclass(frozen=True, slots=True)
class Told:
    """What every kind of run says of itself."""

    name: str
    kind: str
    verdict: str
    exit: int
    duration_s: float
    items: tuple[Item, ...]


def told(document: Json, folder: Path) -> Told:
    """The content of a `run.json`. ValueError for a schema that is not known."""
    how = _KINDS.get(str(document.get("schema")))
    if how is None:
        raise ValueError(f"schema {document.get('schema')!r} is not known")
    return how(document, folder)


def cause_of(verdict: str, reason: str) -> Cause | None:
    """Who is to blame for a verdict: what was measured wrongly, or the policy itself."""
    if verdict in ("fail", "weak"):
        return "policy"
    if verdict != "invalid":
        return None
    return blamed(reason)


def verdict_of(exit_code: int) -> str:
    """The verdict of a whole run by its exit code."""
    return {int(ExitCode.PASS): "pass", int(ExitCode.FAIL): "fail"}.get(exit_code, "inconclusive")


def _verify(document: Json, _: Path) -> Told:
    count = document["summary"]
    code = ExitCode.PASS
    if document.get("stopped"):
        code = ExitCode.LIMIT
    elif count["fail"] or document["expired"] or (document["gated"] and count["weak"]):
        code = ExitCode.FAIL
    elif count["inconclusive"] or count["invalid"] or not (document["checks"] or document["matrix"]):
        code = ExitCode.PASS if document["tolerant"] else ExitCode.UNDECIDED
    verdict = verdict_of(code)
    if code is ExitCode.UNDECIDED and count["invalid"]:
        verdict = "invalid"
    items = (*map(_check, document["checks"]), *(_cell(one, document) for one in document["matrix"]))
    return Told(document["mesh"], "verify", verdict, int(code), document["duration_s"], items)


def _check(one: Json) -> Item:
    return Item(
        id=one["id"],
        kind="check",
        text=one["statement"],
        verdict=one["verdict"],
        reason=one["reason"],
        where=f"{one['resource']['file']}:{one['resource']['line']}",
        n=one["n"],
        cause=cause_of(one["verdict"], one["reason"]),
    )


def _cell(one: Json, document: Json) -> Item:
    (client, service), kind, success = one["edge"], one["fault"]["kind"], one["success"]
    label = next(column.dose.label for column in COLUMNS if column.dose.kind == kind)
    text = f"{client} → {service.partition('.')[0]}, {label}"
    n, k, within = success["n"], success["k"], one.get("evidence")
    return Item(
        id=f"matrix/{client}>{service}/{kind}",
        kind="cell",
        text=text,
        verdict=one["verdict"],
        reason=one["reason"],
        where=_finding(document, text),
        k=k,
        n=n,
        estimate=round(k / n, 6) if n else None,
        low=success["low"],
        high=success["high"],
        bound=(document.get("goal") or {}).get("success"),
        p99_ms=one["p99_ms"],
        cause=cause_of(one["verdict"], one["reason"]),
        good="higher",
        in_time=(int(within[1][1]), int(within[1][0])) if within else None,
    )


def _finding(document: Json, text: str) -> str | None:
    """The place of the rule that explains a weak cell."""
    for one in document["findings"]:
        if one["title"].startswith(f"{text}: ") and one["file"]:
            return f"{one['file']}:{one['line']}"
    return None


def _experiment(document: Json, _: Path) -> Told:
    test, entries = str(document["test"]), document["expectations"]
    items = [item for number, one in enumerate(entries, 1) for item in _claims(one, f"{test}/{number}")]
    verdict = document["verdict"]
    code = {"pass": ExitCode.PASS, "fail": ExitCode.FAIL}.get(verdict, ExitCode.UNDECIDED)
    seconds = sum(one["duration_s"] for one in entries)
    return Told(test, "experiment", verdict, int(code), seconds, tuple(items))


def _claims(entry: Json, base: str) -> Iterator[Item]:
    """The claims of one `expect`. What makes it invalid as a whole makes each of them so."""
    questions = (entry["facts"] or {}).get("questions", ())
    p99_ms = entry["observed"].get("p99_ms")
    for number, one in enumerate(entry["claims"]):
        verdict, reason = one["verdict"], one["reason"]
        if entry["verdict"] == "invalid":
            verdict, reason = "invalid", entry["reason"]
        requirement = questions[number]["requirement"] if number < len(questions) else {}
        yield _claim(one, f"{base}/{one['claim']}", verdict, reason, requirement.get("side"), p99_ms)


def _claim(
    one: Json, name: str, verdict: str, reason: str, side: str | None, p99_ms: float | None = None
) -> Item:
    n, k, observed = one["n"], one["k"], one["observed"]
    share = bool(n) and observed is not None and float(k).is_integer() and abs(observed - k / n) < 1e-9
    directions: dict[str | None, Good] = {"at_least": "higher", "at_most": "lower"}
    return Item(
        id=name,
        kind="claim",
        text=one.get("claim") or one["name"],
        verdict=verdict,
        reason=reason,
        k=int(k) if share and 0 <= k <= n else None,
        n=n,
        estimate=observed,
        low=one["low"],
        high=one["high"],
        bound=one["bound"],
        p99_ms=p99_ms,
        cause=cause_of(verdict, reason),
        good=directions.get(side),
    )


def _canary(document: Json, _: Path) -> Told:
    items = [
        _claim(
            claim,
            f"{document['route']}/{step['weight']} %/{claim['name']}",
            claim["verdict"],
            claim["reason"],
            None,
        )
        for step in document["steps"]
        for claim in step["claims"]
    ]
    verdict = document["verdict"]
    code = {"pass": ExitCode.PASS, "fail": ExitCode.FAIL}.get(verdict, ExitCode.UNDECIDED)
    seconds = sum(one["seconds"] for one in document["steps"])
    return Told(f"{document['mesh']}-canary", "canary", verdict, int(code), seconds, tuple(items))


def _up(document: Json, _: Path) -> Told:
    """A mesh that people played with: the expectations of each time between two changes. It ends well whatever they were."""
    items = [
        _claim(
            {**claim, "name": _in_words(episode, claim), "bound": claim["wanted"], **_counted(claim)},
            f"episode {episode['number']}/{claim['text']}{_on(claim)}",
            claim["verdict"],
            claim["reason"],
            None,
        )
        for episode in document["episodes"]
        for claim in episode["claims"]
    ]
    seconds = document["end"] - document["begin"]
    return Told(document["name"], "up", document["verdict"], int(ExitCode.PASS), seconds, tuple(items))


def _in_words(episode: Json, claim: Json) -> str:
    """The same expectation stands in every episode: what was in force then tells them apart."""
    held = [one["label"] for one in episode["faults"]] or ["no fault"]
    edited = ["policy edited"] if episode["changed"] else []
    return f"{claim['text']}{_on(claim)} ({episode['number']}: {', '.join(held + edited)})"


def _on(claim: Json) -> str:
    return f" on {claim['on'].replace('->', ' → ')}" if claim["on"] else ""


def _counted(claim: Json) -> Json:
    """What was observed, and how many were as counted where that is a share (−1 where it is none)."""
    estimate, n = claim["estimate"], claim["n"]
    if estimate is None or not n or claim["measure"] == "attempts":
        return {"observed": estimate, "k": -1}
    met = round(estimate * n)
    return {"observed": met / n, "k": met}


def _gate(document: Json, folder: Path) -> Told:
    """A gate's parts are runs of their own, or hold one for each of their items; its items are theirs."""
    items: list[Item] = []
    for part in document["parts"]:
        places = [part["folder"], *(one["folder"] for one in part["items"])]
        for file in (folder / place / "run.json" for place in dict.fromkeys(places) if place):
            if file.is_file():
                items += told(json.loads(file.read_text(encoding="utf-8")), file.parent).items
    seconds = document["duration_s"]
    return Told(document["name"], "gate", document["verdict"], document["exit"], seconds, tuple(items))


_KINDS: Mapping[str, Callable[[Json, Path], Told]] = {
    "chaosmesh.verify/1": _verify,
    "chaosmesh.experiment/1": _experiment,
    "chaosmesh.canary/1": _canary,
    "chaosmesh.gate/1": _gate,
    "chaosmesh.up/1": _up,
}
