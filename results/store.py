"""A study's folder by what lies in it: study.json, records.jsonl, the files of its runs. Opened by results.files."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from results.arrays import (
    NPY_BYTES,
    NPZ_BYTES,
    STATE_BYTES,
    Damaged,
    map_npy,
    map_state,
    npz,
    read_npz,
    read_state,
    write_state,
)
from results.config import RUN_ID
from results.errors import IgnoredRecord, UserError
from results.files import Folder, Refused
from results.meta import META_BYTES, StudyMeta, read_meta, too_many
from results.outcome import Outcome, Predictions, State
from results.reading import FILE_BYTES, Index, Reading
from results.record import Record

RECORDS = "records.jsonl"
T = TypeVar("T")


class Study:
    """One study folder. Reading needs no lock; whatever writes holds :meth:`lock`.

    ``damaged``: derived files that were asked for and cannot be used, with why; they count as missing.
    """

    def __init__(self, path: Path, meta: StudyMeta) -> None:
        self.files = Folder(path)
        self.path = self.files.path  # absolute: a trainable may change the working directory
        self.meta = meta
        self.damaged: dict[str, str] = {}
        self._index: tuple[tuple[int, ...], Index] | None = None  # and what the file was then
        self._meta_lock = threading.Lock()
        self._index_lock = threading.Lock()  # a writer's thread appends while others read

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> Study:
        """Open an existing study. Raises UserError if ``path`` is none."""
        folder = Folder(path)
        if not folder.path.exists():
            raise UserError(f"no study at '{path}'; its baseline begins one", "baseline")
        try:
            data = folder.read("study.json", META_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"'{path}' is not a study folder: it has no study.json") from None
        return cls(path, read_meta(data, f"'{path / 'study.json'}'"))

    @classmethod
    def create(cls, path: Path, meta: StudyMeta) -> Study:
        """Start a study in ``path``, which must be new or hold nothing but a lock. Raises UserError otherwise."""
        study = cls(path, meta)
        if study.path.exists() and not study.path.is_dir():
            raise UserError(f"'{path}' is a file; a study is a folder")
        if study.path.is_dir() and set(os.listdir(study.path)) - {"study.lock"}:
            raise UserError(f"'{path}' is not a study folder and not empty: choose another --study")
        study.save_meta()
        return study

    def introduce(self, fields: Mapping[str, Any]) -> None:
        """Take note of fields that the config got since the study began, with the default that earlier runs had.

        Raises UserError where they are too many.
        """
        if problem := too_many({**self.meta.introduced, **fields}):
            raise UserError(f"study '{self.path}': {problem}; choose another --study")
        if fields:
            self.meta.introduced |= fields
            self.meta.baseline |= fields
            self._index = None  # what runs are called changes with it

    def save_meta(self) -> None:
        """Write study.json atomically. Threads may: the one that writes last has what all have changed."""
        with self._meta_lock:
            self.files.write("study.json", self.meta.document())

    # -- records ---------------------------------------------------------------------------------------------------

    @property
    def records_path(self) -> Path:
        """The single source of truth."""
        return self.path / RECORDS

    def read(self) -> Reading:
        """Return the records that count and the lines that do not, which are said in an IgnoredRecord warning.

        The file is read only where it is not what it was at the last reading or writing. Records are shared between
        readings: nobody changes one. Raises UserError where the file cannot be read.
        """
        try:
            with self.files.open(RECORDS, FILE_BYTES) as file, self._index_lock:
                found = self._indexed(file).reading()
        except FileNotFoundError:
            return Reading()
        if found.ignored:
            count, *lines = found.told()
            warnings.warn(f"{count}: {'; '.join(lines)}", IgnoredRecord, stacklevel=2)
        return found

    def _indexed(self, file: IO[bytes]) -> Index:
        state = _state(file)
        if self._index is None or self._index[0] != state:
            file.seek(0)
            self._index = (state, Index.of(file, self.meta))
        return self._index[1]

    def records(self) -> list[Record]:
        """Read the records that count, in order."""
        return self.read().records

    def check_appending(self) -> None:
        """Raise UserError, before anything is trained, where the records there are cannot be added to."""
        if os.path.lexists(self.records_path):
            self.files.append(RECORDS).close()

    def append(self, record: Record) -> None:
        """Add one record, durably: the line is on the disk when this returns.

        A last line that a crash left without its newline is closed first, so that it cannot swallow this one.
        Raises ValueError for a run_id already present.
        """
        with self.files.append(RECORDS) as file, self._index_lock:
            index = self._indexed(file)
            if record.run_id in index.recorded:
                raise ValueError(f"run_id '{record.run_id}' is already recorded")
            before, torn = file.seek(0, os.SEEK_END), False
            if before:
                file.seek(-1, os.SEEK_END)
                torn = file.read(1) != b"\n"
            line = record.line().encode() + b"\n"
            added = (b"\n" if torn else b"") + line
            file.write(added)
            file.flush()
            os.fsync(file.fileno())
            index.add(line)  # as it would be read again, by the same rules
            state = _state(file)
            self._index = (state, index) if state[2] == before + len(added) else None  # else another wrote, too

    # -- files of a run --------------------------------------------------------------------------------------------

    def predictions_path(self, run_id: str) -> Path:
        """Where a run's probabilities lie."""
        return self._of_run("predictions", run_id, "npz")

    def weights_path(self, run_id: str) -> Path:
        """Where a run's best weights lie, if they were kept."""
        return self._of_run("weights", run_id, "safetensors")

    def checkpoint_path(self, run_id: str) -> Path:
        """Where the state of a run that has not ended lies."""
        return self._of_run("checkpoints", run_id, "safetensors")

    def _of_run(self, folder: str, run_id: str, ending: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise UserError(f"'{run_id[:80]}' is no run's id")
        return self.path / folder / f"{run_id}.{ending}"

    def artefact_path(self, name: str) -> Path:
        """Where a picture's data lie."""
        return self.path / "artefacts" / name

    def save_predictions(self, run_id: str, outcome: Outcome) -> None:
        """Write probabilities (examples, classes) float16 and labels (examples,) int64 of both splits, compressed."""
        arrays: dict[str, np.ndarray] = {}
        for split, predictions in (("val", outcome.val), ("test", outcome.test)):
            if predictions is not None:
                arrays[f"{split}_probabilities"] = predictions.probabilities.astype(np.float16)
                arrays[f"{split}_labels"] = predictions.labels.astype(np.int64)
        if arrays:
            self.save_arrays(self.predictions_path(run_id), arrays)

    def predictions(self, run_id: str, split: str) -> Predictions | None:
        """Read a run's predictions on ``split`` ('val' or 'test'); None where the study does not hold them whole."""
        path = self.predictions_path(run_id)
        arrays = self.arrays(path)
        if arrays is None or f"{split}_labels" not in arrays:
            return None
        probabilities, labels = arrays.get(f"{split}_probabilities"), arrays[f"{split}_labels"]
        known = len(self.meta.dataset.class_names)
        if probabilities is None or labels.ndim != 1 or probabilities.ndim != 2:
            self._note(path, f"{split}: no table of probabilities beside its labels")
            return None
        classes = known or probabilities.shape[1]  # the data need not name them
        if probabilities.shape != (len(labels), classes):
            self._note(path, f"{split}: not a probability for each of {classes} classes per label")
            return None
        if labels.dtype.kind not in "iu" or not ((labels >= 0) & (labels < classes)).all():
            self._note(path, f"{split}: a label is none of {classes} classes")
            return None
        return Predictions(probabilities.astype(np.float32), labels.astype(np.int64))

    # -- derived files: what is damaged counts as missing ------------------------------------------------------------

    def save_arrays(self, path: Path, arrays: dict[str, np.ndarray]) -> None:
        """Write arrays as a compressed .npz, atomically."""
        self.files.write(path, npz(arrays))

    def arrays(self, path: Path) -> dict[str, np.ndarray] | None:
        """Read the arrays of a .npz; None where there are none or the file is damaged."""
        return self._derived(path, NPZ_BYTES, read_npz)

    def images(self, path: Path) -> np.ndarray | None:
        """Map a .npy, read-only; None where there is none or the file is damaged."""
        return self._derived(path, NPY_BYTES, map_npy)

    def save_state(self, path: Path, state: State, note: dict[str, str] | None = None) -> None:
        """Write weights or a checkpoint as safetensors, atomically. ``note`` is kept beside the arrays."""
        self.files.write(path, lambda file: write_state(file, state, note))

    def load_state(self, path: Path) -> State | None:
        """Read a state back; None if there is none or it is not whole."""
        return self._derived(path, STATE_BYTES, read_state)

    def map_state(self, path: Path) -> State | None:
        """Map a state, read-only; None if there is none or it is not whole."""
        return self._derived(path, STATE_BYTES, map_state)

    def _derived(self, path: Path, most: int, read: Callable[[IO[bytes]], T]) -> T | None:
        try:
            with self.files.open(path, most) as file:
                return read(file)
        except FileNotFoundError:
            return None
        except (Refused, Damaged, OSError) as error:
            self._note(path, str(error))
            return None

    def _note(self, path: Path, why: str) -> None:
        self.damaged[str(path.relative_to(self.path))] = why.removeprefix(f"'{path}' ")

    # -- one writer ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the study for writing. See :meth:`results.files.Folder.lock`."""
        with self.files.lock():
            yield


def _state(file: IO[bytes]) -> tuple[int, ...]:
    """What a file is; where this has not changed, neither has what it holds."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
