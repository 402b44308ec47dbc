"""What else changed from one night to the next: the first place to look for the reason of a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaosmesh.engine.history.store import Night
from chaosmesh.engine.summary import Summary


@dataclass(frozen=True, slots=True)
class Beside:
    """Between the last night before and the first night after. `commits`: of both, None where not known or the same;
    `changed`: what else is different, in words."""

    commits: tuple[str, str] | None
    changed: tuple[str, ...]


def beside(nights: Sequence[Night], before: int, after: int) -> Beside:
    """Of two nights, by their indices."""
    old, new = nights[before].summary, nights[after].summary
    commits = (old.versions.get("commit"), new.versions.get("commit"))
    known = (commits[0], commits[1]) if commits[0] and commits[1] and commits[0] != commits[1] else None
    policy = []
    if old.policy and new.policy and old.policy != new.policy:
        policy = [f"policy {old.policy[:8]} → {new.policy[:8]}"]
    return Beside(known, (*policy, *ran_otherwise(old, new)))


def ran_otherwise(old: Summary, new: Summary) -> list[str]:
    """What two runs did not have in common besides their documents, in words: "Envoy 1.39.0 → 1.40.0"."""
    found = []
    for name, told in (("envoy", "Envoy"), ("chaosmesh", "chaosmesh"), ("python", "Python")):
        one, other = old.versions.get(name), new.versions.get(name)
        if one and other and one != other:
            found.append(f"{told} {one} → {other}")
    for name in ("runtime", "profile", "seed"):
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            found.append(f"{name} {one} → {other}")
    if old.host.cores and new.host.cores and old.host.cores != new.host.cores:
        found.append(f"cores {old.host.cores} → {new.host.cores}")
    return found
