"""Faults, one file each: `apply → dose → heal`. What they did is read from the attempts, never assumed."""

from chaosmesh.faults.acts import Act
from chaosmesh.faults.bandwidth import Bandwidth
from chaosmesh.faults.base import AttemptSeen, Dose, Effect, Fault, Scope, Site, Stream
from chaosmesh.faults.certificates import BadCertificate
from chaosmesh.faults.control_plane import BadPush, ControlPlaneKilled, ControlPlaneStale
from chaosmesh.faults.crash import Crash
from chaosmesh.faults.delay import Delay
from chaosmesh.faults.disk_full import DiskFull
from chaosmesh.faults.dns import DnsFailure
from chaosmesh.faults.down import Down
from chaosmesh.faults.errors import Errors
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.external import OnExternal
from chaosmesh.faults.grip import Copy, Flaw, Role
from chaosmesh.faults.hang import Hang
from chaosmesh.faults.latency import Latency
from chaosmesh.faults.limit_data import LimitData
from chaosmesh.faults.limits import CpuLimit, MemoryLimit
from chaosmesh.faults.neighbour import BusyNeighbour
from chaosmesh.faults.overload import Overload
from chaosmesh.faults.partition import Partition
from chaosmesh.faults.replicas import AddReplica, Remove
from chaosmesh.faults.reset import Reset
from chaosmesh.faults.restart import Restart
from chaosmesh.faults.sick import Sick
from chaosmesh.faults.slicer import Slicer
from chaosmesh.faults.slow_close import SlowClose
from chaosmesh.faults.slow_start import SlowStart
from chaosmesh.faults.timeout import Timeout

__all__ = [
    "Act",
    "AddReplica",
    "AttemptSeen",
    "BadCertificate",
    "BadPush",
    "Bandwidth",
    "BusyNeighbour",
    "ControlPlaneKilled",
    "ControlPlaneStale",
    "Copy",
    "CpuLimit",
    "Crash",
    "Delay",
    "DiskFull",
    "DnsFailure",
    "Dose",
    "Down",
    "Effect",
    "Errors",
    "Evidence",
    "Fault",
    "Flaw",
    "Hang",
    "Latency",
    "LimitData",
    "MemoryLimit",
    "OnExternal",
    "Overload",
    "Partition",
    "Remove",
    "Reset",
    "Restart",
    "Role",
    "Scope",
    "Sick",
    "Site",
    "Slicer",
    "SlowClose",
    "SlowStart",
    "Stream",
    "Timeout",
]
