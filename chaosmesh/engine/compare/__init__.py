"""Two policies, or two runs, side by side: which behaviour changed, what stayed, what is not known."""

from chaosmesh.engine.compare.behaviour import Behaviour, Facet
from chaosmesh.engine.compare.result import Comparison, Side, compare
from chaosmesh.engine.compare.rules import RuleChange, rules_changed

__all__ = ["Behaviour", "Comparison", "Facet", "RuleChange", "Side", "compare", "rules_changed"]
