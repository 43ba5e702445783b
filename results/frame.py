"""Records as a table: one row per run, the same columns and dtypes whatever the study holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from results.meta import StudyMeta
from results.record import Record

COLUMNS: dict[str, str] = {
    "run_id": "str",
    "kind": "str",
    "status": "str",
    "error": "str",
    "seed": "int64",
    "trial": "Int64",
    "is_baseline": "bool",
    "config_hash": "str",
    "epochs_run": "int64",
    "best_epoch": "Int64",
    "val_loss": "float64",
    "val_accuracy": "float64",
    "test_loss": "float64",
    "test_accuracy": "float64",
    "parameters": "Int64",
    "seconds": "float64",
    "startup_seconds": "float64",
    "device": "str",
    "precision": "str",
    "threads": "Int64",
    "started": "str",
}
"""Column -> pandas dtype. Losses are means per image, accuracies fractions in 0..1, ``started`` UTC in ISO 8601.

A missing text or float is NaN, a missing integer ``pd.NA``: a run without a score has none, never 0.
"""

PREFIX = "config."
"""Put before the name of a config field to make its column."""


def frame(records: Sequence[Record], meta: StudyMeta) -> pd.DataFrame:
    """Return one row per record, in order: :data:`COLUMNS`, then ``config.<field>`` for every field.

    The config columns are the baseline's fields, in its order, then any that only a record has; a field that a record
    lacks is missing in its row. Their dtype follows the values of the baseline and of all records: ``boolean``,
    ``Int64``, ``float64`` or ``str``; ``object`` where kinds are mixed or a value is a list.
    """
    baseline = meta.baseline_hash
    rows = [_row(record, baseline) for record in records]
    table = {name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in COLUMNS.items()}
    fields = dict.fromkeys([*meta.baseline, *(name for record in records for name in record.config)])
    for name in fields:
        values = [record.config.get(name) for record in records]
        table[PREFIX + name] = pd.Series(values, dtype=_dtype([*values, meta.baseline.get(name)]))
    return pd.DataFrame(table)


def _row(record: Record, baseline: str) -> dict[str, Any]:
    plain = {name: getattr(record, name) for name in COLUMNS if name in Record.model_fields}
    threads = (record.model_extra or {}).get("threads", record.environment.get("threads"))
    threads = threads if type(threads) is int else None  # no field of a record, so nothing has checked it
    return plain | {
        "is_baseline": record.config_hash == baseline,
        "epochs_run": len(record.history),
        "threads": threads,
    }


def _dtype(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "Int64"
    if kinds in ({float}, {int, float}):
        return "float64"
    return "str" if kinds == {str} else "object"
