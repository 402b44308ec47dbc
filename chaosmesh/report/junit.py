"""`junit.xml`: a test suite for the policy's rules and one for the matrix, for any CI to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from chaosmesh.engine.events import Event, RunFinished
from chaosmesh.engine.results import CellResult, CheckResult, VerifyResult
from chaosmesh.report import frame
from chaosmesh.report.words import clean, count, facts, percent, seconds
from chaosmesh.report.write import write_whole

# What XML 1.0 section 2.2 allows; anything else can't stand in a document, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitFile:
    """Consumer that writes the file when the run is over; an older file is removed at the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.is_file():
            path.unlink()

    def __call__(self, event: Event) -> None:
        """Write the finished run; other events are of no concern."""
        if isinstance(event, RunFinished):
            write_whole(self._path, junit(event.result))

    def close(self) -> None:
        """Nothing is held open."""


def junit(result: VerifyResult) -> str:
    """The whole document. A weak cell is a failure only where the run is gated; an accepted one is skipped."""
    policy = [_check(c) for c in result.checks]
    policy += [
        _skipped(_case("not checked", n.id, 0.0), f"not checked: {n.reason}") for n in result.not_checked
    ]
    faults = [_cell(label, c, result) for label, c in frame.labelled(result.matrix)]
    faults += [_expired(text) for text in result.expired]
    if result.stopped:
        faults.append(_stopped(result.stopped))
    if result.unaccounted:
        faults.append(_ledger(frame.ledger_trouble(result)))
    root = ET.Element("testsuites", name=_xml(f"chaosmesh {result.mesh}"))
    root.append(_suite("policy", policy, result))
    root.append(_suite("faults", faults, result))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{result.duration_s:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, cases: list[ET.Element], result: VerifyResult) -> ET.Element:
    suite = ET.Element("testsuite", name=name, tests=str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    values = {
        "mesh": result.mesh,
        "runtime": result.runtime,
        "profile": result.profile,
        "seed": result.seed,
        "alpha": result.alpha,
        "envoy": result.envoy,
        "goal": result.goal,
    }
    suite.append(_properties((f"chaosmesh.{key}", str(value)) for key, value in values.items()))
    suite.extend(cases)
    return suite


def _check(check: CheckResult) -> ET.Element:
    case = _case(f"policy.{check.resource.kind}.{check.resource.name}", check.id, check.duration_s)
    verdict = check.verdict.value
    case.append(
        _properties(
            [("chaosmesh.verdict", verdict), ("chaosmesh.basis", check.basis), ("chaosmesh.n", str(check.n))]
        )
    )
    evidence = [
        str(check.resource.where),
        check.statement,
        f"expected: {facts(check.expected)}",
        f"observed: {facts(check.observed)} ({count(check.n, 'call')})",
    ]
    message = check.reason or check.statement
    _outcome(
        case,
        {"inconclusive": "inconclusive", "fail": "fail", "invalid": "invalid"}.get(verdict),
        message,
        evidence,
    )
    return case


def _cell(label: str, cell: CellResult, result: VerifyResult) -> ET.Element:
    case = _case(f"faults.{cell.edge[0]}.{cell.edge[1]}", f"{label}, {cell.fault.label}", cell.duration_s)
    case.append(_properties([("chaosmesh.verdict", cell.verdict), ("chaosmesh.entry", cell.entry)]))
    if cell.verdict == "accepted":
        return _skipped(case, f"accepted: {cell.reason}")
    kind = {"weak": "weak" if result.gated else None, "inconclusive": "inconclusive", "invalid": "invalid"}
    evidence = [
        frame.cell_words(cell),
        cell.reason,
        f"{cell.k} of {cell.n} ok (between {percent(cell.low)} and {percent(cell.high)})",
        f"p50 {_ms(cell.p50_ms)}, p99 {_ms(cell.p99_ms)}",
        f"predicted: {facts(cell.predicted)}",
        str(cell.rule) if cell.rule else "",
    ]
    _outcome(case, kind.get(cell.verdict), cell.reason or frame.cell_words(cell), evidence)
    return case


def _ms(value: float | None) -> str:
    return "none" if value is None else seconds(value)


def _expired(text: str) -> ET.Element:
    case = _case("faults.waivers", text, 0.0)
    _outcome(case, "expired", f"the waiver has expired: {text}", [])
    return case


def _stopped(text: str) -> ET.Element:
    case = _case("faults.limits", "the run stays within the scenario's limits", 0.0)
    _outcome(case, "limit", text, [])
    return case


def _ledger(trouble: str) -> ET.Element:
    case = _case("faults.ledger", "every attempt is accounted for", 0.0)
    _outcome(case, "invalid", trouble, [])
    return case


def _case(classname: str, name: str, duration_s: float) -> ET.Element:
    return ET.Element("testcase", classname=_xml(classname), name=_xml(name), time=f"{duration_s:.3f}")


def _skipped(case: ET.Element, message: str) -> ET.Element:
    ET.SubElement(case, "skipped", message=_xml(message))
    return case


def _outcome(case: ET.Element, kind: str | None, message: str, evidence: list[str]) -> None:
    text = "\n".join(_xml(line) for line in evidence if line)
    if kind is not None:
        tag = "error" if kind == "invalid" else "failure"
        ET.SubElement(case, tag, type=kind, message=_xml(message)).text = text
    if text:
        ET.SubElement(case, "system-out").text = text


def _properties(pairs: Iterable[tuple[str, str]]) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in pairs:
        ET.SubElement(properties, "property", name=name, value=_xml(value))
    return properties


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", clean(text))
