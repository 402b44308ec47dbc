"""App Mesh resources: their models, their rules, and what they mean in our own policy model."""

from chaosmesh.appmesh.clauses import Declared, clauses
from chaosmesh.appmesh.load import load
from chaosmesh.appmesh.resources import Resource, Resources

__all__ = ["Declared", "Resource", "Resources", "clauses", "load"]
