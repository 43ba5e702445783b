"""The door to a study's folder: nothing outside is read, written or removed through it, and nothing in it blocks."""

from __future__ import annotations

import io
import os
import shutil
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from results.arrays import Damaged, read_npz, read_state
from results.errors import UserError
from results.files import Folder, Refused, write_atomic
from results.store import Study
from study.cli.main import main
from study.search.storage import Database
from study.terminal.log import Log
from tests.support import ROOT, synthetic

SMALL = synthetic.Maker(val=50, test=50)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return synthetic.study(tmp_path / "study", trials=3, seeds=1, maker=SMALL, pictures=True)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    at = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(at)


def folder(path: Path) -> None:
    path.mkdir()


def linked(path: Path) -> None:
    (path.parent.parent / "target").write_text("mine")
    path.symlink_to(path.parent.parent / "target")


ODD = [fifo, listening, folder, linked]


@pytest.mark.parametrize("put", ODD)
def test_only_regular_files_are_read_and_nothing_waits(study: Study, put: Callable[[Path], None]) -> None:
    (study.path / "records.jsonl").unlink()
    put(study.path / "records.jsonl")
    with pytest.raises(Refused, match="records.jsonl' is a (FIFO|socket|folder|link), not a file"):
        study.read()


@pytest.mark.parametrize("put", ODD)
@pytest.mark.parametrize("name", ["study.lock", "study.log", "report.html", "study.json", "records.jsonl"])
def test_only_regular_files_are_written(study: Study, put: Callable[[Path], None], name: str) -> None:
    (study.path / name).unlink(missing_ok=True)
    put(study.path / name)
    write = {
        "study.lock": lambda: study.lock().__enter__(),
        "study.log": lambda: Log(study.files),
        "report.html": lambda: study.files.write("report.html", b"x"),
        "study.json": study.save_meta,
        "records.jsonl": lambda: study.append(SMALL.run(synthetic.BASELINE, 77)),
    }[name]
    with pytest.raises(UserError, match="not a file of the study's own: it is left alone"):
        write()
    assert put is not linked or (study.path.parent / "target").read_text() == "mine"


def test_no_folder_behind_a_link_is_written_read_listed_or_swept(study: Study, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(study.path / "predictions", outside)
    (study.path / "predictions").symlink_to(outside)
    (outside / ".half.tmp").write_text("mine")
    run_id = study.records()[0].run_id
    before = {p: p.read_bytes() for p in outside.iterdir()}
    with study.lock():
        pass
    assert study.predictions(run_id, "test") is None and "predictions" in next(iter(study.damaged))
    assert study.files.names("predictions") == []
    study.files.remove(study.predictions_path(run_id))
    with pytest.raises(Refused, match="predictions' is a link, not a folder"):
        study.save_arrays(study.predictions_path(run_id), {"x": np.zeros(1)})
    assert {p: p.read_bytes() for p in outside.iterdir()} == before


def test_a_file_with_a_second_name_is_not_written_in_place(study: Study, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    os.link(tmp_path / "mine", study.path / "study.lock")
    with pytest.raises(Refused, match="hard link"), study.lock():
        pass
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", ["../x", "abc/../../../x", "8a59ad1f5005-s1/../../x", "8A59AD1F5005-s1", "x", ""])
def test_a_runs_id_is_no_path(study: Study, name: str) -> None:
    for path in (study.predictions_path, study.weights_path, study.checkpoint_path):
        with pytest.raises(UserError, match="is no run's id"):
            path(name)
    with pytest.raises(UserError, match="leads out of"):
        study.files.open("artefacts/../../x", 10)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(Refused, match="at most 1,000 are read"):
        Folder(tmp_path).read("big", 1000)


def test_the_folder_itself_may_be_reached_through_a_link(study: Study, tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to(study.path)
    assert Study.open(tmp_path / "door").path == study.path and len(Study.open(tmp_path / "door").records()) == 4


def test_a_study_stays_where_it_is_when_the_working_directory_moves(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = synthetic.study(Path("here"), trials=1, seeds=1, maker=SMALL)
    (tmp_path / "n").mkdir()
    monkeypatch.chdir(tmp_path / "n")
    made.append(SMALL.run(synthetic.BASELINE, 77))
    assert len(made.records()) == 3 and not list((tmp_path / "n").iterdir())


# -- damaged arrays ------------------------------------------------------------------------------------------------


def npz_with(header: bytes, data: bytes = b"", name: str = "a.npy") -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)
    return file


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': " + b"(" * 5000 + b"}\n",
        b"__import__('os').system('x')\n",
    ],
)
def test_a_header_that_its_bytes_do_not_hold_is_refused(header: bytes) -> None:
    with pytest.raises(Damaged):
        read_npz(npz_with(header))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    file = npz_with(b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", b"\0" * 2**20)
    data = bytearray(file.getvalue())
    at = data.index(b"PK\1\2") + 24  # its size unpacked, as the directory has it
    data[at : at + 4] = struct.pack("<I", 2**32 - 2)
    with pytest.raises(Damaged, match="would take 4,294,967,294 bytes"):
        read_npz(io.BytesIO(bytes(data)))


def test_tensors_that_overlap_or_lie_outside_are_refused() -> None:
    for offsets in ([0, 8], [8, 16], [-8, 0], [0, 10**15]):
        header = (
            b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F64","shape":[1],"data_offsets":%s}}'
        )
        header %= str(offsets).encode()
        with pytest.raises(Damaged):
            read_state(io.BytesIO(struct.pack("<Q", len(header)) + header + b"\0" * 8))


@pytest.mark.parametrize(
    "damage", [lambda d: d[:100], lambda d: d[:-30], lambda d: d[:200] + b"xxxx" + d[204:], lambda d: b""]
)
def test_a_damaged_file_counts_as_missing_and_is_noted(study: Study, damage: Callable[[bytes], bytes]) -> None:
    run_id = study.records()[0].run_id
    path = study.predictions_path(run_id)
    path.write_bytes(damage(path.read_bytes()))
    assert study.predictions(run_id, "test") is None
    assert list(study.damaged) == [f"predictions/{run_id}.npz"]


# -- whole commands ------------------------------------------------------------------------------------------------


def test_reading_commands_leave_every_other_file_alone(tmp_path: Path, capsys) -> None:
    study, outside = tmp_path / "study", tmp_path / "outside"
    shutil.copytree(ROOT / "results" / "reference" / "sweep-cifar10-jpeg", study)
    outside.mkdir()
    for name in ("weights", "predictions", "artefacts", "checkpoints"):
        (outside / name).mkdir()
        (outside / name / "8a59ad1f5005-s504.safetensors").write_bytes(b"mine")
        (outside / name / ".x.tmp").write_bytes(b"mine")
        (study / name).symlink_to(outside / name)
    (outside / "log").write_bytes(b"mine")
    (study / "study.log").symlink_to(outside / "log")
    (study / "odd").symlink_to("/nowhere")

    def state() -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted([*study.rglob("*"), *outside.rglob("*")]):
            if (
                path.name in ("study.lock", "report.html", "runs.csv", "config.json", "export")
                or "export" in path.parts
            ):
                continue
            about = os.lstat(path)
            what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[str(path)] = (what, about.st_mode, 0 if path.is_dir() else about.st_mtime_ns)
        return found

    before = state()
    assert main(["report", "--study", str(study)]) == 0
    assert main(["export", "--study", str(study)]) == 0
    assert main(["export", "--study", str(study), "--run", "8a59ad1f5005-s504"]) == 2  # its weights lie behind a link
    assert main(["confirm", "--study", str(study), "--dry-run"]) == 0
    assert "weights' is a link" in capsys.readouterr().err
    assert state() == before
    for name in ("report.html", "study.lock"):
        (study / name).unlink()
        (study / name).symlink_to(outside / "log")
        assert main(["report", "--study", str(study)]) == 2
        error = capsys.readouterr().err
        assert f"{name}' is a link" in error and len(error.splitlines()) == 1
        (study / name).unlink()
    assert state() == before


# -- optuna.db -----------------------------------------------------------------------------------------------------


def database(study: Study) -> Database:
    from search_spaces import load_space
    from study.protocol import load_trainable

    return Database(study, load_space("default", load_trainable("alexnet").Config, study.meta.baseline), 504)


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a#b c", "a?mode=memory", "a{b}"])
def test_the_database_lies_where_the_study_does(tmp_path: Path, name: str) -> None:
    study = synthetic.study(tmp_path / name, trials=2, seeds=1, maker=SMALL)
    database(study).sync()
    assert (study.path / "optuna.db").is_file() and [p.name for p in tmp_path.iterdir()] == [name]


def test_a_link_in_place_of_the_database_is_refused(study: Study, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (study.path / "optuna.db").symlink_to(tmp_path / "mine")
    with pytest.raises(Refused, match=r"optuna.db' is a link"):
        database(study).sync()
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_file_that_the_user_names_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_atomic(tmp_path / "new" / "file", b"x")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["file"]


def test_a_state_larger_than_memory_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(save({"w": np.zeros(4)}))
    monkeypatch.setattr("os.sysconf", lambda name: 8)
    with path.open("rb") as file, pytest.raises(Damaged, match="more than this machine's memory of 64"):
        read_state(file)


def test_a_users_own_half_file_is_not_swept_up(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    mine = [tmp_path / ".mine.tmp", tmp_path / "notes" / ".x.01234567.tmp"]
    left = tmp_path / ".study.json.01234567.tmp"
    for path in (*mine, left):
        path.write_bytes(b"x")
    with Folder(tmp_path).lock():
        assert all(path.exists() for path in mine) and not left.exists()
