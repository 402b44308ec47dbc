"""Every rule finds what its page says, and leaves alone what nearly looks like it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.lint import RULES, Finding, lint
from chaosmesh.appmesh.lint.model import View
from chaosmesh.documents.scenario import Scenario, load_scenario
from tests.unit.appmesh.corpus import DOCUMENTS, read

PAGES = Path(__file__).parents[4] / "docs" / "lint"
EXAMPLE = re.compile(r"```yaml\n(.*?)```(?:\n+```yaml scenario\n(.*?)```)?", re.DOTALL)
"""Documents, and the scenario that goes with them, if any."""

Example = tuple[str, str]
Meshed = tuple[Resources, Scenario]


def examples(page: str) -> list[Example]:
    return EXAMPLE.findall((PAGES / page).read_text())


def meshed(example: Example, folder: Path) -> Meshed:
    """The mesh of the examples with the documents of one page on top, and the page's scenario."""
    ((base, _),) = examples("README.md")
    folder.joinpath("base.yaml").write_text(base)
    folder.joinpath("page.yaml").write_text(example[0])
    folder.joinpath("chaosmesh.yaml").write_text(example[1])
    resources = load([folder / "base.yaml"], mesh_name="example").updated([folder / "page.yaml"])
    return resources, load_scenario(folder / "chaosmesh.yaml")


def linted(made: Meshed) -> tuple[Finding, ...]:
    return lint(made[0], scenario=made[1])


def found(made: Meshed, rule: str) -> list[str]:
    return [one.message for one in linted(made) if one.rule.id == rule]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_finds_the_first_example_of_its_page_and_not_the_second(rule: str, tmp_path: Path) -> None:
    bad, good = examples(f"{rule}.md")
    assert found(meshed(bad, tmp_path), rule)
    assert not found(meshed(good, tmp_path), rule)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_finding_says_where_which_resource_and_what_to_do(rule: str, tmp_path: Path) -> None:
    bad, _ = examples(f"{rule}.md")
    one = next(one for one in linted(meshed(bad, tmp_path)) if one.rule.id == rule)
    assert Path(one.where.file).name in {"page.yaml", "base.yaml", "chaosmesh.yaml"}
    line = Path(one.where.file).read_text().splitlines()[one.where.line - 1]
    assert 0 < one.where.column <= len(line) + 1
    assert one.resource
    assert one.hint == RULES[rule].cure


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_page_says_what_the_rule_says(rule: str) -> None:
    text = (PAGES / f"{rule}.md").read_text()
    assert text.startswith(f"# {rule}\n\n**{RULES[rule].severity}** · {RULES[rule].title}.\n")
    assert f"Cure: {RULES[rule].cure}." in text
    row = f"| [`{rule}`]({rule}.md) | {RULES[rule].severity} | {RULES[rule].title} |"
    assert row in (PAGES / "README.md").read_text()


def test_there_is_no_page_without_a_rule() -> None:
    assert {one.stem for one in PAGES.glob("*.md")} == {*RULES, "README"}


def test_the_mesh_of_the_examples_has_no_finding_of_its_own(tmp_path: Path) -> None:
    ((base, _),) = examples("README.md")
    tmp_path.joinpath("base.yaml").write_text(base)
    assert lint(load([tmp_path / "base.yaml"], mesh_name="example")) == ()


def test_a_profile_without_hidden_retries_has_no_hidden_findings(tmp_path: Path) -> None:
    bad, _ = examples("hidden-retry-non-idempotent.md")
    resources, _ = meshed(bad, tmp_path)
    assert not [
        one
        for one in lint(resources, profile="appmesh-legacy")
        if one.rule.id == "hidden-retry-non-idempotent"
    ]


def test_amplification_names_the_chain_with_the_attempts_of_each_hop(tmp_path: Path) -> None:
    bad, _ = examples("retry-amplification.md")
    (message,) = found(meshed(bad, tmp_path), "retry-amplification")
    assert "15 times" in message
    assert "front → color.local → deep.local: 5 × 3" in message


def test_a_budget_bounds_its_hop_whatever_the_policy_allows(tmp_path: Path) -> None:
    (documents, _), _ = examples("retry-amplification.md")
    for node in ("blue", "deep"):
        budget = f"retry_budgets: [{{to: {node}, percent: 25}}]"
        made = meshed((documents, budget), tmp_path)
        assert not found(made, "retry-amplification")
        assert not found(made, "budget-unused")
    for_one = "retry_budgets: [{to: deep, from: blue, percent: 100}]"
    (message,) = found(meshed((documents, for_one), tmp_path), "retry-amplification")
    assert message.startswith("may be tried 10 times")
    assert "5 × 2" in message


SPARE = """
- virtualNodeName: spare
  spec:
    listeners:
    - portMapping: {port: 8080, protocol: http}
    serviceDiscovery:
      awsCloudMap: {namespaceName: local, serviceName: spare}
"""


def test_a_fallback_is_one_more_attempt_where_nothing_was_tried_again(tmp_path: Path) -> None:
    resources, scenario = meshed((SPARE, "fallbacks: [{route: all, to: spare}]"), tmp_path)
    (one,) = resources.routes.values()
    assert View(resources, hidden_retry=False).attempts(one) == 1
    assert View(resources, hidden_retry=False, scenario=scenario).attempts(one) == 2
    assert View(resources, scenario=scenario).attempts(one) == 3


@pytest.mark.parametrize(
    ("extension", "rule", "word"),
    [
        (
            "fallbacks: [{route: color.local, to: spare, when: unhealthy}]",
            "fallback-without-trigger",
            "health",
        ),
        ("fallbacks: [{route: nowhere, to: spare}]", "dangling-extension", "nowhere"),
        ("retry_budgets: [{to: nobody}]", "dangling-extension", "nobody"),
        ("retry_budgets: [{to: spare}]", "budget-unused", "none"),
    ],
)
def test_what_the_scenario_adds_is_looked_at(tmp_path: Path, extension: str, rule: str, word: str) -> None:
    (one,) = linted(meshed((SPARE, extension), tmp_path))
    assert one.rule.id == rule
    assert word in one.message
    assert Path(one.where.file).name == "chaosmesh.yaml"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_real_documents_have_no_false_error(corpus: Path, name: str) -> None:
    """What other documents would supply is missing in a single one: only that may be an error."""
    errors = [one for one in lint(read(name)) if one.rule.severity == "error"]
    assert {one.rule.id for one in errors} <= {"dangling-reference"}


def test_the_catch_all_of_the_headers_walkthrough_hides_four_routes(corpus: Path) -> None:
    resources = read("walkthroughs/howto-http-headers/app.yaml")
    hidden = [
        one.resource.rpartition("-")[2] for one in lint(resources) if one.rule.id == "unreachable-route"
    ]
    assert sorted(hidden) == ["blue", "purple", "white", "yellow"]


def test_many_ways_through_a_mesh_are_not_walked_one_by_one(tmp_path: Path) -> None:
    """14 tiers of 6 nodes that all call each other have 6 to the 14th ways; the longest is found at once."""
    tiers, width = 14, 6
    lines = []
    for tier in range(tiers):
        backends = [
            {"virtualService": {"virtualServiceName": f"s{tier + 1}x{one}"}} for one in range(width)
        ] * (tier < tiers - 1)
        for one in range(width):
            name = f"n{tier}x{one}"
            discovery = {"dns": {"hostname": name}}
            listeners = [{"portMapping": {"port": 80, "protocol": "http"}}]
            spec = {"listeners": listeners, "serviceDiscovery": discovery, "backends": backends}
            lines.append({"virtualNodeName": name, "spec": spec})
            if tier:
                provider = {"virtualNode": {"virtualNodeName": name}}
                lines.append({"virtualServiceName": f"s{tier}x{one}", "spec": {"provider": provider}})
    path = tmp_path / "dense.json"
    path.write_text(json.dumps(lines))
    findings = lint(load([path], mesh_name="dense"))
    messages = [one.message for one in findings if one.rule.id == "retry-amplification"]
    assert len(messages) == (tiers - 3) * width  # from the third hop on: 27 attempts
    assert any(" × ".join("3" * (tiers - 1)) in one for one in messages)
