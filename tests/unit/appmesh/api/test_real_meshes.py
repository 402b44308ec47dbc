"""Meshes that people really had: the API takes each resource of them, in the order that references ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh.api import Store, running
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents import KINDS
from tests.unit.appmesh.api.asking import Asking, collection
from tests.unit.appmesh.corpus import DOCUMENTS, read

ORDER = ("virtualNode", "virtualRouter", "route", "virtualService", "virtualGateway", "gatewayRoute")
WHOLE = [name for name, case in DOCUMENTS.items() if case.resources > 2]


def create(ask: Asking, one: Resource) -> None:
    spec = one.spec.plain()
    body = {KINDS[one.kind].name_key: one.name, "spec": spec}
    answer = ask("PUT", f"meshes/m/{collection(one.kind, one.parent or '')}", body)
    assert answer["spec"].keys() == spec.keys()


@pytest.mark.parametrize("name", WHOLE)
def test_the_api_takes_every_resource_and_the_mesh_runs_after_each(corpus: Path, name: str):
    resources = read(name)
    ask = Asking().mesh()
    for kind in ORDER:
        for one in resources:
            if one.kind == kind:
                create(ask, one)
                translate(running(ask.store.state))
    there = [one for one in resources if one.kind != "mesh"]
    assert len(ask.store.state.records) == len(there) + 1
    assert len(Store.of(resources).state.records) == len(there) + 1
