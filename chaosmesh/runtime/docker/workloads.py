"""The images of workloads' own programs: there, pulled, or built. Blocks; call it from a thread."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.services.program import Program

if TYPE_CHECKING:
    from docker.client import DockerClient


def images(client: DockerClient, programs: Iterable[Program]) -> dict[str, str]:
    """The image of each program's node. Raises EnvironmentFailedError for one that can't be had, UsageError for a
    program without any."""
    found: dict[str, str] = {}
    for one in programs:
        if one.node not in found:
            found[one.node] = _built(client, one) if one.build else _had(client, one)
    return found


def _had(client: DockerClient, program: Program) -> str:
    from docker.errors import APIError, ImageNotFound

    if not program.image:
        raise UsageError(
            f"{program.node}: a command of this machine does not run in a container",
            where=program.where,
            hint="name an image or a build folder for it, or use --runtime process",
        )
    try:
        client.images.get(program.image)
    except ImageNotFound:
        try:
            client.images.pull(program.image)
        except APIError as error:
            raise EnvironmentFailedError(
                f"the image {program.image} of {program.node} is not there, and it can't be pulled: "
                f"{error.explanation or error}",
                where=program.where,
                hint=f"docker pull {program.image}, or build it under that name",
            ) from error
    return program.image


def _built(client: DockerClient, program: Program) -> str:
    """The engine's own cache makes a second build of the same folder a matter of a moment."""
    from docker.errors import APIError, BuildError

    name = re.sub("[^a-z0-9]+", "-", program.node.lower()).strip("-")
    tag = f"chaosmesh/own-{name or 'program'}"
    try:
        built, _ = client.images.build(
            path=program.build,
            dockerfile=program.dockerfile or None,
            tag=tag,
            rm=True,
            forcerm=True,
            buildargs=dict(program.build_args),
            target=program.build_target or None,
        )
    except BuildError as error:
        lines = [str(one.get("stream") or one.get("error") or "").rstrip() for one in error.build_log]
        last = "\n".join(line for line in lines if line)[-2000:]
        raise EnvironmentFailedError(
            f"the image of {program.node} was not built from {program.build}: {error.msg}\n{last}",
            where=program.where,
            hint=f"docker build {program.build}",
        ) from error
    except (APIError, TypeError) as error:
        raise EnvironmentFailedError(
            f"the image of {program.node} was not built from {Path(program.build)}: {error}",
            where=program.where,
            hint=f"docker build {program.build}",
        ) from error
    return str(built.id)  # the tag may be another run's by now
