"""The images that an engine has: looked up, pulled, removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chaosmesh.errors import UsageError

if TYPE_CHECKING:
    from docker.client import DockerClient

IMAGE_LABEL = "chaosmesh.image"
STAGE = "stage"
"""That label of a Dockerfile's stage; images that users make of ours inherit its other values."""

Say = Callable[[str], None]


def find(client: DockerClient, name: str) -> Any:
    """An image by its name or id, None when it is not there. UsageError for what can't be a name."""
    from docker.errors import APIError, NotFound

    try:
        return client.images.get(name)
    except NotFound:
        return None
    except APIError as error:
        if error.is_client_error():
            raise UsageError(f"{name!r} is no name of an image: {error.explanation}") from error
        raise


def pull(client: DockerClient, name: str, say: Say) -> Any:
    """The image, or None when no registry has it (or none can be reached)."""
    from docker.errors import APIError
    from docker.utils import parse_repository_tag

    say(f"setup: pulling {name}")
    repository, version = parse_repository_tag(name)
    try:
        return client.images.pull(repository, tag=version or "latest")
    except (APIError, OSError):
        return None


def tidy(client: DockerClient, replaced: Sequence[str]) -> None:
    """Removes what has no tag any more since a new image has it, and the stages of builds; not what a container uses."""
    from docker.errors import APIError

    stages = client.images.list(filters={"dangling": True, "label": f"{IMAGE_LABEL}={STAGE}"})
    for one in (*stages, *(old for name in replaced if (old := find(client, name)))):
        with suppress(APIError):
            if not one.tags:
                client.images.remove(one.id)
