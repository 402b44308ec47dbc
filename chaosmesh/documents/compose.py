"""A service of a Compose file as a container (https://docs.docker.com/reference/compose-file/services/).

The file is read where the scenario names it (`compose: FILE#SERVICE`); what a mesh gives (networks, links, names) is
not taken over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaosmesh.documents.compose_parts import (
    environment,
    healthcheck,
    ports,
    processors_of,
    size_of,
    volumes,
    word,
    words,
)
from chaosmesh.documents.containers import Build, Container, Gap, Mount
from chaosmesh.documents.interpolation import env_file, filled, merged
from chaosmesh.documents.source import read_text
from chaosmesh.documents.tree import Node, Problems, did_you_mean
from chaosmesh.documents.yamltext import read_yaml
from chaosmesh.errors import DocumentError, Problem, Where

TAKEN = {
    "image", "build", "command", "entrypoint", "environment", "env_file", "ports", "expose", "volumes", "tmpfs",
    "healthcheck", "user", "working_dir", "deploy", "cpus", "mem_limit", "scale",
}  # fmt: skip
HARMLESS = {
    "container_name", "hostname", "restart", "labels", "logging", "networks", "profiles", "init", "tty", "stdin_open",
    "stop_grace_period", "stop_signal", "pull_policy", "platform", "depends_on", "links", "attach", "annotations",
    "develop", "domainname", "label_file", "read_only", "security_opt", "cap_drop", "ulimits", "stdin", "dns",
}  # fmt: skip
"""Without a meaning here, or without one for what a service answers. Others are noted."""
KNOWN = TAKEN | HARMLESS | {
    "blkio_config", "cap_add", "cgroup", "cgroup_parent", "configs", "cpu_count", "cpu_percent", "cpu_shares",
    "cpu_period", "cpu_quota", "cpu_rt_runtime", "cpu_rt_period", "cpuset", "credential_spec", "device_cgroup_rules",
    "devices", "dns_opt", "dns_search", "extends", "external_links", "extra_hosts", "group_add", "gpus", "ipc",
    "isolation", "mac_address", "mem_reservation", "mem_swappiness", "memswap_limit", "models", "network_mode",
    "oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "post_start", "pre_stop", "privileged", "provider",
    "runtime", "secrets", "shm_size", "storage_opt", "sysctls", "userns_mode", "uts", "volumes_from",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Composed:
    """A service as a container, and how many copies the file wants of it."""

    container: Container
    copies: int | None = None


def composed(path: Path, service: str, variables: Mapping[str, str], said: Where) -> Composed:
    """One service of a Compose file. `variables` go over `.env` beside the file, and that over the environment of
    this process; `said` is where the file is named. DocumentError with every problem."""
    problems = Problems()
    if not path.is_file():
        raise DocumentError(
            [Problem(said, f"there is no Compose file {path}", "paths start at the scenario file")]
        )
    roots = read_yaml(read_text(path), str(path))
    root = merged(roots[0] if roots else Node({}, Where(str(path))), problems)
    services = root.at("services")
    names = sorted(services.fields) if services else []
    written = services.at(service) if services else None
    if written is None:
        message = f"{path} has no service {service!r}"
        raise DocumentError(
            [*problems, Problem(said, message, did_you_mean(service, names) or "it has no services")]
        )
    if not isinstance(written.value, Mapping):
        raise DocumentError([Problem(written.place, f"{service} is no mapping", "write image: or build:")])
    outside: dict[str, str] = dict(os.environ)
    if (path.parent / ".env").is_file():
        beside = env_file(path.parent / ".env", outside, problems)
        outside |= {name: value for name, value in beside.items() if value is not None}
    reader = _Service(
        path, filled(written, {**outside, **variables}, problems), problems, {**outside, **variables}
    )
    made = reader.container(service)
    if problems:
        raise DocumentError(problems)
    return made


@dataclass(slots=True)
class _Service:
    path: Path
    node: Node
    problems: Problems
    values: Mapping[str, str]
    gaps: list[Gap] = field(default_factory=list)

    def container(self, name: str) -> Composed:
        """The service as a whole."""
        build = self.build()
        image = word(self.node.at("image"))
        if not image and build is None:
            self.problems.add(self.node.place, f"{name} has neither image nor build", "write one of them")
        limits = self.node.at("deploy", "resources", "limits")
        copies = word(self.node.at("deploy", "replicas") or self.node.at("scale"))
        made = Container(
            name=name,
            where=self.node.place,
            image="" if build else image,
            build=build,
            ports=tuple(ports(self.node, self.problems)),
            entrypoint=words(self.node.at("entrypoint"), self.problems),
            command=words(self.node.at("command"), self.problems),
            env=dict(self.environment()),
            mounts=tuple(self.mounts()),
            user=word(self.node.at("user")),
            folder=word(self.node.at("working_dir")),
            cpus=processors_of(
                (limits.at("cpus") if limits else None) or self.node.at("cpus"), self.problems
            ),
            memory_mb=size_of(
                (limits.at("memory") if limits else None) or self.node.at("mem_limit"), self.problems
            ),
            probe=healthcheck(self.node.at("healthcheck"), self.problems),
            gaps=tuple(self.gaps),
            notes=tuple(self.notes(name)),
        )
        return Composed(made, int(copies) if copies.isdigit() and int(copies) else None)

    def build(self) -> Build | None:
        """`build:` as a folder or a mapping; the context is found from the Compose file."""
        found = self.node.at("build")
        if found is None or found.value is None:
            return None
        written = word(found) if not found.fields else word(found.at("context")) or "."
        arguments = dict(environment(found.at("args"), self.values))
        folder = self.path.parent / written
        if not folder.is_dir():
            self.problems.add(
                found.place, f"build: there is no folder {folder}", "it starts at the Compose file"
            )
        dockerfile, target = word(found.at("dockerfile")), word(found.at("target"))
        return Build(str(folder), dockerfile, {k: v or "" for k, v in arguments.items()}, target)

    def environment(self) -> Iterator[tuple[str, str]]:
        """`env_file` first, then `environment`; a bare name is passed on from outside."""
        listed = self.node.at("env_file")
        for one in (listed.items or (listed,)) if listed else ():
            yield from self.known(self.file(one), one)
        yield from self.known(
            environment(self.node.at("environment"), self.values), self.node.at("environment")
        )

    def file(self, node: Node) -> Iterator[tuple[str, str | None]]:
        path = self.path.parent / (word(node) if not node.fields else word(node.at("path")))
        if path.is_file():
            yield from env_file(path, self.values, self.problems).items()
        elif word(node.at("required")) != "false":
            self.problems.add(
                node.place, f"env_file: there is no file {path}", "it starts at the Compose file"
            )

    def known(self, pairs: Iterator[tuple[str, str | None]], node: Node | None) -> Iterator[tuple[str, str]]:
        for name, value in pairs:
            given = self.values.get(name) if value is None else value
            if given is not None:
                yield name, given
            elif node is not None:
                self.gaps.append(Gap(f"env.{name}", "has no value in the Compose file", node.place))

    def mounts(self) -> Iterator[Mount]:
        """Files and folders beside the Compose file; named volumes become volumes of the run."""
        for mount, node in volumes(self.node, self.problems):
            if not mount.source:
                yield mount
                continue
            source = Path(mount.source).expanduser()
            whole = source if source.is_absolute() else self.path.parent / source
            if whole.exists():
                yield Mount(mount.target, str(whole), read_only=mount.read_only)
            else:
                self.gaps.append(Gap(f"files.{mount.target}", f"is {whole}, which is not there", node.place))

    def notes(self, name: str) -> Iterator[Problem]:
        """Keys that change what a service does and are not taken over."""
        for key, one in self.node.fields.items():
            if key not in KNOWN and not key.startswith("x-"):
                self.problems.add(
                    one.place, f"{key} is no key of a Compose service", did_you_mean(key, KNOWN)
                )
            elif key not in TAKEN | HARMLESS and not key.startswith("x-") and one.value not in (None, False):
                yield Problem(
                    one.place, f"service {name}: {key} is not taken over", "the image runs without it"
                )
