"""The images of the docker runtime: their tags, whether they are there, and building what is missing."""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime.docker.context import NAMES, Context, Name, context, folder
from chaosmesh.runtime.docker.store import IMAGE_LABEL, Say, find, pull, tidy

if TYPE_CHECKING:
    from docker.client import DockerClient

__all__ = [
    "LOCAL_BASE",
    "NAMES",
    "OF_A_MESH",
    "PREFIX",
    "SETUP",
    "Base",
    "Image",
    "build",
    "missing",
    "require",
    "tag",
]

OF_A_MESH: Final[tuple[Name, ...]] = ("sidecar", "standin", "toxiproxy")
"""Without which no mesh starts."""
PREFIX: Final = "CHAOSMESH_IMAGES"
"""In the environment: where images are named, like "registry.example/mesh"; there they are pulled before they are built."""
LOCAL_BASE: Final = "chaosmesh/base:latest"
"""What docker/engine.sh makes."""
SETUP: Final = "chaosmesh setup --runtime docker"
BASE_LABEL = "chaosmesh.base"
AT_ONCE = 2  # builds; more only wait for the same disk
LAST_LINES = 15  # of a build that failed
NOTE = "note: "  # how a Dockerfile's line begins that users shall see


@dataclass(frozen=True, slots=True)
class Image:
    """One image as it should be."""

    context: Context

    @property
    def tag(self) -> str:
        """Repository and hash of the content."""
        return f"{_prefix()}/{self.context.name}:{self.context.digest}"


@dataclass(frozen=True, slots=True)
class Base:
    """What an image is built on, and the engine's id of it."""

    name: str
    id: str


def tag(name: str) -> str:
    """ "chaosmesh/sidecar:<hash>". The hash is of what is put into the image, whatever it stands on."""
    return Image(context(_known(name))).tag


def require(client: DockerClient, names: Sequence[str] = NAMES) -> dict[str, str]:
    """Tags by name. EnvironmentFailedError that names those that are missing and the command that builds them."""
    found = {name: tag(name) for name in names}
    missing = [one for one in found.values() if find(client, one) is None]
    if missing:
        raise EnvironmentFailedError(f"images are missing: {', '.join(missing)}", hint=SETUP)
    return found


def missing(client: DockerClient) -> list[str]:
    """Names of the images that are not there; for those who only want to know."""
    return [name for name in NAMES if find(client, tag(name)) is None]


def build(
    client: DockerClient,
    names: Sequence[str] = NAMES,
    base: str | None = None,
    say: Say = lambda _line: None,
) -> dict[str, str]:
    """Builds what is missing; returns the tags by name.

    `base` is what all of them shall stand on: one that stands on another image is made again. Without it the base that
    docker/engine.sh made is taken if there is one, else each Dockerfile's own, and an image that is there is kept.
    Raises EnvironmentFailedError with the last lines of a build that failed.
    """
    wanted = [Image(context(_known(name))) for name in names]
    named = Base(base, _base_id(client, base, say)) if base else None
    due = [one for one in wanted if not _there(client, one, named, say)]
    if due:
        replaced = [str(old.id) for one in due if (old := find(client, one.tag))]
        local = find(client, LOCAL_BASE)
        bases = {
            one: named
            or (Base(LOCAL_BASE, str(local.id)) if local else _public(client, one.context.public_base, say))
            for one in due
        }
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="image") as workers:
            for done in [workers.submit(_build, client, one, bases[one], say) for one in due]:
                done.result()
        tidy(client, replaced)
    return {one.context.name: one.tag for one in wanted}


def _there(client: DockerClient, image: Image, base: Base | None, say: Say) -> bool:
    found = find(client, image.tag)
    if found is None and os.environ.get(PREFIX):
        found = pull(client, image.tag, say)
    return found is not None and (base is None or found.labels.get(BASE_LABEL) == base.id)


def _build(client: DockerClient, image: Image, base: Base, say: Say) -> None:
    began = time.monotonic()
    say(f"setup: building {image.tag} on {base.name}")
    last: deque[str] = deque(maxlen=LAST_LINES)
    with tempfile.TemporaryFile(prefix="chaosmesh-") as archive:
        image.context.write(archive)
        archive.seek(0)
        steps = client.api.build(
            fileobj=archive,
            custom_context=True,
            tag=image.tag,
            buildargs={"BASE": base.name, **image.context.arguments},
            labels={IMAGE_LABEL: image.context.name, BASE_LABEL: base.id},
            rm=True,
            forcerm=True,
            decode=True,
            timeout=None,
        )
        failed = _follow(steps, last, say)
    if failed or find(client, image.tag) is None:
        lines = "\n".join(f"    {line}" for line in last)
        raise EnvironmentFailedError(
            f"building {image.tag} failed: {failed or 'the engine made nothing'}\n{lines}",
            hint=_mend(image.context),
        )
    say(f"setup: {image.tag} is ready ({time.monotonic() - began:.0f} s)")


def _mend(context: Context) -> str:
    if context.name == "prometheus" and not context.arguments:
        return f"install it here (apt-get install --no-install-recommends prometheus), then {SETUP}"
    return f"mend what the last line says, or name another base image: {SETUP} --base IMAGE"


def _follow(steps: Any, last: deque[str], say: Say) -> str:
    """Reads a build to its end; returns what went wrong, "" if nothing did."""
    from docker.errors import APIError

    failed = ""
    try:
        for step in steps:
            error = step.get("error") or step.get("message")  # the latter where the engine refused to begin
            for line in str(step.get("stream") or error or "").splitlines():
                if line.strip():
                    last.append(line.rstrip())
                if line.startswith(NOTE):
                    say(f"setup: {line}")
            failed = str(error or failed)
    except (APIError, OSError) as lost:
        return str(getattr(lost, "explanation", None) or lost)
    return failed


def _public(client: DockerClient, name: str, say: Say) -> Base:
    return Base(name, _base_id(client, name, say))


def _base_id(client: DockerClient, name: str, say: Say) -> str:
    found = find(client, name) or pull(client, name, say)
    if found is None:
        raise EnvironmentFailedError(
            f"the base image {name} is not there and can't be pulled",
            hint=f"sh {folder() / 'engine.sh'} makes one from Debian packages (as root); "
            f"or name one that can be had: {SETUP} --base IMAGE",
        )
    return str(found.id)


def _prefix() -> str:
    return os.environ.get(PREFIX, "").strip("/") or "chaosmesh"


def _known(name: str) -> Name:
    for one in NAMES:
        if one == name:
            return one
    raise UsageError(f"there is no image {name!r}", hint=f"one of: {', '.join(NAMES)}")
