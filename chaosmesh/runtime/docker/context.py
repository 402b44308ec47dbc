"""What the images are made of: files of docker/, programs of this machine, installed packages; and a hash of it all."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import IO, Final, Literal, get_args

from chaosmesh.envoy import binary
from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.prometheus import find as prometheus
from chaosmesh.runtime.toxiproxy import require

Name = Literal["sidecar", "standin", "toxiproxy", "prometheus"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)

STANDIN_PACKAGES = ("aiohttp", "h2")
"""What chaosmesh.services imports; what these need comes with them."""
HASH_LENGTH = 12  # hexadecimal digits
UNUSED = (".pyi", ".pyc", ".pxd", ".pyx", ".c", ".h", ".txt", ".md", ".rst")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a build context, under its name there."""

    name: str
    source: Path
    program: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """All that an image is made of but its base; `arguments` are those of the Dockerfile."""

    name: Name
    files: tuple[File, ...]
    arguments: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def digest(self) -> str:
        """Of the names, modes and contents of the files, and of the arguments."""
        whole = hashlib.sha256()
        for one in self.files:
            whole.update(f"{one.name}\0{one.program:d}\0{_content(one.source)}\n".encode())
        whole.update(repr(sorted(self.arguments.items())).encode())
        return whole.hexdigest()[:HASH_LENGTH]

    @property
    def public_base(self) -> str:
        """The base that the Dockerfile names."""
        for line in self.files[0].source.read_text().splitlines():
            if line.startswith("ARG BASE="):
                return line.removeprefix("ARG BASE=").strip()
        raise EnvironmentFailedError(
            f"{self.files[0].source} names no base image", hint="reinstall chaosmesh"
        )

    def write(self, target: IO[bytes]) -> None:
        """As the tar file that an engine takes; the same content gives the same bytes."""
        with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for one in self.files:
                with one.source.open("rb") as source:
                    archive.addfile(_header(one), source)


def context(name: Name) -> Context:
    """What an image is made of. EnvironmentFailedError when a program of it is not installed."""
    here = folder() / name
    dockerfile = File("Dockerfile", here / "Dockerfile")
    if name == "sidecar":
        envoy = File("envoy", binary(), program=True)
        return Context(name, (dockerfile, File("capture", here / "capture", program=True), envoy))
    if name == "standin":
        return Context(name, (dockerfile, *sorted(_site(), key=lambda one: one.name)))
    if name == "toxiproxy":
        return Context(name, (dockerfile, File("toxiproxy-server", require(), program=True)))
    found = prometheus()
    if found is None:
        return Context(name, (dockerfile,))
    return Context(name, (dockerfile, File("prometheus", found, program=True)), {"PROGRAM": "scratch"})


def folder() -> Path:
    """The folder of the Dockerfiles: package data of an installed package, the repository's own in a checkout."""
    package = Path(__file__).resolve().parents[2]
    for home in (package / "docker", package.parent / "docker"):
        if (home / "sidecar" / "Dockerfile").is_file():
            return home
    raise EnvironmentFailedError(
        "the Dockerfiles are missing from this installation", hint="reinstall chaosmesh"
    )


def _site() -> Iterator[File]:
    """The stand-in and the packages that it imports, as they lie in this Python."""
    package = Path(__file__).resolve().parents[2]
    for one in (package / "__init__.py", package / "errors.py", *(package / "services").glob("*.py")):
        yield File(f"site/chaosmesh/{one.relative_to(package)}", one)
    for name in _closure(STANDIN_PACKAGES):
        for path in metadata.files(name) or ():
            if path.suffix in UNUSED or ".." in path.parts or path.parts[0].endswith(".dist-info"):
                continue
            yield File(f"site/{path}", Path(str(path.locate())))


def _closure(names: Sequence[str]) -> Iterator[str]:
    """These packages and all that they need here, once each."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    waiting, seen = list(names), set[str]()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        yield name
        try:
            needed = [Requirement(one) for one in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError as error:
            raise EnvironmentFailedError(
                f"the package {name} is missing", hint="pip install chaosmesh"
            ) from error
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


def _header(file: File) -> tarfile.TarInfo:
    header = tarfile.TarInfo(file.name)
    header.size = file.source.stat().st_size
    header.mode = 0o755 if file.program else 0o644
    return header


def _content(path: Path) -> str:
    stat = path.stat()
    return _hashed(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hashed(path: Path, _size: int, _changed: int) -> str:
    """Envoy's hundred megabytes are read once in a process."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
