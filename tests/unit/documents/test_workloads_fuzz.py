"""Whatever a task definition, a Deployment or a Compose file holds: what runs, or one error. Never anything else."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.compose import composed
from chaosmesh.engine.found import find
from chaosmesh.errors import DocumentError, Where
from tests.unit.documents.test_compose import WHOLE
from tests.unit.documents.test_ecs import ARN, TEMPLATE
from tests.unit.documents.test_fuzz import PIECES
from tests.unit.documents.test_pods import DEPLOYMENT, HEAD, LABELS

TASK = TEMPLATE % (ARN, "mesh/m/virtualNode/front")
POD = HEAD % LABELS + DEPLOYMENT
START = {TASK: TASK.index("  Task:"), POD: POD.index("kind: Deployment"), WHOLE: 0}
"""Where the part about workloads begins: the rest has its own tests."""
CUTS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from([*PIECES, "${X", "${X:?", "$$", "0"])),
    min_size=1,
    max_size=4,
)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(text: str, cuts: list[tuple[float, int, str]]) -> str:
    for at, gone, piece in cuts:
        place = START.get(text, 0) + int(at * (len(text) - START.get(text, 0)))
        text = text[:place] + piece + text[place + gone :]
    return text


@QUICK
@given(text=st.sampled_from([TASK, POD]), cuts=CUTS)
def test_a_damaged_document_is_what_runs_or_one_error(tmp_path, text, cuts):
    file = tmp_path / "doc.yaml"
    file.write_text(damaged(text, cuts), encoding="utf-8")
    try:
        resources = load([file])
        found = find(resources, translate(resources, "appmesh"))
    except DocumentError:
        return
    assert {one.where.file for one in found.notes} <= {str(file)}
    assert all(gap.where.file == str(file) for gaps in found.gaps.values() for gap in gaps)


@QUICK
@given(cuts=CUTS)
@example(cuts=[(0.75, 0, "!!bool x")])
def test_a_damaged_compose_file_is_a_container_or_one_error(tmp_path, cuts):
    file = tmp_path / "compose.yaml"
    file.write_text(damaged(WHOLE, cuts), encoding="utf-8")
    with suppress(DocumentError):
        assert composed(file, "web", {}, Where("chaosmesh.yaml")).container.name == "web"
