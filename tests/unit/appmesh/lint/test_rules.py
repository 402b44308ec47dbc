"""Every rule finds what its page says, and leaves alone what nearly looks like it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.lint import RULES, lint
from tests.unit.appmesh.corpus import DOCUMENTS, read

PAGES = Path(__file__).parents[4] / "docs" / "lint"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def examples(page: str) -> list[str]:
    return YAML.findall((PAGES / page).read_text())


def meshed(text: str, folder: Path) -> Resources:
    """The mesh of the examples with the documents of one page on top."""
    (base,) = examples("README.md")
    folder.joinpath("base.yaml").write_text(base)
    folder.joinpath("page.yaml").write_text(text)
    return load([folder / "base.yaml"], mesh_name="example").updated([folder / "page.yaml"])


def found(resources: Resources, rule: str) -> list[str]:
    return [one.message for one in lint(resources) if one.rule.id == rule]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_finds_the_first_example_of_its_page_and_not_the_second(rule: str, tmp_path: Path) -> None:
    bad, good = examples(f"{rule}.md")
    assert found(meshed(bad, tmp_path), rule)
    assert not found(meshed(good, tmp_path), rule)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_finding_says_where_which_resource_and_what_to_do(rule: str, tmp_path: Path) -> None:
    bad, _ = examples(f"{rule}.md")
    one = next(one for one in lint(meshed(bad, tmp_path)) if one.rule.id == rule)
    assert Path(one.where.file).name in {"page.yaml", "base.yaml"}
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
    tmp_path.joinpath("base.yaml").write_text(*examples("README.md"))
    assert lint(load([tmp_path / "base.yaml"], mesh_name="example")) == ()


def test_a_profile_without_hidden_retries_has_no_hidden_findings(tmp_path: Path) -> None:
    bad, _ = examples("hidden-retry-non-idempotent.md")
    resources = meshed(bad, tmp_path)
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
