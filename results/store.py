"""A study folder: its records and files, written atomically, read without ever unpickling."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from results.config import config_hash
from results.errors import UserError
from results.files import lock_folder, save_arrays, sync_folder, write_atomic, writing
from results.outcome import Outcome, Predictions, State
from results.record import Record

SCHEMA = 1


class TornRecord(UserWarning):
    """A line of records.jsonl is not whole; it is set aside."""


class DatasetInfo(BaseModel):
    """What the report needs to know of the images without seeing them."""

    name: str  # how results are labelled, e.g. cifar10-jpeg
    fingerprint: str
    class_names: list[str]
    train_images: int
    test_images: int
    source: str | None = None  # what --dataset was given, the home folder written as ~


class CommandRun(BaseModel):
    """One command that was run on the study."""

    command: str
    started: str
    environment: dict[str, Any] = {}


class StudyMeta(BaseModel):
    """The contents of ``study.json``."""

    model_config = ConfigDict(extra="allow")

    schema_version: int = Field(default=SCHEMA, alias="schema")
    name: str
    trainable: str
    trainable_sha256: str | None = None  # of its file, where it is one
    dataset: DatasetInfo
    baseline: dict[str, Any]
    device: str
    precision: str
    commands: list[CommandRun] = []
    sweep: dict[str, Any] | None = None  # space, sampler, scheduler of the study's sweep
    looks: list[dict[str, Any]] = []  # one entry per confirm: candidates, seeds, the alpha it spent
    noise: dict[str, Any] | None = None  # the baseline's spread over seeds, as last measured

    @property
    def baseline_hash(self) -> str:
        """The name of the baseline's config: a run is the baseline by it, whatever command asked for the run."""
        return config_hash(self.baseline)


class Study:
    """One study folder. Reading needs no lock; whatever writes holds :meth:`lock`."""

    def __init__(self, path: Path, meta: StudyMeta) -> None:
        self.path = path
        self.meta = meta

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> Study:
        """Open an existing study. Raises UserError if ``path`` is none."""
        file = path / "study.json"
        if not path.exists():
            raise UserError(f"no study at '{path}': run 'python -m study.run baseline --study {path}' first")
        if not file.is_file():
            raise UserError(f"'{path}' is not a study folder: it has no study.json")
        try:
            meta = StudyMeta.model_validate_json(file.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
            where = ".".join(map(str, first["loc"])) or "the file"
            raise UserError(f"'{file}' is not a study.json: {where}: {first['msg']}") from None
        if meta.schema_version > SCHEMA:
            raise UserError(f"'{file}' has schema {meta.schema_version}; this version knows {SCHEMA}: use a newer one")
        return cls(path, meta)

    @classmethod
    def create(cls, path: Path, meta: StudyMeta) -> Study:
        """Start a study in ``path``, which must be new or hold nothing but a lock. Raises UserError otherwise."""
        if path.exists() and not path.is_dir():
            raise UserError(f"'{path}' is a file; a study is a folder")
        if path.is_dir() and any(p.name != "study.lock" for p in path.iterdir()):
            raise UserError(f"'{path}' is not a study folder and not empty: choose another --study")
        study = cls(path, meta)
        study.save_meta()
        return study

    def save_meta(self) -> None:
        """Write study.json atomically."""
        text = json.dumps(self.meta.model_dump(by_alias=True), indent=2, ensure_ascii=False, allow_nan=False)
        write_atomic(self.path / "study.json", text.encode() + b"\n")

    # -- records ---------------------------------------------------------------------------------------------------

    @property
    def records_path(self) -> Path:
        """The single source of truth."""
        return self.path / "records.jsonl"

    def records(self) -> list[Record]:
        """Read all whole records in order. A line that is none is set aside with a TornRecord warning."""
        if not self.records_path.exists():
            return []
        found: list[Record] = []
        for number, line in enumerate(self.records_path.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                found.append(Record.from_line(line.decode("utf-8")))
            except ValueError:  # torn by a crash, or edited: json, unicode and pydantic errors are all ValueErrors
                warnings.warn(
                    f"{self.records_path}: line {number} is no whole record and is left out", TornRecord, stacklevel=2
                )
        return found

    def append(self, record: Record) -> None:
        """Add one record, durably: the line is on the disk when this returns.

        A last line that a crash left without its newline is closed first, so that it cannot swallow this one.
        Raises ValueError for a run_id already present.
        """
        if any(r.run_id == record.run_id for r in self.records()):
            raise ValueError(f"run_id '{record.run_id}' is already recorded")
        with writing(self.records_path), open(self.records_path, "a+b") as file:
            size = file.seek(0, os.SEEK_END)
            torn = False
            if size:
                file.seek(size - 1)
                torn = file.read(1) != b"\n"
            file.write((b"\n" if torn else b"") + record.line().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if not size:
            sync_folder(self.path)

    # -- files of a run --------------------------------------------------------------------------------------------

    def predictions_path(self, run_id: str) -> Path:
        """Where a run's probabilities lie."""
        return self.path / "predictions" / f"{run_id}.npz"

    def weights_path(self, run_id: str) -> Path:
        """Where a run's best weights lie, if they were kept."""
        return self.path / "weights" / f"{run_id}.safetensors"

    def checkpoint_path(self, run_id: str) -> Path:
        """Where the state of a run that has not ended lies."""
        return self.path / "checkpoints" / f"{run_id}.safetensors"

    def artefact_path(self, name: str) -> Path:
        """Where a picture's data lie."""
        return self.path / "artefacts" / name

    def save_predictions(self, run_id: str, outcome: Outcome) -> None:
        """Write validation and test probabilities (images, classes) float16 and labels (images,) int64, compressed."""
        arrays: dict[str, np.ndarray] = {}
        for split, predictions in (("val", outcome.val), ("test", outcome.test)):
            if predictions is not None:
                arrays[f"{split}_probabilities"] = predictions.probabilities.astype(np.float16)
                arrays[f"{split}_labels"] = predictions.labels.astype(np.int64)
        if arrays:
            save_arrays(self.predictions_path(run_id), arrays)

    def predictions(self, run_id: str, split: str) -> Predictions | None:
        """Read a run's predictions on ``split`` ('val' or 'test'); None where the study does not hold them."""
        path = self.predictions_path(run_id)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as file:
            if f"{split}_labels" not in file:
                return None
            probabilities = file[f"{split}_probabilities"].astype(np.float32)
            return Predictions(probabilities, file[f"{split}_labels"], float("nan"))

    def save_state(self, path: Path, state: State, note: dict[str, str] | None = None) -> None:
        """Write weights or a checkpoint as safetensors, atomically. ``note`` is kept beside the arrays."""
        from safetensors.numpy import save

        # not ascontiguousarray, which turns a single number into an array of one
        write_atomic(path, save({k: np.asarray(v, order="C") for k, v in state.items()}, metadata=note))

    def load_state(self, path: Path) -> State | None:
        """Read a state back; None if there is none or it is not whole."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return load_file(path)
        except (FileNotFoundError, SafetensorError):
            return None

    # -- one writer ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the study for writing. See :func:`lock_folder`."""
        with lock_folder(self.path):
            yield
