"""One finished run as one JSON line: the contract between training and reporting."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.errors import UserError, nearest
from results.outcome import Epoch, Outcome, best_epoch

SCHEMA = 1

Kind = Literal["baseline", "sweep", "confirm", "ablation"]
Status = Literal["complete", "pruned", "failed", "diverged"]
Matrix = list[list[int]]


class HistoryRow(BaseModel):
    """One epoch. A loss that was not finite is None, since JSON has no NaN."""

    epoch: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    seconds: float


class DatasetTag(BaseModel):
    """Which images a run saw: the label for readers and the fingerprint for machines."""

    name: str
    fingerprint: str


class Record(BaseModel):
    """Everything a run leaves in ``records.jsonl``. Accuracies are fractions in 0..1; no score is None, never 0.

    ``kind`` is the command that first asked for the run; any command may reuse it. ``trial`` numbers the
    trials of a sweep from 0; ``sweep`` names its space, sampler, scheduler and epochs-at-which-pruned.
    """

    model_config = ConfigDict(
        extra="allow", protected_namespaces=()
    )  # a newer version's extra field survives a rewrite

    schema_version: int = Field(default=SCHEMA, alias="schema")
    run_id: str
    kind: Kind
    config: dict[str, Any]
    config_hash: str
    seed: int
    dataset: DatasetTag
    status: Status
    error: str | None = None
    history: list[HistoryRow] = []
    val_confusion: dict[str, Matrix] = {}  # epoch (as text) -> matrix; every epoch for baselines, else best and last
    best_epoch: int | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    test_confusion: Matrix | None = None
    test_correct: str | None = None  # packed bits of (test images,) bool, base64; see unpack_bits
    test_images: int | None = None
    parameters: int | None = None
    seconds: float | None = None  # training time, all epochs, evaluation included
    startup_seconds: float | None = None  # from being scheduled to the first step: actor, data, model
    started: str | None = None  # UTC, ISO 8601
    device: str | None = None
    precision: str | None = None
    environment: dict[str, Any] = {}
    command: str | None = None
    trial: int | None = None
    sweep: dict[str, Any] | None = None
    ablation: dict[str, Any] | None = None
    resumed_at: list[int] = []  # epochs after which the run was interrupted and later went on

    @property
    def of_sweep(self) -> bool:
        """Whether a sweep proposed the config or counts the run among its trials, whatever command asked first."""
        return self.kind == "sweep" or self.trial is not None

    def line(self) -> str:
        """Return the record as one line of JSON without the newline."""
        return json.dumps(self.model_dump(by_alias=True), allow_nan=False, separators=(",", ":"), ensure_ascii=False)

    def correct(self) -> np.ndarray | None:
        """(test images,) bool: which test images were classified correctly; None without a test evaluation."""
        if self.test_correct is None or self.test_images is None:
            return None
        return unpack_bits(self.test_correct, self.test_images)


def pack_bits(values: np.ndarray) -> str:
    """Pack (n,) bool into base64 of ceil(n/8) bytes, first value in the highest bit."""
    return base64.b64encode(np.packbits(values.astype(bool)).tobytes()).decode()


def unpack_bits(text: str, n: int) -> np.ndarray:
    """Undo :func:`pack_bits`: (n,) bool."""
    return np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8), count=n).astype(bool)


def finite(value: float | None) -> float | None:
    """Return ``value``, or None where it is NaN or infinite."""
    return float(value) if value is not None and math.isfinite(value) else None


def history_row(epoch: Epoch) -> HistoryRow:
    """Turn a trainable's epoch into a record's row."""
    return HistoryRow(
        epoch=epoch.epoch,
        train_loss=finite(epoch.train_loss),
        train_accuracy=finite(epoch.train_accuracy),
        val_loss=finite(epoch.val_loss),
        val_accuracy=finite(epoch.val_accuracy),
        seconds=round(epoch.seconds, 4),
    )


def scores(outcome: Outcome, every_confusion: bool) -> dict[str, Any]:
    """Return the measured fields of a record for ``outcome``.

    ``every_confusion`` keeps each epoch's validation matrix (for baselines); otherwise the best and last.
    A stopped run keeps its validation scores at its best epoch so far and has no test scores; a diverged one has none.
    """
    history = outcome.history
    best = best_epoch(history) if outcome.best_epoch is None else outcome.best_epoch
    keep = {e.epoch for e in history} if every_confusion else {best, history[-1].epoch if history else None}
    fields: dict[str, Any] = {
        "status": {"complete": "complete", "stopped": "pruned", "diverged": "diverged"}[outcome.status],
        "error": outcome.error,
        "history": [history_row(e) for e in history],
        "val_confusion": {str(e.epoch): e.val_confusion.tolist() for e in history if e.epoch in keep},
        "parameters": outcome.parameters or None,
        "seconds": round(sum(e.seconds for e in history), 3),
    }
    if outcome.status == "diverged" or best is None:
        return fields
    row = next(e for e in history if e.epoch == best)
    fields |= {"best_epoch": best, "val_loss": finite(row.val_loss), "val_accuracy": finite(row.val_accuracy)}
    if outcome.status == "complete" and outcome.test is not None:
        fields |= {
            "test_loss": finite(outcome.test.loss),
            "test_accuracy": outcome.test.accuracy,
            "test_confusion": outcome.test.confusion.tolist(),
            "test_correct": pack_bits(outcome.test.correct),
            "test_images": len(outcome.test.labels),
        }
    return fields


def find_run(records: Sequence[Record], run_id: str) -> Record:
    """Return the record called ``run_id``, or the only one that begins so. Raises UserError."""
    exact = [record for record in records if record.run_id == run_id]
    found = exact or [record for record in records if run_id and record.run_id.startswith(run_id)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(record.run_id for record in found[:5]) + (", ..." if len(found) > 5 else "")
        raise UserError(f"'{run_id}' is the beginning of {len(found)} runs: {some}")
    advice = nearest(run_id, {record.run_id for record in records})
    if len(records) > 5 and "did you mean" not in advice:  # do not list them all
        advice = f"; 'export --format csv --out -' lists the study's {len(records)}"
    raise UserError(f"no run '{run_id}'{advice if records else ': the study has none yet'}")
