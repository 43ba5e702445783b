"""What is kept of a job that has not ended: its state, its history so far, and the job itself. No pickle.

One safetensors file per job: the arrays are the trainable's state, the metadata a JSON text with everything else.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from results.errors import UserError
from results.outcome import Epoch, State
from results.store import Study
from study.jobs import Job

NOTE = "study"  # the metadata key


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
    """Read all but the state; None where there is none, it is not whole, or it belongs to other images."""
    try:
        with safe_open(study.checkpoint_path(run_id), framework="numpy") as file:
            note = json.loads((file.metadata() or {})[NOTE])
        if note["dataset"] != study.meta.dataset.fingerprint:
            return None
        interrupted = Interrupted(
            Job.from_json(note["job"]), [_epoch(e) for e in note["history"]], list(note["resumed_at"])
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return interrupted if interrupted.job.run_id == run_id and interrupted.history else None


def load(study: Study, run_id: str) -> tuple[Interrupted, State] | None:
    """Read an interrupted job with its state."""
    interrupted = read_note(study, run_id)
    if interrupted is None:
        return None
    state = study.load_state(study.checkpoint_path(run_id))
    return (interrupted, state) if state is not None else None


def interrupted_jobs(study: Study) -> list[Interrupted]:
    """List the jobs that were interrupted, and remove what a crash left of others: half files, ended jobs.

    What merely cannot be read now (no descriptor left, a network disk away, a newer version's) stays.
    """
    folder = study.checkpoint_path("x").parent
    if not folder.is_dir():
        return []
    ended = {r.run_id for r in study.records()}
    found = []
    for path in sorted(folder.iterdir()):
        interrupted = read_note(study, path.stem) if path.suffix == ".safetensors" and path.stem not in ended else None
        if interrupted is not None:
            found.append(interrupted)
        elif path.suffix != ".safetensors" or path.stem in ended or _torn(path):
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def _torn(path: Path) -> bool:
    try:
        with safe_open(path, framework="numpy"):
            return False
    except SafetensorError:
        return True
    except OSError:
        return False


def remove(study: Study, run_id: str) -> None:
    """Remove a job's checkpoint, if it has one."""
    study.checkpoint_path(run_id).unlink(missing_ok=True)


def _epoch_json(epoch: Epoch) -> dict[str, Any]:
    return {**epoch.__dict__, "val_confusion": np.asarray(epoch.val_confusion).tolist()}


def _epoch(value: dict[str, Any]) -> Epoch:
    return Epoch(**{**value, "val_confusion": np.asarray(value["val_confusion"], dtype=np.int64)})
