"""Policy to Envoy: pure translation to xDS resources, and the control plane that puts them in force."""

from chaosmesh.envoy.accesslog import AccessRow
from chaosmesh.envoy.ads import ControlPlane, Push
from chaosmesh.envoy.binary import binary, binary_version, command
from chaosmesh.envoy.bootstrap import bootstrap, static_config
from chaosmesh.envoy.filelog import folders as log_folders
from chaosmesh.envoy.secrets import Secret, SecretNeed, needed
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.envoy.translation import places, translate
from chaosmesh.envoy.victims import hash01, is_victim

__all__ = [
    "AccessRow",
    "ControlPlane",
    "Push",
    "Secret",
    "SecretNeed",
    "Snapshot",
    "binary",
    "binary_version",
    "bootstrap",
    "command",
    "hash01",
    "is_victim",
    "log_folders",
    "needed",
    "places",
    "static_config",
    "translate",
]
