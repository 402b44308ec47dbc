"""A volume without room: a file fills it, written by a small container beside the application."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime.docker import labels
from chaosmesh.runtime.docker.ill import Ill, Patient
from chaosmesh.runtime.heal import Heal
from chaosmesh.services.program import Program, Volume

MOST_MB = 1024
"""Volumes up to here are filled: they are memory of this machine."""
FILE = ".chaosmesh-full"
FULL = "full"
_FILL: Final = f"""
trap 'rm -f "$0"; exit 0' TERM
dd if=/dev/zero of="$0" bs=4k 2>/dev/null || true
test -s "$0" && echo {FULL}
sleep infinity & wait
"""


class Filled(Ill):
    """The helper shares the application's processes, and through them sees its volumes; so the application's image
    needs no tool of its own."""

    def __init__(self, patient: Patient, path: str) -> None:
        super().__init__(patient)
        self._path = PurePosixPath(path)
        self._helper: Any = None
        self._file = ""

    def prepare(self) -> list[Heal]:
        """The helper ends, and takes its file away. It is made here, and does nothing yet."""
        volume = self._volume()
        self._file = f"/proc/1/root{volume.target.rstrip('/')}/{FILE}"
        patient = self._patient
        name = f"full-{patient.replica.key}"
        self._helper = patient.client.containers.create(
            patient.image,
            ["sh", "-c", _FILL, self._file],
            labels=labels.of(patient.run, name),
            pid_mode=f"container:{patient.containers.get(patient.part).id}",
            network_mode="none",
            cap_drop=["ALL"],
            cap_add=["SYS_PTRACE", "DAC_OVERRIDE"],
            user="0",
        )
        path = f"/containers/{self._helper.id}/stop?t=5"
        return [Heal.engine("POST", path, socket=patient.socket, fine=(304,))]

    def begin(self) -> None:
        """Until nothing more can be written."""
        self._helper.start()
        said = b""
        for part in self._helper.logs(stream=True, follow=True):
            said += part
            if FULL.encode() in said.split():
                return
        raise EnvironmentFailedError(
            f"disk_full: {self._path} of {self._patient.part} was not filled: {said.decode(errors='replace').strip()}"
        )

    def end(self) -> None:
        """The file is gone, and the helper."""
        from docker.errors import NotFound

        helper, self._helper = self._helper, None
        if helper is None:
            return
        try:
            helper.stop(timeout=5)
            helper.remove(force=True, v=True)
        except NotFound:
            return

    def seen(self) -> tuple[int, str]:
        """By the file system's own word."""
        code, output = self._helper.exec_run(["stat", "-f", "-c", "%a %S", self._file])
        if code:
            return 1, f"had no room in {self._path}"
        blocks, size = map(int, output.split())
        return int(blocks == 0), f"has {blocks * size:,} bytes of room in {self._path}"

    def left(self) -> str:
        """A helper that is there still."""
        wanted = {
            "label": [f"{labels.RUN}={self._patient.run}", f"{labels.PART}=full-{self._patient.replica.key}"]
        }
        there = self._patient.client.containers.list(all=True, filters=wanted)
        return f"{self._path} of {self._patient.part} is full" if there else ""

    def _volume(self) -> Volume:
        app, key = self._patient.app, self._patient.replica.key
        volumes = app.files if isinstance(app, Program) else ()
        sized = [one for one in volumes if one.size_mb and not one.source]
        for one in sized:
            if self._path.is_relative_to(one.target):
                if one.size_mb and one.size_mb > MOST_MB:
                    raise UsageError(
                        f"disk_full: {one.target} of {key} holds {one.size_mb:,} MB, and it would take as much memory "
                        f"of this machine; at most {MOST_MB:,} MB are filled",
                        hint="make it smaller for the test",
                    )
                return one
        known = ", ".join(one.target for one in sized)
        raise UsageError(
            f"disk_full: {self._path} is no volume of {key} with a size of its own"
            + (f"; these are: {known}" if known else ""),
            hint="an emptyDir with a sizeLimit, or a tmpfs with a size, in the workload's documents",
        )
