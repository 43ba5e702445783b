"""The leaderboard as a table: the baseline's runs, then every trial, complete ones by rank first."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from results.analysis.evidence import Trial
from results.formatting import duration, points, setting
from results.frame import frame
from results.record import Record
from study.report.tables.writers import Table
from study.report.text import clean
from study.report.view import View

PRINTED = ("Rank", "Run", "Changes", "Epochs", "Validation (%)", "Difference", "Equal epochs", "Test (%)", "Time")


def leaderboard(view: View) -> Table:
    """Every run with its rank; printed are the baseline and the complete trials.

    Accuracies and differences to the baseline run of the same seed are fractions, ``difference`` as configured and
    ``difference_at_equal_epochs`` after ``equal_epochs``; then ``config.<field>``. Texts are cleaned as on the page.
    """
    ranks = {id(t): i for i, t in enumerate(view.ranked, 1)}
    trials = sorted(view.trials, key=lambda t: (ranks.get(id(t), len(ranks) + 1), t.order))
    printed = [_printed("", "baseline", view.reference)] if view.reference is not None else []
    printed += [_printed(str(rank), t.label, t.record, t) for rank, t in enumerate(view.ranked, 1)]
    study, data = clean(view.meta.name, 60), clean(view.meta.dataset.name, 60)
    return Table(
        _frame(view, trials, [ranks.get(id(t)) for t in trials]),
        pd.DataFrame(printed, columns=list(PRINTED)),
        f"Leaderboard of {study} on {data}: exploratory; one run each, ranked by validation; differences to the "
        "baseline run of the same seed in percentage points; test shown, never ranked by.",
        ("Run", "Changes"),
        {
            "study": clean(view.meta.name),
            "dataset": clean(view.meta.dataset.name),
            "fingerprint": clean(view.meta.dataset.fingerprint),
            "ranked_by": "val_accuracy",
            "exploratory": True,
        },
    )


def _frame(view: View, trials: list[Trial], ranks: list[int | None]) -> pd.DataFrame:
    runs = frame([*view.baselines, *(t.record for t in trials)], view.meta)
    none = [None] * len(view.baselines)
    compared = [t.compared for t in trials]
    columns = {
        "rank": pd.Series([*none, *ranks], dtype="Int64"),
        "kind": pd.Series(["baseline"] * len(none) + ["trial"] * len(trials), dtype="str"),
        **{name: runs[name] for name in ("trial", "run_id", "seed", "status")},
        "epochs": runs["epochs_run"],
        "best_epoch": runs["best_epoch"].where(runs["status"].isin(["complete", "pruned"])),
        **{name: runs[name] for name in ("val_accuracy", "val_loss")},
        "difference": pd.Series([*none, *(_tidy(c.as_configured) for c in compared)], dtype="float64"),
        "equal_epochs": pd.Series([*none, *(c.equal_epochs for c in compared)], dtype="Int64"),
        "difference_at_equal_epochs": pd.Series([*none, *(_tidy(c.at_equal) for c in compared)], dtype="float64"),
        **{name: runs[name] for name in ("test_accuracy", "test_loss", "parameters", "seconds", "error")},
        **{name: runs[name] for name in runs.columns if name.startswith("config.")},
    }
    return pd.DataFrame(
        {clean(name, 80): column.map(_shown) if str(column.dtype) in ("str", "object") else column
         for name, column in columns.items()}
    )  # fmt: skip


def _tidy(difference: float | None) -> float | None:
    """A difference without the dust of binary fractions."""
    return None if difference is None else round(difference, 10)


def _shown(item: Any) -> Any:
    """A text as on the page, a list as JSON text."""
    if isinstance(item, list | dict):
        item = json.dumps(item)
    return clean(item) if isinstance(item, str) else item


def _printed(rank: str, label: str, run: Record, trial: Trial | None = None) -> list[str]:
    changes = trial.changes.items() if trial else ()
    return [
        rank,
        label,
        ", ".join(f"{clean(f, 40)}={clean(setting(new), 60)}" for f, (_, new) in changes),
        str(len(run.history)),
        points(run.score, signed=False),
        points(trial.compared.as_configured) if trial else "",
        points(trial.compared.at_equal) if trial else "",
        points(run.test_score, signed=False),
        duration(run.seconds),
    ]
