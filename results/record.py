"""One finished run as one JSON line: the contract between training and reporting."""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from results.errors import UserError, nearest
from results.metric import Goal, Metric
from results.outcome import Epoch, Outcome
from results.selection import selected

SCHEMA = 2

Kind = Literal["baseline", "sweep", "confirm", "ablation"]
Status = Literal["complete", "pruned", "failed", "diverged"]
Matrix = list[list[int]]
Values = dict[str, float | None]
"""Measurements by name. One that was not finite is None, since JSON has no NaN."""


class MetricTag(BaseModel):
    """Which metric a run was about, as each record keeps it: what its best epoch and its score are."""

    model_config = ConfigDict(frozen=True)

    name: str
    goal: Goal
    unit: str = ""
    test: str | None = None
    select: str | None = None

    @property
    def plain(self) -> Metric:
        """The metric, without the margin, which is the study's. Raises UserError where it is none."""
        return _metric(self.name, self.goal, self.unit, self.test, self.select)


@functools.lru_cache(maxsize=100)
def _metric(name: str, goal: Goal, unit: str, test: str | None, select: str | None) -> Metric:
    return Metric(name, goal, unit, None, test, select)


class HistoryRow(BaseModel):
    """One epoch."""

    epoch: int
    values: Values
    seconds: float


class Examples(BaseModel):
    """A score for each test example: the test value is their mean."""

    kind: Literal["bits", "float32"]  # packed bits, first in the highest; or little-endian numbers
    n: int
    data: str  # base64

    def array(self) -> np.ndarray:
        """(n,) bool or float32."""
        return unpack_bits(self.data, self.n) if self.kind == "bits" else unpack_floats(self.data)

    @classmethod
    def of(cls, values: np.ndarray) -> Examples:
        """Pack (n,) bool or numbers."""
        if values.dtype == bool:
            return cls(kind="bits", n=len(values), data=pack_bits(values))
        data = base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
        return cls(kind="float32", n=len(values), data=data)


class DatasetTag(BaseModel):
    """Which data a run saw: the label for readers and the fingerprint for machines."""

    name: str
    fingerprint: str


class Record(BaseModel):
    """Everything a run leaves in ``records.jsonl``. What it does not have is None or empty; no score is None, never 0.

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
    metric: MetricTag
    status: Status
    error: str | None = None
    history: list[HistoryRow] = []
    best_epoch: int | None = None
    val: Values = {}  # of the best epoch
    test: Values = {}
    test_examples: Examples | None = None
    val_confusion: dict[str, Matrix] = {}  # epoch (as text) -> matrix; every epoch for baselines, else best and last
    test_confusion: Matrix | None = None
    class_names: list[str] | None = None  # where the data do not name them
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

    @property
    def score(self) -> float | None:
        """The metric on validation at the best epoch, turned so that more is better (see results.metric)."""
        metric = self.metric.plain
        return metric.score(self.val.get(metric.name))

    @property
    def test_score(self) -> float | None:
        """The same on the test set; None for a metric without a test value."""
        metric = self.metric.plain
        return None if metric.test is None else metric.score(self.test.get(metric.test))

    @property
    def final(self) -> float | None:
        """The score that verdicts compare: on the test set, or on validation where the metric has no test value."""
        return self.score if self.metric.test is None else self.test_score

    def line(self) -> str:
        """Return the record as one line of JSON without the newline."""
        return json.dumps(self.model_dump(by_alias=True), allow_nan=False, separators=(",", ":"), ensure_ascii=False)

    def per_example(self) -> np.ndarray | None:
        """(test examples,) bool or float32: the score of each, turned like :attr:`score`; None where it has none."""
        if self.test_examples is None:
            return None
        array = self.test_examples.array()
        return array if self.metric.goal == "max" else -array.astype(np.float32)


def pack_bits(values: np.ndarray) -> str:
    """Pack (n,) bool into base64 of ceil(n/8) bytes, first value in the highest bit."""
    return base64.b64encode(np.packbits(values.astype(bool)).tobytes()).decode()


def unpack_bits(text: str, n: int) -> np.ndarray:
    """Undo :func:`pack_bits`: (n,) bool."""
    return np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8), count=n).astype(bool)


def unpack_floats(text: str) -> np.ndarray:
    """Return (n,) float32 of base64."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


def finite(value: float | None) -> float | None:
    """Return ``value``, or None where it is NaN or infinite."""
    return float(value) if value is not None and math.isfinite(value) else None


def history_row(epoch: Epoch) -> HistoryRow:
    """Turn a trainable's epoch into a record's row."""
    values = {name: finite(value) for name, value in epoch.values.items()}
    return HistoryRow(epoch=epoch.epoch, values=values, seconds=round(epoch.seconds, 4))


def scores(outcome: Outcome, metric: Metric, every_confusion: bool) -> dict[str, Any]:
    """Return the measured fields of a record for ``outcome``.

    ``every_confusion`` keeps each epoch's validation matrix (for baselines); otherwise the best and last.
    A stopped run keeps its validation values at its best epoch so far and has no test values; a diverged one has none.
    """
    history = outcome.history
    row = selected(history, metric)
    best = row.epoch if row else None
    keep = {e.epoch for e in history} if every_confusion else {best, history[-1].epoch if history else None}
    fields: dict[str, Any] = {
        "status": {"complete": "complete", "stopped": "pruned", "diverged": "diverged"}[outcome.status],
        "error": outcome.error,
        "history": [history_row(e) for e in history],
        "val_confusion": {
            str(e.epoch): e.val_confusion.tolist() for e in history if e.epoch in keep and e.val_confusion is not None
        },
        "class_names": outcome.class_names,
        "parameters": outcome.parameters or None,
        "seconds": round(sum(e.seconds for e in history), 3),
    }
    if outcome.status == "diverged" or row is None:
        return fields
    fields |= {"best_epoch": best, "val": history_row(row).values}
    if outcome.status == "complete":
        fields["test"] = {name: finite(value) for name, value in outcome.test_values.items()}
        if outcome.test is not None:
            fields["test_confusion"] = outcome.test.confusion.tolist()
        if outcome.examples is not None:
            fields["test_examples"] = Examples.of(outcome.examples)
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
    words: tuple[str, ...] = ()
    advice = nearest(run_id, {record.run_id for record in records})
    if len(records) > 5 and "did you mean" not in advice:  # do not list them all
        advice, words = f"; an export lists the study's {len(records)}", ("export", "--format", "csv", "--out", "-")
    raise UserError(f"no run '{run_id}'{advice if records else ': the study has none yet'}", *words)
