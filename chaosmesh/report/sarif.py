"""Findings of lint as SARIF 2.1.0 (OASIS), which GitHub, GitLab and editors show beside the code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chaosmesh.appmesh.lint import RULES, Finding, Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"
"""What paths start from: the checkout."""


def sarif(found: Sequence[Finding], root: Path) -> dict[str, Any]:
    """The log of one run. Every rule is told with its page; `root`: the folder that relative paths start from."""
    driver = {
        "name": "chaosmesh lint",
        "semanticVersion": importlib.metadata.version("chaosmesh"),
        "rules": [_rule(one) for one in RULES.values()],
    }
    numbers = {name: number for number, name in enumerate(RULES)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "the checkout's root"}}},
                "results": [_result(one, numbers[one.rule.id], root) for one in found],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    title = rule.title[:1].upper() + rule.title[1:]
    return {
        "id": rule.id,
        "name": "".join(one.capitalize() for one in rule.id.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {rule.cure}"},
        "help": {
            "text": f"{rule.cure}\nIts page: docs/lint/{rule.id}.md",
            "markdown": f"{rule.cure}\n\nIts page: `docs/lint/{rule.id}.md`",
        },
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, number: int, root: Path) -> dict[str, Any]:
    where = finding.where
    text = f"{finding.message}. {finding.hint}" if finding.hint else finding.message
    print_ = f"{finding.rule.id} {finding.resource} {finding.message}"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": number,
        "level": finding.rule.severity,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(where.file, root),
                    "region": {"startLine": where.line, "startColumn": where.column},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.resource}],
            }
        ],
        "partialFingerprints": {"finding/v1": hashlib.sha256(print_.encode()).hexdigest()},
    }


def _artifact(file: str, root: Path) -> dict[str, str]:
    """A path from the root, or a file's whole address where it lies elsewhere."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - a link in the repository is shown as itself
    if path.is_relative_to(root):
        return {"uri": quote(path.relative_to(root).as_posix()), "uriBaseId": ROOT}
    return {"uri": path.as_uri()}
