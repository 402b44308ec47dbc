"""What can be asked of calls and requests: pure functions, numbers without verdicts."""

from chaosmesh.ledger.queries.healing import Recovery, recovery
from chaosmesh.ledger.queries.orphaned import Orphans, orphans
from chaosmesh.ledger.queries.replicas import Absence, absences, ejected_ms, returned_ms
from chaosmesh.ledger.queries.retries import Cutoffs, cutoffs, overflow, spacings
from chaosmesh.ledger.queries.routing import Strays, cohorts, fallbacks, strays
from chaosmesh.ledger.queries.shares import (
    Dose,
    Ratio,
    Share,
    amplification,
    amplification_entry,
    attempts_per_call,
    causes,
    dose,
    route_hashes,
    split,
    success,
)

__all__ = [
    "Absence",
    "Cutoffs",
    "Dose",
    "Orphans",
    "Ratio",
    "Recovery",
    "Share",
    "Strays",
    "absences",
    "amplification",
    "amplification_entry",
    "attempts_per_call",
    "causes",
    "cohorts",
    "cutoffs",
    "dose",
    "ejected_ms",
    "fallbacks",
    "orphans",
    "overflow",
    "recovery",
    "returned_ms",
    "route_hashes",
    "spacings",
    "split",
    "strays",
    "success",
]
