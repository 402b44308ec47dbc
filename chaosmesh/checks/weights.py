"""Weighted targets: the split found is the split written, within 3 points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from chaosmesh.appmesh import Resources
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.model import Check, Outcome, Seen, Skipped
from chaosmesh.checks.reach import reachable
from chaosmesh.judge import Verdict, judge_split, planned_split

RATE = 400.0
"""Requests a second: the answers are not timed, so only the stand-ins' capacity limits it."""

FEW = 10


def checks(resources: Resources, rule: Rule, alpha: float) -> Iterator[Check | Skipped]:
    """One check per route: with a single target all calls go there, with several the split is tested."""
    name = f"{rule.route.id}/action.weightedTargets"
    way = reachable(resources, rule)
    if isinstance(way, str):
        yield Skipped(name, way)
        return
    weights = _weights(rule)
    total = sum(weights.values())
    live = {node: weight / total for node, weight in weights.items()}
    several = sum(share > 0 for share in live.values()) > 1
    count = (planned_split(live, alpha=alpha) or 0) * 2 if several else FEW
    yield Check(
        name,
        rule.route,
        f"{rule.route.name} splits {' : '.join(f'{n} {w}' for n, w in weights.items())}",
        "documented",
        (way.probe(count, rate=RATE if several else 20.0, split=several),),
        lambda seen: _judge(seen, live, alpha),
    )


def _weights(rule: Rule) -> dict[str, int]:
    weights: dict[str, int] = {}
    for target in rule.targets:
        weights[target.virtual_node] = weights.get(target.virtual_node, 0) + target.weight
    return weights


def _judge(seen: Sequence[Seen], shares: Mapping[str, float], alpha: float) -> Outcome:
    """First attempts only: a retry stays inside the target that the weight chose."""
    chosen = Counter(call.attempts[0].server for one in seen for call in one.calls if call.attempts)
    n = sum(chosen.values())
    expected = {"shares": {node: round(share, 4) for node, share in shares.items()}, "tolerance": 0.03}
    if not n:
        return Outcome(Verdict.INVALID, "no call reached a target", {}, expected, 0)
    observed = {"calls": dict(chosen), "shares": {node: round(chosen[node] / n, 4) for node in chosen}}
    strangers = set(chosen) - {node for node, share in shares.items() if share > 0}
    if strangers:
        reason = f"{chosen[min(strangers)]} of {n} calls went to {min(strangers)}, which has no weight"
        return Outcome(Verdict.FAIL, reason, observed, expected, n)
    if sum(share > 0 for share in shares.values()) == 1:
        return Outcome(Verdict.PASS, f"all {n} calls", observed, expected, n)
    decision = judge_split(shares, chosen, alpha=alpha)
    return Outcome(decision.verdict, decision.reason, observed, expected, n)
