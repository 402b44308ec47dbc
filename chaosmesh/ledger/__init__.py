"""The ledger: requests, their calls and every attempt, joined from access logs, generator and faults."""

from chaosmesh.ledger.addresses import Addresses
from chaosmesh.ledger.conservation import Conservation, parse_stats
from chaosmesh.ledger.faults import FaultEvent, FaultWindow
from chaosmesh.ledger.ledger import Completeness, Ledger
from chaosmesh.ledger.model import Attempt, Call, Cause, Request
from chaosmesh.ledger.ordered import Whole
from chaosmesh.ledger.queries import Absence, Cutoffs, Dose, Orphans, Ratio, Recovery, Share, Strays
from chaosmesh.ledger.timeline import Timeline

__all__ = [
    "Absence",
    "Addresses",
    "Attempt",
    "Call",
    "Cause",
    "Completeness",
    "Conservation",
    "Cutoffs",
    "Dose",
    "FaultEvent",
    "FaultWindow",
    "Ledger",
    "Orphans",
    "Ratio",
    "Recovery",
    "Request",
    "Share",
    "Strays",
    "Timeline",
    "Whole",
    "parse_stats",
]
