"""What is wrong with a policy before anything runs."""

from __future__ import annotations

from chaosmesh.appmesh.lint import graph, protocols, references, retries, routes, timeouts, tls, upstream
from chaosmesh.appmesh.lint.model import Finding, Rule, Severity, View
from chaosmesh.appmesh.resources import Resources

_FILES = (references, protocols, routes, retries, timeouts, upstream, tls, graph)

RULES: dict[str, Rule] = {rule.id: rule for file in _FILES for rule in file.RULES}
"""Every rule by its id."""

_ORDER = {"error": 0, "warning": 1, "note": 2}


def lint(resources: Resources, *, profile: str = "appmesh") -> tuple[Finding, ...]:
    """All findings: errors first, then by place. Nothing is started and nothing is translated.

    `profile` decides on what is hidden: only "appmesh" adds retries where none are written.
    """
    view = View(resources, hidden_retry=profile == "appmesh")
    found = [finding for file in _FILES for finding in file.check(view)]
    return tuple(sorted(found, key=lambda one: (_ORDER[one.rule.severity], one.where, one.message)))


__all__ = ["RULES", "Finding", "Rule", "Severity", "lint"]
