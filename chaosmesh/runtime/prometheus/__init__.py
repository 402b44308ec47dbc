"""A Prometheus server for one run: its configuration, its program, its life, and questions to it."""

from chaosmesh.runtime.prometheus.client import Answer, Client, QueryError, Series
from chaosmesh.runtime.prometheus.config import Job, Target, files, targets_file
from chaosmesh.runtime.prometheus.hands import Hands, ProcessHands
from chaosmesh.runtime.prometheus.install import find, require
from chaosmesh.runtime.prometheus.server import PORT, Server

__all__ = [
    "PORT",
    "Answer",
    "Client",
    "Hands",
    "Job",
    "ProcessHands",
    "QueryError",
    "Series",
    "Server",
    "Target",
    "files",
    "find",
    "require",
    "targets_file",
]
