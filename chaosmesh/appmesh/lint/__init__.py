"""What is wrong with a policy before anything runs."""

from __future__ import annotations

from chaosmesh.appmesh.lint import (
    extensions,
    graph,
    protocols,
    references,
    retries,
    routes,
    timeouts,
    tls,
    upstream,
)
from chaosmesh.appmesh.lint.model import Finding, Rule, Severity, View
from chaosmesh.appmesh.resources import Resources
from chaosmesh.documents.scenario import Scenario

_FILES = (references, protocols, routes, retries, timeouts, upstream, tls, graph, extensions)

RULES: dict[str, Rule] = {rule.id: rule for file in _FILES for rule in file.RULES}
"""Every rule by its id."""

_ORDER = {"error": 0, "warning": 1, "note": 2}


def lint(
    resources: Resources, *, profile: str = "appmesh", scenario: Scenario | None = None
) -> tuple[Finding, ...]:
    """All findings: errors first, then by place. Nothing is started and nothing is translated.

    `profile` decides on what is hidden: only "appmesh" adds retries where none are written. `scenario` may add
    fallbacks and retry budgets.
    """
    view = View(resources, hidden_retry=profile == "appmesh", scenario=scenario)
    found = [finding for file in _FILES for finding in file.check(view)]
    return tuple(sorted(found, key=lambda one: (_ORDER[one.rule.severity], one.where, one.message)))


__all__ = ["RULES", "Finding", "Rule", "Severity", "lint"]
