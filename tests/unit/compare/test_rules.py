"""What the documents of two run folders say differently, read from the folders alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chaosmesh.cli.compare import compare as command
from chaosmesh.engine.compare.rules import RuleChange, rules_changed, told
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import read
from chaosmesh.engine.kept import keep_documents, kept_rules
from chaosmesh.engine.stated import Rule, rules_of
from chaosmesh.engine.summary import Host, Summary
from chaosmesh.engine.summary_items import Item
from chaosmesh.errors import ChaosMeshError, UsageError, Where
from tests.conftest import ROOT

AIRPORT = ROOT / "fixtures/airport"
EXTENDED = ROOT / "fixtures/airport-extended"
COLOR_NAMES = {"ServicesDomain": "color.local", "AppMeshMeshName": "colors"}


def run_of(folder: Path, *documents: Path, variables: Mapping[str, str] = {}) -> Path:
    """A run folder as `verify` leaves it, with one rule that took effect."""
    run = RunFolder(folder)
    run.config.mkdir(parents=True)
    run.logs.mkdir()
    keep_documents(run, *read(documents, variables=variables))
    item = Item("rule", "check", "the rule", "pass")
    at = datetime(2026, 11, 23, tzinfo=UTC)
    summary = Summary(
        "m", at, "verify", str(folder), "pass", 0, 9.0, 0, "process", "appmesh", {}, Host(), "", (item,)
    )
    run.write_json("run.json", {})
    run.write_json("summary.json", summary.as_json())
    return folder


def changed(*sides: tuple[Path, ...], variables: Mapping[str, str] = {}) -> tuple[RuleChange, ...]:
    one, other = (rules_of(*read(side, variables=variables)) for side in sides)
    return rules_changed(one, other)


def edited(folder: Path, edit: Callable[[str], str], source: Path = AIRPORT) -> Path:
    """A copy of a fixture with each file changed."""
    shutil.copytree(source, folder)
    for file in folder.iterdir():
        file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def compared(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=False)


def test_rules_are_compared_by_value_not_by_line(tmp_path: Path) -> None:
    def spread(text: str) -> str:
        wider = json.dumps(json.loads(text), indent=8) if text.startswith("{") else f"# moved\n{text}"
        return wider.replace('"maxRetries": 2', '"maxRetries": 0')

    found = changed((AIRPORT,), (edited(tmp_path / "airport", spread),))
    assert {one.kind for one in found} == {"changed"}
    assert all(one.id.endswith("retryPolicy.maxRetries") for one in found)
    assert {(one.before, one.after) for one in found} == {("2", "0")}
    assert any("weather-route" in one.id for one in found)


def test_two_run_folders_tell_the_rules_of_their_documents_after_these_are_gone(tmp_path: Path) -> None:
    other = edited(tmp_path / "airport", lambda text: text.replace('"maxRetries": 4', '"maxRetries": 0'))
    a, b = run_of(tmp_path / "a", AIRPORT), run_of(tmp_path / "b", other)
    shutil.rmtree(other)
    target = tmp_path / "c.json"
    files = ("--markdown", tmp_path / "c.md", "--html", tmp_path / "c.html")
    ended = compared(a, b / "summary.json", "--json", target, *files)
    assert ended.exception is None
    (rule,) = json.loads(target.read_text())["rules"]
    place = rule.pop("where")
    assert place.startswith(str(other / "flights-route.json") + ":")
    name = "virtualRouter/flights-router/route/flights-route/retryPolicy.maxRetries"
    assert rule == {"id": name, "kind": "changed", "before": "4", "after": "0"}
    assert f"  changed    {name}: 4 → 0\n             {place}\n" in ended.output
    assert "1 rule differs" in ended.output
    assert "\n| virtualRouter/flights-router/route/flights-route/retryPolicy.maxRetries | 4 | 0 |" in (
        tmp_path / "c.md"
    ).read_text().replace("\\", "")
    assert "<code>4</code>" in (tmp_path / "c.html").read_text()


def test_the_same_documents_say_the_same(tmp_path: Path) -> None:
    ended = compared(run_of(tmp_path / "a", AIRPORT), run_of(tmp_path / "b", AIRPORT))
    assert ended.return_value == 0
    assert "\nThe same rules\n" in ended.output


def test_values_of_variables_and_replaced_resources_are_compared(tmp_path: Path, corpus: Path) -> None:
    colors = corpus / "examples/apps/colorapp/servicemesh"
    whole, update = colors / "appmesh-colorapp.yaml", colors / "config/update_routes"
    one = run_of(tmp_path / "a", whole, variables=COLOR_NAMES)
    other = run_of(
        tmp_path / "b",
        whole,
        update / "colorteller-route-blue-80-red-20.json",
        variables={**COLOR_NAMES, "ServicesDomain": "other.local"},
    )
    a, b = kept_rules(one), kept_rules(other)
    assert a is not None
    assert b is not None
    by_id = {one.id: one for one in rules_changed(a, b)}
    host = by_id["virtualNode/tcpecho-vn/serviceDiscovery.dns.hostname"]
    assert (host.before, host.after) == ("tcpecho.color.local", "tcpecho.other.local")
    split = by_id["virtualRouter/colorteller-vr/route/colorteller-route/action.weightedTargets"]
    assert (
        split.after == "virtualNode colorteller-blue-vn, weight 8; virtualNode colorteller-red-vn, weight 2"
    )
    assert split.where.file.endswith("colorteller-route-blue-80-red-20.json")


def test_rules_that_are_gone_stand_where_they_stood(corpus: Path) -> None:
    folder = corpus / "walkthroughs/howto-http-retries"
    routes = folder / "blue-route.json", folder / "blue-route-no-retry.json"
    found = changed(*((folder / "app.yaml", one) for one in routes), variables={"ProjectName": "howto"})
    assert [(one.kind, one.id.rpartition("/")[2], one.before) for one in found] == [
        ("gone", "retryPolicy.maxRetries", "10"),
        ("gone", "retryPolicy.perRetryTimeout", "100 ms"),
        ("gone", "retryPolicy.httpRetryEvents.server-error", "server-error"),
    ]
    assert {Path(one.where.file).name for one in found} == {"blue-route.json"}


def test_of_a_rule_with_several_parts_those_are_told_that_differ(tmp_path: Path) -> None:
    slower = edited(tmp_path / "airport", str)
    body = json.loads((slower / "flights-v1-node.json").read_text())
    body["spec"]["listeners"][0]["healthCheck"] |= {"healthyThreshold": 3, "timeoutMillis": 3000}
    (slower / "flights-v1-node.json").write_text(json.dumps(body))
    (health,) = (
        one
        for one in changed((AIRPORT,), (slower,))
        if one.id.endswith("flights-v1/listeners.8080.healthCheck")
    )
    assert health.before == "healthyThreshold 2, timeoutMillis 2000"
    assert health.after == "healthyThreshold 3, timeoutMillis 3000"


def test_a_part_that_is_missing_is_named() -> None:
    values = {"port": 80, "path": "/ping"}, {"port": 80}
    assert rules_changed(*_one_rule(*values))[0].after == "no path"
    assert rules_changed(*_one_rule(*reversed(values)))[0].before == "no path"


def test_a_duration_is_one_value() -> None:
    (found,) = rules_changed(*_one_rule({"unit": "ms", "value": 250}, {"unit": "s", "value": 1}))
    assert (found.before, found.after) == ("250 ms", "1 s")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", "b"], "a, b"),
        ({"sds": {"secretName": "x"}}, "sds secretName x"),
        ({"match": {"exact": ["a", "b"], "ignore": True}}, "match (exact (a, b), ignore true)"),
        (0.999, "0.999"),
        ("", '""'),
        ({}, "{}"),
    ],
)
def test_values_are_told_in_one_line(value: Any, text: str) -> None:
    assert told(value) == text


def test_what_the_scenario_says_differently_is_told_with_its_place(tmp_path: Path) -> None:
    scenario = (EXTENDED / "chaosmesh.yaml").read_text().replace('"../airport/*.json"', f'"{AIRPORT}/*.json"')
    shutil.copytree(EXTENDED, tmp_path / "a")
    (tmp_path / "a/chaosmesh.yaml").write_text(scenario)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b/chaosmesh.yaml").write_text(
        scenario.replace("when: [failing, down]", "when: down").replace("rate: 250", "rate: 99")
        + "slo: {success: 0.9, p99: 800ms}\n"
    )
    found = changed((tmp_path / "a",), (tmp_path / "b",))
    assert [(one.kind, one.id, one.before, one.after) for one in found] == [
        (
            "changed",
            "virtualRouter/weather-router/route/weather-route/fallback",
            "when (down, failing)",
            "when down",
        ),
        ("changed", "scenario/load.rate", "250", "99"),
        ("new", "scenario/slo.success", "", "0.9"),
        ("new", "scenario/slo.p99", "", "800ms"),
    ]
    assert str(found[1].where).startswith(str(tmp_path / "b/chaosmesh.yaml") + ":13:")


@pytest.mark.parametrize("side", ["A", "B"])
def test_a_summary_alone_has_no_rules_and_that_is_said(tmp_path: Path, side: str) -> None:
    run = run_of(tmp_path / "run", AIRPORT)
    alone = tmp_path / "night.json"
    shutil.copyfile(run / "summary.json", alone)
    ended = compared(*((alone, run) if side == "A" else (run, alone)))
    assert ended.exception is None
    assert f"is not known: {side} keeps no rules. A run folder does" in ended.output


def wrong(*arguments: object) -> ChaosMeshError:
    error = compared(*arguments).exception
    assert isinstance(error, ChaosMeshError)
    return error


def test_a_damaged_file_of_rules_is_named_with_its_line(tmp_path: Path) -> None:
    a, b = run_of(tmp_path / "a", AIRPORT), run_of(tmp_path / "b", AIRPORT)
    kept = b / "config/rules.json"
    kept.write_text('[\n {"id": 3,\n')
    assert str(wrong(a, b).where).startswith(f"{kept}:3:")
    kept.write_text('[{"id": "x"}]')
    assert "damaged" in str(wrong(a, b))


def test_what_can_not_be_compared_is_refused_with_the_next_step(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs/airport/one", AIRPORT)
    (tmp_path / "runs/airport/latest").symlink_to("one")
    error = wrong(run, tmp_path / "runs/airport")
    assert "holds runs and is none itself" in str(error)
    assert error.hint.endswith("runs/airport/latest")
    unfinished = run_of(tmp_path / "unfinished", AIRPORT)
    (unfinished / "run.json").unlink()
    assert "the run has not ended" in str(wrong(run, unfinished))
    assert isinstance(wrong(run, AIRPORT), UsageError)
    assert "there is no" in str(wrong(tmp_path / "nowhere", run))


def test_options_of_a_verification_are_refused_for_runs(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", AIRPORT)
    assert "--quick, --seed: with two runs nothing is started" in str(wrong(run, run, "--quick", "--seed", 3))


@pytest.mark.parametrize("option", ["--html", "--markdown", "--json"])
def test_what_can_not_be_written_shows_before_anything_is_started(tmp_path: Path, option: str) -> None:
    error = wrong(AIRPORT, AIRPORT, "--runs", tmp_path / "runs", option, tmp_path)
    assert f"{option}: {tmp_path} is a folder" in str(error)
    assert not (tmp_path / "runs").exists()


def _one_rule(*values: Any) -> Any:
    return [(Rule("node/x/health", value, Where("f")),) for value in values]
