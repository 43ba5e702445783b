"""Records as a table: one row per run, with the same columns and dtypes whatever runs a study holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from results.checks import VALUES
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
    "metric": "str",
    "goal": "str",
    "parameters": "Int64",
    "seconds": "float64",
    "startup_seconds": "float64",
    "device": "str",
    "precision": "str",
    "threads": "Int64",
    "started": "str",
}
"""Column -> pandas dtype. ``metric`` is the name of the validation value that is the score, ``goal`` max or min,
``started`` UTC in ISO 8601. A missing text or float is NaN, a missing integer ``pd.NA``: a run without a score has
none, never 0.
"""

PREFIX = "config."
"""Put before the name of a config field to make its column."""


def frame(records: Sequence[Record], meta: StudyMeta) -> pd.DataFrame:
    """Return one row per record, in order: :data:`COLUMNS`, each measured value, then ``config.<field>`` per field.

    Values are raw, float64: those of the best epoch, then those of the best weights on the test set. A column is called
    as its value is (``val_accuracy``, ``test_rmse``); one that would be called as another has its split in front
    (``val.loss``, ``test.loss``). Those of the metric are always there.

    The config columns are the baseline's fields, in its order, then any that only a record has; a field that a record
    lacks is missing in its row. Their dtype follows the values of the baseline and of all records: ``boolean``,
    ``Int64``, ``float64`` or ``str``; ``object`` where kinds are mixed or a value is a list.
    """
    baseline = meta.baseline_hash
    rows = [_row(record, baseline) for record in records]
    table = {name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in COLUMNS.items()}
    for (split, name), column in value_columns(records, meta).items():
        values = [(record.val if split == "val" else record.test).get(name) for record in records]
        table[column] = pd.Series(values, dtype="float64")
    fields = dict.fromkeys([*meta.baseline, *(name for record in records for name in record.config)])
    for name in fields:
        values = [record.config.get(name) for record in records]
        table[PREFIX + name] = pd.Series(values, dtype=_dtype([*values, meta.baseline.get(name)]))
    return pd.DataFrame(table)


def value_columns(records: Sequence[Record], meta: StudyMeta) -> dict[tuple[str, str], str]:
    """Return (``val`` or ``test``, a value's name) -> its column, in order."""
    metric = meta.metric.plain
    known = {
        "val": _names([metric.selects[0], metric.name], (r.val for r in records)),
        "test": _names([metric.test] if metric.test else [], (r.test for r in records)),
    }
    both = set(known["val"]) & set(known["test"])
    columns: dict[tuple[str, str], str] = {}
    taken = set(COLUMNS)
    for split, names in known.items():
        for name in names:
            column = f"{split}.{name}" if name in both or name.startswith(PREFIX) else name
            while column in taken:
                column = f"{split}.{column}"
            taken.add(column)
            columns[split, name] = column
    return columns


def _names(first: list[str], found: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of values, each once; no more than one record may have."""
    return list(dict.fromkeys([*first, *(name for values in found for name in values)]))[:VALUES]


def _row(record: Record, baseline: str) -> dict[str, Any]:
    plain = {name: getattr(record, name) for name in COLUMNS if name in Record.model_fields}
    threads = (record.model_extra or {}).get("threads", record.environment.get("threads"))
    threads = threads if type(threads) is int else None  # no field of a record, so nothing has checked it
    return plain | {
        "is_baseline": record.config_hash == baseline,
        "epochs_run": len(record.history),
        "metric": record.metric.name,
        "goal": record.metric.goal,
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
