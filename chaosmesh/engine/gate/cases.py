"""What became of each test of a pytest session, from the JUnit file that it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from chaosmesh.engine.gate.part import Turn
from chaosmesh.engine.gate.result import Item
from chaosmesh.errors import Where
from chaosmesh.judge import Verdict, worst

_LONGEST = 20_000
"""Characters of a test's own words that are kept."""


def cases_of(file: Path, turn: Turn, near: Sequence[Path]) -> tuple[Item, ...]:
    """Every test that was not skipped; nothing where the session wrote no file. A test may have two entries (it failed,
    and so did its end): the worst is what counts. `near`: folders of the tests, in or below pytest's own root."""
    if not file.is_file():
        return ()
    root = ET.parse(file).getroot()  # noqa: S314 - our own child wrote it
    found: dict[str, Item] = {}
    for case in root.iter("testcase"):
        one = _item(case, turn, near)
        if one is not None:
            found[one.id] = _joined(found[one.id], one) if one.id in found else one
    return tuple(found.values())


def _item(case: ET.Element, turn: Turn, near: Sequence[Path]) -> Item | None:
    facts = {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
    trouble = next((one for one in case if one.tag in ("failure", "error")), None)
    if trouble is None and case.find("skipped") is not None:
        return None
    verdict = _verdict(facts.get("chaosmesh.verdict", ""), trouble is not None)
    where = None
    if file := case.get("file"):
        where = Where(_found(file, near), int(case.get("line") or 0) + 1)
    message = "" if trouble is None else (trouble.get("message") or "")
    name = "::".join(one for one in (case.get("file") or case.get("classname"), case.get("name")) if one)
    folder = facts.get("chaosmesh.folder", "")
    return Item(
        name,
        verdict,
        message.partition("\n")[0].removeprefix("chaosmesh.").strip(),
        where,
        float(case.get("time") or 0.0),
        _evidence(facts, trouble),
        turn.within(Path(folder)) if folder else "",
    )


def _found(file: str, near: Sequence[Path]) -> str:
    """The file of a test from the present folder: pytest names it from its own root, which it does not tell."""
    roots = [Path.cwd(), *(root for one in near for root in (one.absolute(), *one.absolute().parents))]
    path = next((root / file for root in roots if (root / file).is_file()), Path(file))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _verdict(told: str, broken: bool) -> Verdict:
    """The plugin's word where there is one; a test that broke without one has failed, one that passed has passed."""
    own = worst(Verdict(one) for one in told.split(",")) if told else Verdict.PASS
    if broken:
        return Verdict.FAIL if own is Verdict.PASS else own
    return Verdict.PASS


def _evidence(facts: dict[str, str], trouble: ET.Element | None) -> str:
    claims = [one for one in facts.get("chaosmesh.claims", "").split("; ") if one]
    lines = [f"claims: {len(claims)}", *claims] if claims else []
    lines += [
        f"{name.removeprefix('chaosmesh.')}: {value}" for name, value in facts.items() if "claims" not in name
    ]
    lines += [trouble.text[-_LONGEST:]] if trouble is not None and trouble.text else []
    return "\n".join(lines)


def _joined(one: Item, other: Item) -> Item:
    return min((one, other), key=lambda item: worst([one.verdict, other.verdict]) is not item.verdict)
