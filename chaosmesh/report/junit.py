"""JUnit as every CI reads it: suites of test cases with times, properties, and the evidence in `system-out`.

Nobody owns the format. What is written keeps to what both Jenkins (its xUnit plugin) and Maven's Surefire publish as a
schema: properties belong to suites only, a case has its failure, skip or error first and `system-out` after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from chaosmesh.report.words import clean

Outcome = Literal["passed", "failure", "error", "skipped"]

# What XML 1.0 section 2.2 allows; anything else can't stand in a document, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was tried. `word`: the verdict of a failure or error, its type; `evidence`: lines."""

    classname: str
    name: str
    seconds: float = 0.0
    outcome: Outcome = "passed"
    word: str = ""
    message: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases that belong together, and what holds for all of them."""

    name: str
    properties: Mapping[str, object]
    cases: tuple[Case, ...]


def told(verdict: str, message: str) -> tuple[Outcome, str, str]:
    """Outcome, word and message of a case: what is invalid is an error, what is anything else but a pass a failure."""
    if verdict == "pass":
        return "passed", "", ""
    return ("error" if verdict == "invalid" else "failure"), verdict, message


def document(name: str, suites: Sequence[Suite], seconds: float) -> str:
    """The whole document."""
    root = ET.Element("testsuites", name=_xml(name))
    root.extend(_suite(one) for one in suites)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{seconds:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite: Suite) -> ET.Element:
    cases = _distinct(suite.cases)
    found = ET.Element("testsuite", name=_xml(suite.name), tests=str(len(cases)))
    for key, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        found.set(key, str(sum(one.outcome == outcome for one in cases)))
    found.set("time", f"{sum(one.seconds for one in cases):.3f}")
    properties = ET.SubElement(found, "properties")
    for name, value in suite.properties.items():
        ET.SubElement(properties, "property", name=f"chaosmesh.{name}", value=_xml(str(value)))
    found.extend(map(_case, cases))
    return found


def _distinct(cases: Sequence[Case]) -> list[Case]:
    """Readers take cases of one name for one case: the second one of a name gets a number."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for one in cases:
        count = seen[one.classname, one.name] = seen.get((one.classname, one.name), 0) + 1
        again = f"{one.name} ({count})" if count > 1 else one.name
        found.append(
            Case(one.classname, again, one.seconds, one.outcome, one.word, one.message, one.evidence)
        )
    return found


def _case(case: Case) -> ET.Element:
    found = ET.Element(
        "testcase", classname=_xml(case.classname), name=_xml(case.name), time=f"{case.seconds:.3f}"
    )
    text = "\n".join(_xml(line) for whole in case.evidence for line in whole.split("\n") if line)
    if case.outcome == "skipped":
        ET.SubElement(found, "skipped", message=_xml(case.message))
    elif case.outcome != "passed":
        ET.SubElement(found, case.outcome, type=case.word, message=_xml(case.message)).text = text
    if text:
        ET.SubElement(found, "system-out").text = text
    return found


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", clean(text))
