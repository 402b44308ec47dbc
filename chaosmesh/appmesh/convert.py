"""The same resources in another format, and what does not go over, each with its place in the documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents.write_api_json import write_api_json
from chaosmesh.documents.write_cloudformation import write_cloudformation
from chaosmesh.documents.write_kubernetes import write_kubernetes
from chaosmesh.documents.writing import Page, Plain, Written
from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class Loss:
    """What a user of the target format would refuse, ignore or lack. `field`: path in the spec, dotted."""

    resource: str
    field: str
    reason: str
    where: Where


@dataclass(frozen=True, slots=True)
class Conversion:
    """The files of the target format, and the losses in the order of the documents."""

    pages: tuple[Page, ...]
    losses: tuple[Loss, ...]


def convert(resources: Resources, target: str) -> Conversion:
    """The resources in a format of `TARGETS`. Reading the files gives equal resources."""
    own = {(one.kind, one.parent, one.name): one for one in resources}
    written = TARGETS[target](resources, [Plain(*key, one.spec.plain()) for key, one in _keyed(own)])
    losses = [_placed(own[one.key], one.path, one.reason) for one in written.losses]
    return Conversion(tuple(written.pages), tuple(sorted(losses, key=lambda one: one.where)))


def _keyed(
    own: dict[tuple[str, str | None, str], Resource],
) -> list[tuple[tuple[str, str, str | None], Resource]]:
    return [((kind, name, parent), one) for (kind, parent, name), one in own.items()]


def _placed(resource: Resource, path: tuple[str | int, ...], reason: str) -> Loss:
    where = resource.place(*path) if path else resource.where
    return Loss(resource.id, ".".join(map(str, path)), reason, where)


Writer = Callable[[Resources, list[Plain]], Written]
TARGETS: dict[str, Writer] = {
    "api-json": lambda resources, plain: write_api_json(resources.mesh_name, plain),
    "cloudformation": lambda resources, plain: write_cloudformation(resources.mesh_name, plain),
    "kubernetes": lambda resources, plain: write_kubernetes(resources.mesh_name, plain, resources.cluster),
}
