"""The page of a run: one file, no network, no script, readable whatever the documents are called."""

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
from chaosmesh.report.book import read
from chaosmesh.report.html import MAX_BYTES, HtmlFile, render
from tests import runfolders
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
ROUTE = "\n".join(f'  "line": {n},' for n in range(1, 30))


def written(folder: Path, outcome: VerifyResult, documents: dict[str, str] | None = None) -> str:
    """The page of a result."""
    return render(read(runfolders.verified(folder / "run", outcome, documents)))


def measured(folder: Path, number: int = 900, *, cause: str = "") -> str:
    """The page of a result with requests: one in three under a fault."""
    cells = tuple(dataclasses.replace(one, streams=(7,)) for one in samples.MATRIX)
    run = runfolders.verified(folder / "run", samples.result(matrix=cells), {"weather-route.json": ROUTE})
    runfolders.ledger(run, number, fault=(number // 3, 2 * number // 3), cause=cause)
    return render(read(run))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_page_asks_for_nothing_from_outside(outcome: VerifyResult, tmp_path: Path) -> None:
    quiet(written(tmp_path, outcome))


def test_neither_do_its_charts(tmp_path: Path) -> None:
    quiet(measured(tmp_path))


def quiet(text: str) -> None:
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert all((attributes[name] or "").startswith("#") for name in ("href", "src") if name in attributes)


def test_the_policy_of_the_page_lets_only_its_own_style_in(tmp_path: Path) -> None:
    text = written(tmp_path, samples.result())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    [policy] = [
        m["content"] for m in Page(text).named("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b\u202e{{ 7*7 }}</style></svg>"


def test_hostile_names_are_text(tmp_path: Path) -> None:
    name = HOSTILE
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
        coverage={name: 1, "clauses": 1},
        expired=(name,),
    )
    text = written(tmp_path, outcome, {name: f"{name}\n" * 3})
    page = Page(text)
    assert not page.named("script")
    assert not page.named("img")
    assert len(page.named("style")) == 1
    assert "alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not re.search(r"[\x1b\u202e]", text)


def test_hostile_causes_are_text_in_charts_too(tmp_path: Path) -> None:
    text = measured(tmp_path, cause=HOSTILE)
    page = Page(text)
    assert not page.named("script")
    assert not page.named("img")
    assert "alert(1)" in page.text


def test_the_verdict_comes_first_then_findings_matrix_load_policy_and_the_rest(tmp_path: Path) -> None:
    text = measured(tmp_path)
    body = Page(text).text
    order = [
        "Not decided",
        "1 weak spot",
        "perRetryTimeout 250 ms",
        "One fault at a time",
        "WEAK 2.03 s",
        "Latency percentiles",
        "Success and causes of failure",
        "Intended and sent rate",
        "Calls that applications made",
        "Percentile curve",
        "departures calls flights",
        "As they were when the run began",
        "3 of 3 rules take effect",
        "Of each cause of failure",
        "Profile",
        "chaosmesh verify fixtures/airport",
    ]
    places = [
        body.index(words, body.index("Exit code 3") if number > 1 else 0)
        for number, words in enumerate(order)
    ]
    assert places == sorted(places)
    ids = [one["id"] for one in Page(text).named("section")]
    wanted = [
        "findings",
        "matrix",
        "time",
        "edges",
        "percentiles",
        "topology",
        "policy",
        "rules",
        "requests",
        "about",
        "again",
    ]
    assert ids == wanted


def test_a_rule_has_its_verdict_beside_its_line(tmp_path: Path) -> None:
    outcome = samples.result(
        checks=(
            samples.check(),
            samples.check("timeout", Verdict.FAIL, where=samples.Where("weather-route.json", 20)),
        )
    )
    text = written(tmp_path, outcome, {"weather-route.json": ROUTE})
    lines = re.findall(r'<li class="hit (\w+)"><span class="no">(\d+)</span>.*?</li>', text)
    assert lines == [("good", "12"), ("warn", "14"), ("bad", "20")]
    assert re.search(r'<details class="card" open><summary><span class="tag bad">', text)


def test_tables_can_be_read_aloud_and_scrolled_with_keys(tmp_path: Path) -> None:
    page = Page(measured(tmp_path))
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("h1")) == 1
    assert all(th.get("scope") in {"col", "row"} for th in page.named("th"))
    regions = [div for div in page.named("div") if div.get("role") == "region"]
    assert len(regions) >= len(page.named("table"))
    assert all(
        r.get("tabindex") == "0" and (r.get("aria-label") or r.get("aria-labelledby")) for r in regions
    )
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    named = {name for _, a in page.tags for name in (a.get("aria-labelledby") or "").split()}
    assert named <= set(ids)
    for picture in page.named("svg"):
        told = picture.get("role") == "img" or picture.get("aria-hidden") == "true"
        inside = picture.get("class") in {"inner-plot", "span", None}
        assert told or inside, picture


def test_every_chart_has_its_numbers_as_a_table(tmp_path: Path) -> None:
    text = measured(tmp_path)
    charts = re.findall(r'<figure class="chart.*?</figure>', text, re.DOTALL)
    assert len(charts) == 5
    assert all("<table" in one and "<title" in one and "<desc" in one for one in charts)


def test_a_ledger_that_disagrees_is_told_first(tmp_path: Path) -> None:
    text = Page(written(tmp_path, samples.clean_result(unaccounted=("flights/0: 3 of 4 rows",)))).text
    assert "Not decided" in text
    assert "flights/0: 3 of 4 rows" in text
    assert "Nothing to mend" not in text


def test_a_cure_that_did_not_help_is_not_called_one(tmp_path: Path) -> None:
    useless = dataclasses.replace(samples.FINDING, cure=dataclasses.replace(samples.CURE, worked=False))
    text = Page(written(tmp_path, samples.result(findings=(useless,)))).text
    assert "does not help" in text
    assert "Cure, tried" not in text


def large(texts: str) -> VerifyResult:
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
def test_a_page_stays_small_and_keeps_what_is_wrong(texts: str, tmp_path: Path) -> None:
    document = "\n".join("  - a line of a long document" for _ in range(9_000))
    text = written(
        tmp_path, large(texts), {"weather-route.json": document, "b.yaml": document, "c.yaml": document}
    )
    assert len(text.encode()) <= MAX_BYTES
    page = Page(text).text
    assert "500 rules do not take effect" in page
    assert "x0" in page
    assert "front → back" in page
    assert " more " in page


def test_an_ordinary_page_is_complete(tmp_path: Path) -> None:
    checks = tuple(samples.check(f"match.headers.h{n}") for n in range(150))
    text = written(tmp_path, samples.result(checks=checks))
    assert all(f"match.headers.h{n}<" in text for n in range(150))
    assert "… and" not in text


def test_a_hundred_thousand_requests_make_a_page_of_the_same_size(tmp_path: Path) -> None:
    small, big = measured(tmp_path / "small", 2_000), measured(tmp_path / "big", 100_000)
    assert len(big.encode()) < 1.5 * len(small.encode()) < MAX_BYTES / 4
    assert "100,000 requests" in big


def test_the_file_appears_when_the_run_is_over(tmp_path: Path) -> None:
    run = runfolders.verified(tmp_path / "run", samples.result())
    consumer = HtmlFile(run)
    *before, finished = samples.events()
    for event in before:
        consumer(event)
    assert not (run / "report.html").exists()
    consumer(finished)
    consumer.close()
    assert "Not decided" in (run / "report.html").read_text("utf-8")
