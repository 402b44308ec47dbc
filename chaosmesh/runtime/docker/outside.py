"""Pods that know what is outside the mesh, and containers of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.outside import DOORS, Outside
from chaosmesh.runtime.parts import Part

IGNORED = "APPMESH_EGRESS_IGNORED_IP"
ALWAYS = "169.254.169.254,169.254.170.2"
"""What App Mesh's injector leaves uncaptured: the addresses of instance and task metadata."""


def knowing(pod: Spec, found: Sequence[Outside]) -> Spec:
    """A pod whose programs find each by its name, past the sidecar: as a task does that lists the addresses of its
    databases among the ignored ones."""
    if not found:
        return pod
    doors = ",".join(one.door for one in found)
    env = {**pod.env, IGNORED: f"{pod.env.get(IGNORED, ALWAYS)},{doors}"}
    return replace(pod, env=env, hosts={**pod.hosts, **{one.name: one.door for one in found}})


def opened(holder: Spec, found: Sequence[Outside], subnet: str) -> Spec:
    """Toxiproxy's network, with the addresses of their proxies."""
    if not found:
        return holder
    local = f"{holder.env['CAPTURE_LOCAL']},{subnet}.{DOORS}.0/24"
    return replace(holder, env={**holder.env, "CAPTURE_LOCAL": local})


def box(one: Outside, image: str) -> Spec:
    """A container of it, with an address of its own."""
    part = Part("external", label=one.name)
    return Spec(part, image, env=dict(one.env), address=one.home, foreign=True)
