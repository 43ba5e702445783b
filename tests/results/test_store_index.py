"""The records that a study keeps in memory are those of its file, whoever wrote them, and adding one is cheap."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import pytest

from results.errors import IgnoredRecord
from results.meta import DatasetInfo
from results.reading import Reading
from results.record import Record
from results.store import Study
from tests.support.processes import bytes_read
from tests.support.runs import meta, record, scored


@pytest.fixture
def study(tmp_path: Path) -> Study:
    data = DatasetInfo(name="d", fingerprint="f", class_names=["a", "b"], train_examples=2, test_examples=2)
    return Study.create(tmp_path / "study", meta(dataset=data, baseline={"a": 1}))


def read(study: Study) -> Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredRecord)
        return study.read()


def check_like_the_file(study: Study) -> None:
    assert read(study) == read(Study.open(study.path))


@pytest.mark.parametrize("status", ["complete", "pruned", "failed", "diverged"])
def test_what_was_appended_is_as_if_read(study: Study, status: str) -> None:
    read(study)
    about = {"threads": 1, "where": ("a", "b"), "share": 0.5}
    study.append(record(1, status=status, environment=about, sweep={"rungs": [1, 3]}, seconds=3, resumed_at=[2]))
    study.append(record(2, status=status, environment=about | {"threads": 1.0}, error="late \u2028 \u00e9"))
    study.append(record(3, status=status, environment=about | {"threads": True}, trial=2, parameters=7))
    check_like_the_file(study)
    lines = study.records_path.read_text().rstrip("\n").split("\n")
    assert [r.line() for r in read(study).records] == lines  # what records share is the same to the letter


def test_what_is_ignored_is_as_if_read(study: Study) -> None:
    read(study)
    study.append(record(1))
    with open(study.records_path, "ab") as file:
        file.write(record(2).line().encode()[:100])  # torn
    study.append(record(3))
    other = scored(images=7)
    study.append(record(4, **other))  # the study has two test images
    check_like_the_file(study)
    second = record(3)
    study.append(
        second.model_copy(update={"run_id": f"{second.run_id}-2", "test": second.test | {"test_loss": 0.5}})
    )  # a rival
    check_like_the_file(study)
    assert [i.line for i in read(study).ignored] == [2, 3, 4, 5]
    with pytest.raises(ValueError, match="already recorded"):
        study.append(record(4, **other))


def test_adding_a_record_reads_none_of_those_there(study: Study) -> None:
    long = {"error": "x" * 5000, "status": "failed"}
    for seed in range(100):
        study.append(record(seed, **long))
    before = bytes_read()
    for seed in range(100, 120):
        study.append(record(seed, **long))
    assert bytes_read() - before < 20 * 1000
    assert len(read(study).records) == 120 and bytes_read() - before < 100_000


@pytest.mark.parametrize("seen_before", [True, False])
def test_what_another_wrote_meanwhile_is_read(study: Study, seen_before: bool) -> None:
    if seen_before:
        study.append(record(1))
    other = Study.open(study.path)
    other.append(record(2))
    with pytest.raises(ValueError, match="already recorded"):
        study.append(record(2))
    study.append(record(3))
    other.append(record(4))
    assert [r.seed for r in read(study).records] == [1, 2, 3, 4][not seen_before :]
    whole = study.records_path.read_bytes()
    study.records_path.write_bytes(whole[: whole.index(b"\n") + 1])
    check_like_the_file(study)
    assert len(read(study).records) == 1
    study.records_path.unlink()
    assert read(study).records == []
    study.append(record(2))
    check_like_the_file(study)


def test_a_line_that_did_not_reach_the_disk_is_not_counted(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    study.append(record(1))
    limit = len(study.records_path.read_bytes()) + 30

    def full(handle: int) -> None:
        study.records_path.open("ab").truncate(limit)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr("os.fsync", full)
        study.append(record(2))
    check_like_the_file(study)
    study.append(record(2))
    check_like_the_file(study)
    assert [r.seed for r in read(study).records] == [1, 2]


def test_one_thread_adds_while_another_reads(study: Study) -> None:
    made = [record(seed) for seed in range(150)]
    readings: list[list[Record]] = []

    def write() -> None:
        for one in made:
            study.append(one)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        readings.append(study.records())
    writer.join()
    readings.append(study.records())
    assert len(readings) > 2 and readings[-1] == made
    assert all(found == made[: len(found)] for found in readings)
    readings[-1].clear()  # a copy
    assert study.records() == made
