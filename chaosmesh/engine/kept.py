"""What a run folder keeps of the policy: the documents as they were, what they say rule by rule, and the picture of the
mesh."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from chaosmesh.appmesh import Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stated import Rule, rules_of
from chaosmesh.errors import UsageError, Where
from chaosmesh.mesh import Mesh
from chaosmesh.mesh.picture import Arrow, Picture, Spot, picture

DOCUMENTS: Final = "documents.json"
RULES: Final = "rules.json"
PICTURE: Final = "picture.json"


def keep_documents(folder: RunFolder, resources: Resources, scenario: Scenario) -> None:
    """Copy the documents and the scenario file to `config/documents`, and say in `config/documents.json` which file is
    which: `[{"file", "kept"}]`; and every rule as it was read to `config/rules.json`: `[{"id", "value", "where"}]`.
    What was kept at the begin of a run stays: files may change while it goes on."""
    if (folder.config / DOCUMENTS).is_file():
        return
    kept = folder.config / "documents"
    kept.mkdir(exist_ok=True)
    files = {one.where.file for one in resources} | {scenario.place().file}
    index = []
    for number, file in enumerate(sorted(one for one in files if Path(one).is_file())):
        name = f"{number:03d}-{Path(file).name}"
        shutil.copyfile(file, kept / name)
        index.append({"file": file, "kept": f"documents/{name}"})
    folder.write_json(f"config/{RULES}", [one.as_json() for one in rules_of(resources, scenario)])
    folder.write_json(f"config/{DOCUMENTS}", index)


def keep_picture(
    folder: RunFolder, mesh: Mesh, entries: Sequence[str], externals: Sequence[str] = ()
) -> None:
    """Write where every workload stands in a picture of the mesh to `config/picture.json`."""
    folder.write_json(f"config/{PICTURE}", asdict(picture(mesh, entries, externals)))


def kept_documents(folder: Path) -> list[tuple[str, Path]]:
    """The documents of a run folder: what each was called, and its copy. Empty where none were kept."""
    index = folder / "config" / DOCUMENTS
    if not index.is_file():
        return []
    return [(one["file"], folder / "config" / one["kept"]) for one in json.loads(index.read_text("utf-8"))]


def kept_rules(folder: Path) -> tuple[Rule, ...] | None:
    """What the documents of a run folder say; None where that was not kept. UsageError where the file is damaged."""
    file = folder / "config" / RULES
    if not file.is_file():
        return None
    hint = "take another run folder, or run it again"
    try:
        body = json.loads(file.read_text("utf-8"))
        return tuple(Rule(one["id"], one["value"], Where(**one["where"])) for one in body)
    except json.JSONDecodeError as error:
        where = Where(str(file), error.lineno, error.colno)
        raise UsageError(f"this is no JSON: {error.msg}", where=where, hint=hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"it is damaged: {type(error).__name__} {error}"
        raise UsageError(text, where=Where(str(file)), hint=hint) from error


def kept_picture(folder: Path) -> Picture | None:
    """The picture of a run folder's mesh; None where none was kept."""
    file = folder / "config" / PICTURE
    if not file.is_file():
        return None
    told = json.loads(file.read_text("utf-8"))
    arrows = (Arrow(**{**one, "targets": tuple(map(tuple, one["targets"]))}) for one in told["edges"])
    return Picture(tuple(Spot(**one) for one in told["nodes"]), tuple(arrows), told["columns"], told["rows"])
