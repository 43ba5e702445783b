"""Runs as a small table on stdout."""

from __future__ import annotations

from rich.table import Table

from results.formatting import duration, percent
from results.record import Record


def runs_table(records: list[Record]) -> Table:
    """One row per run."""
    table = Table(box=None, pad_edge=False)
    for name, justify in (
        ("run", "left"),
        ("seed", "right"),
        ("epoch", "right"),
        ("validation", "right"),
        ("test", "right"),
        ("time", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for r in records:
        table.add_row(
            r.run_id,
            str(r.seed),
            str(r.best_epoch or "-"),
            percent(r.score),
            percent(r.test_score),
            duration(r.seconds),
        )
    return table
