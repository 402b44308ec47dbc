from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chaosmesh.errors import UsageError
from chaosmesh.ledger import FaultEvent, Ledger
from chaosmesh.load import request_id

from .handmade import FAILED, MS, T0, UF, Try, call, door, ledger, record, row


def book() -> Ledger:
    second = row(request_id=request_id(1, 1), call="c2", start_ns=T0 + 100 * MS, lineage="", grpc_status=14)
    rows = [*call(FAILED, UF, Try(503, victim="f1")), door(status=503), *call(Try(), base=second)]
    one = ledger(*rows, records=(record(0, 503), record(1), record(2, 0, "timeout")))
    one.add_fault(
        FaultEvent("f1", "applied", T0, "errors", "front>color.local", {"status": 503, "share": 0.3})
    )
    one.sidecar_killed("tail.0", T0 + 5)
    return one


def test_what_is_read_equals_what_was_written(tmp_path: Path):
    written = book()
    written.write(tmp_path / "run")
    read = Ledger.read(tmp_path / "run")
    assert read == written
    assert read.calls() == written.calls()
    assert read.requests() == written.requests()
    assert read.faults == written.faults
    assert read.causes() == written.causes()
    assert read != ledger()


def test_an_empty_ledger_can_be_written(tmp_path: Path):
    ledger().write(tmp_path)
    assert Ledger.read(tmp_path) == ledger()


def test_the_files_can_be_queried_without_the_join(tmp_path: Path):
    book().write(tmp_path)
    attempts = pq.read_table(tmp_path / "attempts.parquet").to_pylist()
    tries = [one for one in attempts if one["side"] == "egress" and one["attempt_row"]]
    assert [(one["server"], one["replica"], one["matched"]) for one in tries][:2] == [
        ("color", 0, True),
        ("color", 0, False),
    ]
    requests = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert [(one["ok"], one["cause"], one["attempts"]) for one in requests] == [
        (False, "fault f1 at front>color.local", 3),
        (False, "status grpc 14 at color", 1),
        (False, "client timeout", 0),
    ]


@pytest.mark.parametrize("name", ["requests.parquet", "attempts.parquet", "faults.json"])
def test_a_missing_or_damaged_file_is_one_clear_error(tmp_path: Path, name: str):
    book().write(tmp_path)
    content = (tmp_path / name).read_bytes()
    for damage in (content[: len(content) // 2], b"", b"[]", b"{}"):
        (tmp_path / name).write_bytes(damage)
        with pytest.raises(UsageError, match=rf"{name} can't be read") as caught:
            Ledger.read(tmp_path)
        assert len(str(caught.value).splitlines()) == 2
    (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=rf"{name} is missing"):
        Ledger.read(tmp_path)


def test_columns_of_another_version_are_refused(tmp_path: Path):
    book().write(tmp_path)
    table = pq.read_table(tmp_path / "attempts.parquet").drop_columns(["victim"])
    pq.write_table(table, tmp_path / "attempts.parquet")
    with pytest.raises(UsageError, match="columns"):
        Ledger.read(tmp_path)


def test_faults_with_wrong_fields_are_refused(tmp_path: Path):
    book().write(tmp_path)
    text = (tmp_path / "faults.json").read_text().replace('"phase"', '"stage"')
    (tmp_path / "faults.json").write_text(text)
    with pytest.raises(UsageError, match=r"faults\.json can't be read"):
        Ledger.read(tmp_path)
