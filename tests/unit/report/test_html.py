"""The page: one file, no network, no script, readable whatever the documents are called."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chaosmesh.engine.results import NotChecked, VerifyResult
from chaosmesh.judge import Verdict
from chaosmesh.report.html import MAX_BYTES, HtmlFile, render
from tests.unit.report import samples

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects what a page holds and checks that its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


OUTCOMES = [
    samples.result(),
    samples.broken_result(),
    samples.clean_result(),
    samples.result(checks=(), matrix=()),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_page_asks_for_nothing_from_outside(outcome: VerifyResult) -> None:
    text = render(outcome, command="chaosmesh verify fixtures/airport")
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]", text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert all((attributes[name] or "").startswith("#") for name in ("href", "src") if name in attributes)


def test_the_policy_of_the_page_lets_only_its_own_style_in() -> None:
    text = render(samples.result())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    [policy] = [
        m["content"] for m in Page(text).named("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_hostile_names_are_text() -> None:
    name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b\u202e{{ 7*7 }}\ud800"
    fault = dataclasses.replace(samples.ERRORS, label=name)
    outcome = samples.result(
        mesh=name,
        runtime=name,
        profile=name,
        goal=name,
        envoy=name,
        checks=(
            samples.check(verdict=Verdict.FAIL, reason=name, statement=name, observed={name: name}),
            samples.check(name, parent=f"virtualNode/{name}", where=samples.Where(name)),
        ),
        matrix=(
            samples.cell((name, name), fault, "weak", reason=name, rule=samples.Where(name)),
            samples.cell((name, "other"), fault, "accepted", reason=name),
        ),
        findings=(dataclasses.replace(samples.FINDING, title=name, detail=name, where=samples.Where(name)),),
        not_checked=(NotChecked(name, name),),
        coverage={name: 1},
        cost={name: 1.0},
        expired=(name,),
    )
    text = render(outcome, notes=[name], command=name, documents=[name])
    page = Page(text)
    assert not page.named("script")
    assert not page.named("img")
    assert "alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not re.search(r"[\x1b\u202e\ud800]", text)
    text.encode("utf-8")


def test_the_verdict_comes_first_then_findings_matrix_rules_and_the_rest() -> None:
    text = Page(render(samples.result(), command="chaosmesh verify fixtures/airport")).text
    order = [
        "Not decided",
        "1 weak spot",
        "Findings",
        "perRetryTimeout 250 ms",
        "What a user feels",
        "WEAK 2.03 s",
        "Rules of the policy",
        "3 of 3 rules take effect",
        "Not checked",
        "run it again",
        "chaosmesh verify",
    ]
    places = [text.index(words, text.index("Not decided · airport") + 20) for words in order]
    assert places == sorted(places)


def test_tables_can_be_read_aloud_and_scrolled_with_keys() -> None:
    page = Page(render(samples.broken_result()))
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("h1")) == 1
    assert all(th.get("scope") in {"col", "row"} for th in page.named("th"))
    regions = [div for div in page.named("div") if div.get("role") == "region"]
    assert len(regions) == len(page.named("table"))
    assert all(
        r.get("tabindex") == "0" and (r.get("aria-label") or r.get("aria-labelledby")) for r in regions
    )
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    assert {a.get("aria-labelledby") for _, a in page.tags} - {None} <= set(ids)


def test_a_ledger_that_disagrees_is_told_first() -> None:
    text = Page(render(samples.clean_result(unaccounted=("flights/0: 3 of 4 rows",)))).text
    assert "Not decided" in text
    assert "flights/0: 3 of 4 rows" in text
    assert "Nothing to mend" not in text


def test_a_cure_that_did_not_help_is_not_called_one() -> None:
    useless = dataclasses.replace(samples.FINDING, cure=dataclasses.replace(samples.CURE, worked=False))
    text = Page(render(samples.result(findings=(useless,)))).text
    assert "does not help" in text
    assert "Cure, tried" not in text


def large(texts: str = "") -> VerifyResult:
    """A result with thousands of everything."""
    checks = [
        samples.check(
            f"match.headers.h{n}", parent=f"virtualNode/node-{n % 50}", statement=f"header {n} {texts}"
        )
        for n in range(3000)
    ]
    checks += [samples.check(f"x{n}", Verdict.FAIL, reason=texts) for n in range(500)]
    cells = [
        samples.cell((f"c{n}", f"s{n}"), dose)
        for n in range(800)
        for dose in (samples.ERRORS, samples.LATENCY)
    ]
    weak = samples.cell(("front", "back"), samples.ERRORS, "weak", reason="97.1 % ok, goal 99 %")
    return samples.result(
        checks=tuple(checks),
        matrix=(weak, *cells),
        not_checked=tuple(NotChecked(f"virtualNode/n{n}/logging", texts) for n in range(2000)),
    )


@pytest.mark.parametrize("texts", ["", "long words " * 100])
def test_a_page_stays_small_and_keeps_what_is_wrong(texts: str) -> None:
    text = render(large(texts))
    assert len(text.encode()) <= MAX_BYTES
    page = Page(text).text
    assert "500 rules do not take effect" in page
    assert "x0" in page
    assert "front → back" in page
    assert "more, in the run's JSON" in page


def test_an_ordinary_page_is_complete() -> None:
    checks = tuple(samples.check(f"match.headers.h{n}") for n in range(150))
    text = render(samples.result(checks=checks))
    assert all(f"match.headers.h{n}<" in text for n in range(150))
    assert "in the run's JSON" not in text


def test_the_file_appears_when_the_run_is_over(tmp_path: Path) -> None:
    path = tmp_path / "run" / "report.html"
    consumer = HtmlFile(path, command="chaosmesh verify x", documents=["x"])
    *before, finished = samples.events()
    for event in before:
        consumer(event)
    assert not path.exists()
    consumer(finished)
    consumer.close()
    assert "the host was busy for 0.3 s" in path.read_text("utf-8")
