"""One container of a pod (`spec.containers[]`), with the ConfigMaps and volumes around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from chaosmesh.documents.containers import Container, Gap, Mount, braced, mebibytes, processors
from chaosmesh.documents.pod_probe import probe_of, word
from chaosmesh.documents.tree import Node, Unresolved
from chaosmesh.errors import Problem

_REFERENCE = re.compile(r"\$\$|\$\((\w[\w.-]*)\)")
_UNTAKEN = {"privileged": "no container is privileged here", "capabilities": "capabilities stay as they are"}


@dataclass(frozen=True, slots=True)
class Around:
    """What a container of a pod can refer to."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    marks: Mapping[str, str]
    spec: Node
    configs: Mapping[tuple[str, str], Node]
    missing: Mapping[int, str]

    def config(self, name: str | None) -> Node | None:
        """The data of a ConfigMap, where it is among the documents."""
        return self.configs.get((self.namespace, name or ""))

    def field(self, path: str) -> str | None:
        """What the downward API knows of the pod before it runs. `{address}` and `{replica}` are filled in later."""
        found = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
        if found:
            return (self.labels if found[1] == "labels" else self.marks).get(found[2])
        return {
            "metadata.name": f"{self.name}-{{replica}}",
            "metadata.namespace": self.namespace,
            "status.podIP": "{address}",
            "status.hostIP": "{address}",
            "spec.nodeName": "chaosmesh",
            "spec.serviceAccountName": self.spec.text("serviceAccountName") or "default",
        }.get(path)


def container(node: Node, around: Around) -> Container:
    """The container as a whole. What the documents don't have is a gap, what can't be done here a note."""
    reader = _Reader(node, around)
    env = dict(reader.environment())
    limits = node.at("resources", "limits")
    return Container(
        name=node.text("name") or "app",
        where=node.where,
        image=reader.known("image", node.at("image")) or "",
        ports=tuple(reader.ports()),
        entrypoint=reader.words("command", env),
        command=reader.words("args", env),
        env=env,
        mounts=tuple(reader.mounts()),
        user=reader.user(),
        folder=word(node.at("workingDir")),
        cpus=processors(word(limits.at("cpu"))) if limits else None,
        memory_mb=mebibytes(word(limits.at("memory"))) if limits else None,
        probe=probe_of(node),
        gaps=tuple(reader.gaps),
        notes=tuple(reader.notes()),
    )


@dataclass(slots=True)
class _Reader:
    node: Node
    around: Around
    gaps: list[Gap] = field(default_factory=list)

    def known(self, what: str, node: Node | None) -> str | None:
        """A value as text; None, and a gap, where it stands in a variable without a value."""
        if node is None:
            return None
        if isinstance(node.value, Unresolved):
            reason = self.around.missing.get(node.where.line, "stands in a variable without a value")
            self.gaps.append(Gap(what, reason, node.place))
            return None
        return word(node)

    def ports(self) -> Iterator[int]:
        listed = self.node.at("ports")
        for one in listed.items if listed else ():
            port = word(one.at("containerPort"))
            if port.isdigit():
                yield int(port)

    def words(self, name: str, env: Mapping[str, str]) -> tuple[str, ...] | None:
        found = self.node.at(name)
        if found is None or found.value is None:
            return None
        listed = (self.known(name, one) for one in (found.items or (found,)))
        return tuple(expanded(braced(one), env) for one in listed if one is not None)

    def environment(self) -> Iterator[tuple[str, str]]:
        """`envFrom` first, then `env`; a value may name those before it as `$(NAME)`."""
        seen: dict[str, str] = {}
        for name, value in chain(self._whole(), self._each(seen)):
            seen[name] = value
            yield name, value

    def _whole(self) -> Iterator[tuple[str, str]]:
        listed = self.node.at("envFrom")
        for one in listed.items if listed else ():
            prefix = word(one.at("prefix"))
            reference = one.at("configMapRef") or one.at("secretRef")
            data = self.around.config(one.text("configMapRef", "name")) if one.at("configMapRef") else None
            if data is not None:
                yield from ((prefix + name, braced(word(value))) for name, value in data.fields.items())
            elif reference is not None and word(reference.at("optional")) != "true":
                kind = "ConfigMap" if one.at("configMapRef") else "Secret"
                reason = f"everything in the {kind} {word(reference.at('name'))}"
                self.gaps.append(Gap("env", f"{reason}, which is not among the documents", one.place))

    def _each(self, seen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        listed = self.node.at("env")
        for one in listed.items if listed else ():
            name = word(one.at("name"))
            if not name:
                continue
            source = one.at("valueFrom")
            if source is not None:
                value = self._from(name, source)
            else:
                literal = self.known(f"env.{name}", one.at("value") or Node("", one.where))
                value = None if literal is None else expanded(braced(literal), seen)
            if value is not None:
                yield name, value

    def _from(self, name: str, source: Node) -> str | None:
        """`valueFrom`: a ConfigMap of the documents, or what is known of the pod itself."""
        config, path = source.at("configMapKeyRef"), word(source.at("fieldRef", "fieldPath"))
        reason = "is kept in a secret" if source.at("secretKeyRef") else "comes from outside the documents"
        optional = any(word(one.at("optional")) == "true" for one in source.fields.values())
        if config is not None:
            data = self.around.config(config.text("name"))
            value = data.at(word(config.at("key"))) if data else None
            if value is not None:
                return braced(word(value))
            reason = f"is in the ConfigMap {word(config.at('name'))}, which the documents don't have"
        elif path and (known := self.around.field(path)) is not None:
            return known
        if not optional:
            self.gaps.append(Gap(f"env.{name}", reason, source.place))
        return None

    def user(self) -> str:
        for holder in (self.node, self.around.spec):
            found = holder.at("securityContext", "runAsUser")
            if found is not None:
                group = word(holder.at("securityContext", "runAsGroup"))
                return f"{word(found)}:{group}" if group else word(found)
        return ""

    def mounts(self) -> Iterator[Mount]:
        listed, volumes = self.node.at("volumeMounts"), self.around.spec.at("volumes")
        known = {word(one.at("name")): one for one in (volumes.items if volumes else ())}
        for one in listed.items if listed else ():
            target, volume = word(one.at("mountPath")), known.get(word(one.at("name")))
            if target and volume is not None:
                yield from self._mounted(one, target, volume)

    def _mounted(self, mount: Node, target: str, volume: Node) -> Iterator[Mount]:
        config = volume.at("configMap")
        if config is not None and (data := self.around.config(config.text("name"))) is not None:
            yield from _files(mount, target, config, data)
            return
        empty = volume.at("emptyDir")
        if empty is not None or volume.at("persistentVolumeClaim") or volume.at("ephemeral"):
            size = mebibytes(word(empty.at("sizeLimit"))) if empty is not None else None
            yield Mount(target, read_only=word(mount.at("readOnly")) == "true", size_mb=size)
            return
        kind = next((name for name in volume.fields if name != "name"), "volume")
        self.gaps.append(Gap(f"files.{target}", f"is a {kind} that the documents don't hold", mount.place))

    def notes(self) -> Iterator[Problem]:
        for name, words in _UNTAKEN.items():
            found = self.node.at("securityContext", name)
            if found is not None and (found.fields or found.value is True):
                yield Problem(found.place, f"{name}: {words}", "its image has to do without")


def _files(mount: Node, target: str, config: Node, data: Node) -> Iterator[Mount]:
    """A ConfigMap as a folder with a file for each key, or (`subPath`) one of them as a file."""
    items = config.at("items")
    renamed = {word(one.at("key")): word(one.at("path")) for one in (items.items if items else ())}
    one = word(mount.at("subPath"))
    for key, value in data.fields.items():
        path = renamed.get(key, "" if renamed else key)
        if one and path == one:
            yield Mount(target, text=word(value), read_only=True)
        elif path and not one:
            yield Mount(f"{target.rstrip('/')}/{path}", text=word(value), read_only=True)


def expanded(text: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` by the variables before; `$$` is a dollar, an unknown name stays as it is written."""
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else env.get(found[1], found[0]), text)
