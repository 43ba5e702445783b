"""Runs as a small table on stdout."""

from __future__ import annotations

from rich.table import Table

from results.formatting import duration
from results.metric import Metric
from results.record import Record


def runs_table(records: list[Record], metric: Metric) -> Table:
    """One row per run; what no run has, an epoch or a test value, has no column."""
    epochs = any(len(r.history) > 1 or "epochs" in r.config for r in records)
    table = Table(box=None, pad_edge=False)
    table.add_column("run", justify="left")
    shown = [
        "seed",
        *(["epoch"] if epochs else []),
        "validation",
        *(["test"] if metric.test else []),
        "time",
    ]
    for name in shown:
        table.add_column(name, justify="right")
    for r in records:
        cells = {
            "seed": str(r.seed),
            "epoch": str(r.best_epoch or "-"),
            "validation": metric.text(r.score),
            "test": metric.text(r.test_score),
            "time": duration(r.seconds),
        }
        table.add_row(r.run_id, *(cells[name] for name in shown))
    return table
