"""From what an engine saw of a job to its record."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from results.config import config_hash
from results.outcome import Epoch, Outcome, is_plain
from results.record import DatasetTag, Record, scores
from results.store import Study
from study.jobs import Job


@dataclass(frozen=True)
class Context:
    """What all records of one command share."""

    command: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    device: str | None = None
    precision: str | None = None


@dataclass
class Trace:
    """What the engine itself saw of a job, whether or not it ended well."""

    history: list[Epoch]
    resumed_at: list[int]
    started: str | None
    startup_seconds: float | None


def merged(seen: list[Epoch], told: list[Epoch]) -> list[Epoch]:
    """Join the epochs the engine saw with those of the outcome, which knows best; sorted by epoch."""
    rows = {e.epoch: e for e in seen} | {e.epoch: e for e in told}
    return [rows[number] for number in sorted(rows)]


def ended(study: Study, job: Job, outcome: Outcome, trace: Trace, context: Context) -> Record:
    """Build the record of an outcome. A complete one whose validation loss never was finite has diverged.

    Raises ValueError for what could not be written: that must be known before the run is told to anyone.
    """
    _check_writable(outcome)
    outcome.history = merged(trace.history, outcome.history)
    if outcome.status == "complete" and not _has_score(outcome):
        outcome.status, outcome.error = "diverged", outcome.error or "the validation loss was never finite"
    every = config_hash(job.config) == config_hash(study.meta.baseline)
    record = _record(study, job, scores(outcome, every), trace, context)
    record.line()  # raises for what JSON cannot hold
    return record


def stopped(study: Study, job: Job, status: str, error: str | None, trace: Trace, context: Context) -> Record:
    """Build the record of a job that gave no outcome: ``pruned``, ``failed`` or ``diverged``.

    A pruned one keeps its validation scores so far; the others have none.
    """
    if status == "pruned":
        fields = scores(Outcome("stopped", trace.history), False)
    else:
        fields = scores(Outcome("diverged", trace.history, error=error), False) | {"status": status}
    return _record(study, job, fields, trace, context)


def _check_writable(outcome: Outcome) -> None:
    arrays = {f"weights['{name}']": array for name, array in (outcome.weights or {}).items()}
    for split, predictions in (("val", outcome.val), ("test", outcome.test)):
        if predictions is not None:
            arrays[f"{split}.probabilities"] = predictions.probabilities
            arrays[f"{split}.labels"] = predictions.labels
    for name, array in arrays.items():
        if not is_plain(array):
            raise ValueError(f"{name} is of {np.asarray(array).dtype}, not of numbers or bools")


def _has_score(outcome: Outcome) -> bool:
    if outcome.best_epoch is not None:
        row = next((e for e in outcome.history if e.epoch == outcome.best_epoch), None)
        return row is not None and math.isfinite(row.val_loss)
    return any(math.isfinite(e.val_loss) for e in outcome.history)


def _record(study: Study, job: Job, fields: dict[str, Any], trace: Trace, context: Context) -> Record:
    if fields.get("error"):  # half a surrogate pair, as in a file name that is no UTF-8, cannot be written
        fields = fields | {"error": fields["error"].encode("utf-8", "backslashreplace").decode()}
    return Record(
        run_id=job.run_id,
        kind=job.kind,
        config=job.config,
        config_hash=config_hash(job.config),
        seed=job.seed,
        dataset=DatasetTag(name=study.meta.dataset.name, fingerprint=study.meta.dataset.fingerprint),
        startup_seconds=None if trace.startup_seconds is None else round(trace.startup_seconds, 3),
        started=trace.started,
        device=context.device,
        precision=context.precision,
        environment=context.environment,
        command=context.command,
        trial=job.trial,
        sweep=job.sweep,
        ablation=job.ablation,
        resumed_at=trace.resumed_at,
        **fields,
    )
