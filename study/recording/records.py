"""From what an engine saw of a job to its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from results.outcome import Epoch, Outcome
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
    """Build the record of an outcome that has passed the door (outcomes.py).

    Raises ValueError for what could not be written: that must be known before the run is told to anyone.
    """
    outcome.history = merged(trace.history, outcome.history)
    every = job.config_hash == study.meta.baseline_hash
    record = _record(study, job, scores(outcome, study.meta.metric.plain, every), trace, context)
    record.line()  # raises for what JSON cannot hold
    return record


def stopped(study: Study, job: Job, status: str, error: str | None, trace: Trace, context: Context) -> Record:
    """Build the record of a job that gave no outcome: ``pruned``, ``failed`` or ``diverged``.

    A pruned one keeps its validation scores so far; the others have none.
    """
    metric = study.meta.metric.plain
    if status == "pruned":
        fields = scores(Outcome("stopped", trace.history), metric, False)
    else:
        fields = scores(Outcome("diverged", trace.history, error=error), metric, False) | {"status": status}
    return _record(study, job, fields, trace, context)


def _record(study: Study, job: Job, fields: dict[str, Any], trace: Trace, context: Context) -> Record:
    if fields.get("error"):  # half a surrogate pair, as in a file name that is no UTF-8, cannot be written
        fields = fields | {"error": fields["error"].encode("utf-8", "backslashreplace").decode()}
    return Record(
        run_id=job.run_id,
        kind=job.kind,
        config=job.config,
        config_hash=job.config_hash,
        seed=job.seed,
        dataset=DatasetTag(name=study.meta.dataset.name, fingerprint=study.meta.dataset.fingerprint),
        metric=study.meta.metric.tag,
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
