"""`chaosmesh lint` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command import chaosmesh

ROUTE = """{
  "virtualRouterName": "color",
  "routeName": "all",
  "spec": {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [
    {"virtualNode": "blue", "weight": 0}
  ]}}}
}
"""


def test_findings_go_out_as_json_and_errors_decide_on_the_exit_code(tmp_path: Path) -> None:
    document = tmp_path / "all.json"
    document.write_text(ROUTE)
    done = chaosmesh("lint", str(document), "--mesh-name", "m", "--json", "-")
    assert done.code == 1, done.err
    findings = json.loads(done.out)["findings"]
    assert [one["rule"] for one in findings] == [
        "dangling-reference",
        "weights-all-zero",
        "dangling-reference",
    ]
    assert all(set(one) == KEYS for one in findings)
    zero = findings[1]
    assert (zero["severity"], zero["file"], zero["line"]) == ("error", str(document), 4)
    assert zero["resource"] == "virtualRouter/color/route/all"


KEYS = {"rule", "severity", "file", "line", "column", "resource", "message", "hint"}


def test_warnings_alone_are_no_failure_and_name_their_rule(corpus: Path) -> None:
    document = corpus / "walkthroughs/howto-http-headers/app.yaml"
    done = chaosmesh("lint", str(document), "--set", "ProjectName=p")
    assert done.code == 0, done.err
    assert done.out.count("[unreachable-route]") == 4
    assert done.out.rstrip().endswith("4 warnings")


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "broken.json"
    document.write_text('{"spec": {"httpRoute": ')
    done = chaosmesh("lint", str(document), "--mesh-name", "m")
    assert done.code == 2
    assert f"{document}:1:" in done.err
    assert "Traceback" not in done.err
