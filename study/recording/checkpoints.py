"""What is kept of a job that has not ended: its state, its history so far, and the job itself. No pickle.

One safetensors file per job: the arrays are the trainable's state, the metadata a JSON text with everything else.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from results.arrays import STATE_BYTES, Damaged, read_header
from results.checks import checked, contradiction
from results.config import RUN_ID
from results.errors import UserError
from results.files import Refused
from results.outcome import Epoch, State
from results.plain import check_free
from results.store import Study
from study.jobs import Job
from study.recording.records import Context, Trace, stopped

NOTE = "study"  # the metadata key
FOLDER, ENDING = "checkpoints", ".safetensors"


@dataclass
class Interrupted:
    """A job that was interrupted after ``history[-1].epoch``."""

    job: Job
    history: list[Epoch]
    resumed_at: list[int] = field(default_factory=list)  # earlier interruptions


def seconds_before() -> float:
    """Seconds of training below which starting again is cheaper than any checkpoint: STUDY_CHECKPOINT_SECONDS, or 5.

    Raises UserError for what is no number of seconds.
    """
    text = os.environ.get("STUDY_CHECKPOINT_SECONDS") or "5"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UserError(f"STUDY_CHECKPOINT_SECONDS '{text}' is not a number of seconds from 0, as 5 or 0.5")
    return value


def save(study: Study, interrupted: Interrupted, state: State) -> None:
    """Write atomically; replaces the job's earlier one."""
    note = {
        "job": interrupted.job.as_json(),
        "history": [_epoch_json(e) for e in interrupted.history],
        "resumed_at": interrupted.resumed_at,
        "dataset": study.meta.dataset.fingerprint,
    }
    study.save_state(study.checkpoint_path(interrupted.job.run_id), state, note={NOTE: json.dumps(note)})


def read_note(study: Study, run_id: str) -> Interrupted | None:
    """Read all but the state; None where it is a newer version's or belongs to other images or to another run.

    Raises:
        Damaged: the file is not whole.
        OSError, Refused: it cannot be read, or must not.
    """
    with study.files.open(study.checkpoint_path(run_id), STATE_BYTES) as file:
        notes = read_header(file).notes
    try:
        note = json.loads(notes[NOTE])
        check_free(note["job"], "job")
        job = Job.from_json(note["job"])
        interrupted = Interrupted(job, [_epoch(e) for e in note["history"]], [int(n) for n in note["resumed_at"]])
        if [e.epoch for e in interrupted.history] != list(range(1, len(interrupted.history) + 1)):
            return None
        seen = Trace(interrupted.history, interrupted.resumed_at, None, None)
        record = checked(stopped(study, job, "pruned", None, seen, Context()).line().encode())
        if contradiction(record, study.meta):  # by the rules of a record, which it would become
            return None
        mine = not study.meta.introduced.keys() - job.config.keys()  # else it is of a model before it got a field
        mine &= note["dataset"] == study.meta.dataset.fingerprint and job.run_id == run_id and type(job.seed) is int
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError):
        return None
    return interrupted if mine and interrupted.history else None


def load(study: Study, run_id: str) -> tuple[Interrupted, State] | None:
    """Read an interrupted job, its state mapped; None where there is none that is whole."""
    try:
        interrupted = read_note(study, run_id)
    except (Damaged, OSError, Refused):
        return None
    if interrupted is None:
        return None
    state = study.map_state(study.checkpoint_path(run_id))
    return (interrupted, state) if state is not None else None


def interrupted_jobs(study: Study) -> list[Interrupted]:
    """List the jobs that were interrupted, and remove what a crash left of others: half files, ended jobs.

    What merely cannot be read now (no descriptor left, a network disk away, a newer version's) stays.
    """
    ended = {r.run_id for r in study.records()}
    found = []
    for name in study.files.names(FOLDER):
        run_id = name.removesuffix(ENDING)
        try:
            if run_id in ended or not name.endswith(ENDING) or not RUN_ID.fullmatch(run_id):
                raise Damaged("no checkpoint of a run that has not ended")
            found += [job] if (job := read_note(study, run_id)) else []
        except Damaged:
            with contextlib.suppress(OSError):
                study.files.remove(f"{FOLDER}/{name}")
        except (OSError, Refused):
            continue
    return found


def remove(study: Study, run_id: str) -> None:
    """Remove a job's checkpoint, if it has one."""
    study.files.remove(study.checkpoint_path(run_id))


def _epoch_json(epoch: Epoch) -> dict[str, Any]:
    confusion = None if epoch.val_confusion is None else epoch.val_confusion.tolist()
    return {**epoch.__dict__, "val_confusion": confusion}


def _epoch(value: dict[str, Any]) -> Epoch:
    numbers = [value["epoch"], value["seconds"], *value["values"].values()]
    if not all(isinstance(v, int | float) for v in numbers):
        raise TypeError("an epoch's measurements are numbers")
    confusion = value["val_confusion"]
    return Epoch(**{**value, "val_confusion": None if confusion is None else np.asarray(confusion, dtype=np.int64)})
