"""A study folder loses nothing: torn lines, failed writes, a lock whose holder died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from results.errors import IgnoredRecord, UserError
from results.files import Folder, write_atomic
from results.meta import DatasetInfo
from results.record import Record
from results.store import Study
from tests.support import synthetic
from tests.support.runs import meta, record


@pytest.fixture
def study(tmp_path: Path) -> Study:
    data = DatasetInfo(name="d", fingerprint="f", class_names=["a", "b"], train_examples=2, test_examples=2)
    return Study.create(tmp_path / "study", meta(dataset=data, baseline={"a": 1}))


def named(seed: int) -> Record:
    return record(seed)


def test_what_is_appended_is_read_in_order(study: Study) -> None:
    for seed in (3, 1, 2):
        study.append(named(seed))
    assert [r.seed for r in Study.open(study.path).records()] == [3, 1, 2]
    assert Study.open(study.path).meta == study.meta


def test_a_torn_last_line_is_set_aside_and_swallows_no_later_one(study: Study) -> None:
    study.append(named(1))
    whole = named(2).line().encode()
    with open(study.records_path, "ab") as file:
        file.write(whole[: len(whole) // 2])
    with pytest.warns(IgnoredRecord, match="line 2"):
        assert [r.seed for r in study.records()] == [1]
    with pytest.warns(IgnoredRecord):
        study.append(named(3))
        assert [r.seed for r in study.records()] == [1, 3]


def test_a_run_is_recorded_once(study: Study) -> None:
    study.append(named(1))
    with pytest.raises(ValueError, match="-s1' is already recorded"):
        study.append(named(1))


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_atomic(file, b"old")

    def fails(handle) -> None:
        handle.write(b"half of the n")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left"):
        write_atomic(file, fails)
    assert file.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from results.files import Folder\n"
    code += "with Folder(Path(sys.argv[1])).lock(): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match=f"process {holder.pid}"), Folder(tmp_path).lock():
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with Folder(tmp_path).lock():
        pass


def test_states_survive_with_their_dtypes_and_shapes(study: Study) -> None:
    state = {"w": np.arange(6.0).reshape(2, 3), "n": np.array(3), "flag": np.array([True]), "empty": np.zeros((0, 2))}
    path = study.checkpoint_path(named(1).run_id)
    study.save_state(path, state, {"note": "x"})
    again = study.load_state(path)
    assert again is not None and set(again) == set(state)
    for name, value in state.items():
        assert again[name].dtype == value.dtype and again[name].shape == value.shape
        assert np.array_equal(again[name], value)
    path.write_bytes(path.read_bytes()[:50])
    assert study.load_state(path) is None  # cut short by a crash


def test_a_study_of_a_newer_schema_is_not_touched(study: Study) -> None:
    file = study.path / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99}))
    with pytest.raises(UserError, match="schema 99"):
        Study.open(study.path)


def test_what_a_killed_writer_left_half_written_goes_with_the_next_lock_and_nothing_else(tmp_path: Path) -> None:
    study = synthetic.study(tmp_path / "study", trials=3, maker=synthetic.Maker(val=50, test=50))
    left = [study.path / ".study.json.0123abcd.tmp", study.path / "predictions" / ".r.npz.b2b2b2b2.tmp"]
    elsewhere = tmp_path / "no-study" / ".mine.tmp"
    for path in (*left, elsewhere):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    before = study.records_path.read_bytes()
    for folder in (study.path, elsewhere.parent):
        with Folder(folder).lock():
            pass
    assert not any(path.exists() for path in left)
    assert elsewhere.exists() and study.records_path.read_bytes() == before
