"""What was done in the page, as a pytest experiment: a test for each episode that was judged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chaosmesh.engine.tower.episodes import Episode
from chaosmesh.engine.tower.forms import written
from chaosmesh.engine.tower.kinds import RECIPES
from chaosmesh.errors import UsageError

USUAL_RATE: Final = 200.0
WIDE: Final = 100


@dataclass(frozen=True)
class Origin:
    """What the mesh was made of, as a test must name it."""

    name: str
    documents: Sequence[str]
    profile: str
    seed: int
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """A file: its name and its text."""

    name: str
    text: str


def export(origin: Origin, episodes: Sequence[Episode]) -> Exported:
    """The last episode of each kind (same faults, same policy, same expectations) as a test that says what the page said:
    it passes where the page said pass, and fails where it said fail."""
    if not origin.documents:
        raise UsageError(
            "a mesh that was made by calls alone has no documents that a test could name",
            hint="chaosmesh up DOC…",
        )
    last = {_key(one): one for one in episodes if any(claim["n"] for claim in one.claims)}
    tests = [_test(origin, number, one) for number, one in enumerate(last.values(), 1)]
    if not tests:
        tests = [_empty(origin)]
    changed = any(one.changed for one in last.values())
    head = [
        f'"""Made in the control tower of {origin.name}: what was done there, and what was expected."""',
        "",
    ]
    head += ["import json", ""] if changed else []
    head += ["import pytest", "", _imports("\n".join(tests))]
    name = f"test_{re.sub(r'[^a-z0-9]+', '_', origin.name.lower()).strip('_') or 'mesh'}_tower.py"
    return Exported(name, "\n".join(head) + "\n\n\n" + "\n\n\n".join(tests) + "\n")


def _imports(text: str) -> str:
    used = [name for name in ("at_least", "at_most") if f"{name}(" in text]
    return f"from chaosmesh import {', '.join(used)}" if used else ""


def _key(one: Episode) -> str:
    claims = [(each["measure"], each["on"], each["bound"]) for each in one.claims]
    return json.dumps([one.faults, one.changed, claims], sort_keys=True, default=str)


def _test(origin: Origin, number: int, one: Episode) -> str:
    lines = [
        _mark(origin),
        f"def test_{number}_{_named(one)}({'mesh, tmp_path' if one.changed else 'mesh'}):",
        f'    """In the page: {_said(one)}."""',
    ]
    lines += _policy(one.changed)
    edges = _edges(one)
    lines += [f"    {name} = {call}" for name, call in edges.values()]
    indent = "    "
    for fault in one.faults:
        lines.append(f"{indent}with {_fault(fault, edges)}:")
        indent += "    "
    rate = f"rate={one.rate or USUAL_RATE:g}"
    lines.append(f"{indent}load = mesh.load({rate})")
    lines += [f"{indent}load.expect({text})" for text in _expectations(one, edges)]
    return "\n".join(lines)


def _empty(origin: Origin) -> str:
    return "\n".join(
        [
            _mark(origin),
            "def test_1_nothing_was_judged(mesh):",
            '    """Nothing was judged in the page yet: this asks for what is usual."""',
            f'    mesh.load(rate={USUAL_RATE:g}).expect(success=at_least("99 %"))',
        ]
    )


def _mark(origin: Origin) -> str:
    arguments = [_text(one) for one in origin.documents]
    arguments += [f"profile={_text(origin.profile)}"] if origin.profile != "appmesh" else []
    arguments += [f"seed={origin.seed}"] if origin.seed else []
    arguments += [f"variables={dict(origin.variables)!r}"] if origin.variables else []
    return f"@pytest.mark.chaosmesh({', '.join(arguments)})"


def _named(one: Episode) -> str:
    words = [
        f"{each['kind']} on {'-'.join(str(v) for v in each['on'].values() if v is not None)}"
        for each in one.faults
    ]
    text = " and ".join(words) or ("the changed policy" if one.changed else "no fault")
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60]


def _said(one: Episode) -> str:
    told = [f"{each['text']}: {each['verdict']}" for each in one.claims if each["n"]]
    text = "; ".join(told)
    return text if len(text) < WIDE else text[: WIDE - 1].rstrip() + "…"


def _policy(changed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, document in enumerate(changed, 1):
        yield f"    document = {_json(document)}"
        yield f'    (tmp_path / "changed-{number}.json").write_text(json.dumps(document))'
    if changed:
        paths = ", ".join(f'tmp_path / "changed-{number}.json"' for number in range(1, len(changed) + 1))
        yield f"    mesh.apply({paths})"


def _json(document: Mapping[str, Any]) -> str:
    """As Python, over several lines."""
    text = json.dumps(document, indent=4, ensure_ascii=False)
    text = re.sub(
        r"(?m)(: |^\s+)(true|false|null)\b",
        lambda m: m[1] + {"true": "True", "false": "False", "null": "None"}[m[2]],
        text,
    )
    return text.replace("\n", "\n    ")


def _edges(one: Episode) -> dict[str, tuple[str, str]]:
    """Edge id → the variable and the call that makes it."""
    named = [each["on"]["edge"] for each in one.faults if "edge" in each["on"]]
    named += [each["on"] for each in one.claims if each["on"] and each["n"]]
    found: dict[str, tuple[str, str]] = {}
    for name in dict.fromkeys(named):
        client, _, service = name.partition("->")
        variable = re.sub(r"\W+", "_", f"{client}_{service}").strip("_").lower()
        found[name] = (variable, f"mesh.edge({_text(client)}, {_text(service)})")
    return found


def _fault(fault: Mapping[str, Any], edges: Mapping[str, tuple[str, str]]) -> str:
    recipe, on = RECIPES[fault["kind"]], fault["on"]
    call = written(recipe, fault["fields"])
    if recipe.on == "edge":
        return f"{edges[on['edge']][0]}.{call}"
    if recipe.on == "control-plane":
        return f"mesh.control_plane.{call}"
    if recipe.on == "external":
        return f"mesh.external({_text(on['external'])}).{call}"
    replica = "" if on.get("replica") is None else f".replica({on['replica']})"
    return f"mesh.node({_text(on['node'])}){replica}.{call}"


def _expectations(one: Episode, edges: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Arguments of `expect`; a name stands once in each."""
    rounds: list[dict[str, str]] = []
    for each in one.claims:
        if not each["n"]:
            continue
        free = next((names for names in rounds if each["measure"] not in names), None)
        if free is None:
            rounds.append(free := {})
        on = f", on={edges[each['on']][0]}" if each["on"] else ""
        free[each["measure"]] = f"{_bound(each['measure'], str(each['bound']), on)}"
    for names in rounds:
        yield ", ".join(f"{name}={bound}" for name, bound in names.items())


def _bound(measure: str, bound: str, on: str) -> str:
    found = re.fullmatch(r"at\s+(least|most)\s+(.+)", bound.strip(), re.IGNORECASE)
    side = found[1].lower() if found else ("least" if measure == "success" else "most")
    value = found[2] if found else bound.strip()
    try:
        return f"at_{side}({float(value):g}{on})"
    except ValueError:
        return f"at_{side}({_text(value)}{on})"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
