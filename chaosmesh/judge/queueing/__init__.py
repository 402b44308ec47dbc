"""A small simulation of what a policy does: retries, timeouts, breakers, budgets and queues, event by event.

Pure: a model, a flow of requests and a seed give a run. It knows what the closed forms of `judge.oracle` don't.
"""

from chaosmesh.judge.queueing.calls import Seen
from chaosmesh.judge.queueing.figure import Figure, mean, quantile, share
from chaosmesh.judge.queueing.model import Arm, Backoff, Edge, Flow, Limits, Model, Policy, Server, Trouble
from chaosmesh.judge.queueing.run import Simulated, simulate

__all__ = [
    "Arm",
    "Backoff",
    "Edge",
    "Figure",
    "Flow",
    "Limits",
    "Model",
    "Policy",
    "Seen",
    "Server",
    "Simulated",
    "Trouble",
    "mean",
    "quantile",
    "share",
    "simulate",
]
