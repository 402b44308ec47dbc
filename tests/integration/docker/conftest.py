"""The Docker engine, and the images."""

from tests.containers import docker_engine, docker_images

__all__ = ["docker_engine", "docker_images"]
