"""The access log file that a workload declares, beside our own log: of what comes in and of what goes out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Final

from chaosmesh.envoy.forms import Json, extension
from chaosmesh.mesh import AccessLog, Mesh, Replica, Topology, Workload

STREAMS: Final = ("/dev/stdout", "/dev/stderr")
_LOGGED: Final = (
    "envoy.filters.network.http_connection_manager",
    "envoy.filters.network.tcp_proxy",
)


def rule_id(workload: Workload) -> str:
    """The id of a workload's log, by which a refused format is traced back."""
    return f"accessLog/{workload.name}"


def folders(mesh: Mesh, topology: Topology, logs: Path) -> tuple[Path, ...]:
    """The folders that must be there before the sidecars start: Envoy makes none."""
    return tuple(
        file.parent
        for replica in topology.replicas
        if (written := mesh.workload(replica.node).access_log) and written.path not in STREAMS
        for file in [file_of(written, replica, logs)]
    )


def attached(listener: Json, workload: Workload, replica: Replica, logs: Path | None) -> Json:
    """The listener with the workload's log. Any file but the standard streams stands under `logs`; None keeps the
    written path. The log is marked in the listener's metadata, for its format may be refused."""
    written = workload.access_log
    if written is None:
        return listener
    logger = _logger(written, replica, logs)
    content = hashlib.blake2b(json.dumps(logger, sort_keys=True).encode(), digest_size=8).hexdigest()
    mark = {"rule": rule_id(workload), "hash": content}
    chains = [
        {**chain, "filters": [_with(one, logger) for one in chain["filters"]]}
        for chain in listener["filter_chains"]
    ]
    return {**listener, "metadata": {"filter_metadata": {"chaosmesh": mark}}, "filter_chains": chains}


def _with(network_filter: Json, logger: Json) -> Json:
    if network_filter["name"] not in _LOGGED:
        return network_filter
    config = network_filter["typed_config"]
    return {**network_filter, "typed_config": {**config, "access_log": [*config["access_log"], logger]}}


def _logger(written: AccessLog, replica: Replica, logs: Path | None) -> Json:
    moved = logs is not None and written.path not in STREAMS
    fields: Json = {"path": str(file_of(written, replica, logs)) if logs and moved else written.path}
    if written.text is not None:
        fields["log_format"] = {"text_format_source": {"inline_string": written.text}}
    elif written.json is not None:
        fields["log_format"] = {"json_format": dict(written.json)}
    return extension("envoy.access_loggers.file", "extensions.access_loggers.file.v3.FileAccessLog", **fields)


def file_of(written: AccessLog, replica: Replica, logs: Path) -> Path:
    """Where a workload's log file stands."""
    return logs / "access" / replica.key / (PurePosixPath(written.path).name or "access.log")
