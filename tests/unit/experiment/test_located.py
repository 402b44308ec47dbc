"""Where the paths of a test are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.engine.experiment.inputs import located
from chaosmesh.errors import UsageError


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The root and the test's own folder; both have a mesh, and the root has one more."""
    own = tmp_path / "tests"
    for one in (tmp_path / "mesh", own / "mesh", tmp_path / "only"):
        one.mkdir(parents=True)
    return tmp_path, own


def test_a_plain_path_is_the_roots_and_a_dotted_one_the_tests(folders: tuple[Path, Path]) -> None:
    root, own = folders
    assert located("mesh", folders) == root / "mesh"
    assert located("./mesh", folders) == own / "mesh"
    assert located(".", folders) == own
    assert located("../only", folders).resolve() == root / "only"
    assert located("./only", folders) == root / "only"


def test_a_path_that_is_nowhere_names_where_it_was_looked_for(folders: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="there is no 'away'") as error:
        located("away", folders)
    assert str(folders[1]) in error.value.hint
