"""The leaderboard as a table: the baseline's runs, then every trial, complete ones by rank first."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from results.analysis.evidence import Trial
from results.formatting import duration, setting
from results.frame import frame, value_columns
from results.record import Record
from results.values import validation_values, values_of_test
from study.report.tables.writers import Table
from study.report.text import clean
from study.report.view import View


def leaderboard(view: View) -> Table:
    """Every run with its rank; printed are the baseline and the complete trials.

    Values are as the training reported them, by name; differences to the baseline run of the same seed are of them, so
    that of an error a negative one is better: ``difference`` as configured and ``difference_at_equal_epochs`` after
    ``equal_epochs``; ``verdict`` is what fresh seeds say of a trial that was confirmed; then ``config.<field>``. Texts
    are cleaned as on the page. What a study does not have, test values, epochs or verdicts, has no column.
    """
    ranks = {id(t): i for i, t in enumerate(view.ranked, 1)}
    trials = sorted(view.trials, key=lambda t: (ranks.get(id(t), len(ranks) + 1), t.order))
    shown = _columns(view)
    printed = [_printed(view, "", "baseline", view.reference)] if view.reference is not None else []
    printed += [_printed(view, str(rank), t.label, t.record, t) for rank, t in enumerate(view.ranked, 1)]
    study, data, metric = clean(view.meta.name, 60), clean(view.meta.dataset.name, 60), view.metric
    unit = f" in {metric.difference_unit}" if metric.difference_unit else ""
    return Table(
        _frame(view, trials, [ranks.get(id(t)) for t in trials]),
        pd.DataFrame([[row[name] for name in shown] for row in printed], columns=list(shown.values())),
        f"Leaderboard of {study} on {data}: exploratory; one run each, ranked by "
        f"{'validation' if metric.is_accuracy else metric.what('validation')}"
        f"{'' if metric.better == 'higher' else ', the lowest first'}; differences to the baseline run of the same seed"
        f"{unit}{'; test shown, never ranked by' if metric.test else ''}.",
        ("Run", "Changes", "On fresh seeds"),
        {
            "study": clean(view.meta.name),
            "dataset": clean(view.meta.dataset.name),
            "fingerprint": clean(view.meta.dataset.fingerprint),
            "ranked_by": metric.name,
            "goal": metric.goal,
            "exploratory": True,
        },
    )


def _columns(view: View) -> dict[str, str]:
    """The printed columns that this study has something for, each with its head."""
    unit = f" ({view.metric.unit})" if view.metric.unit else ""
    return {
        "rank": "Rank",
        "run": "Run",
        "changes": "Changes",
        **({"epochs": "Epochs"} if view.has_epochs else {}),
        "validation": f"Validation{unit}",
        "difference": "Difference",
        **({"equal": "Equal epochs"} if view.equal else {}),
        **({"test": f"Test{unit}"} if view.metric.test else {}),
        **({"fresh": "On fresh seeds"} if view.verdicts("confirm") else {}),
        "time": "Time",
    }


def _frame(view: View, trials: list[Trial], ranks: list[int | None]) -> pd.DataFrame:
    none = [None] * len(view.baselines)
    compared = [t.compared for t in trials]
    records = [*view.baselines, *(t.record for t in trials)]
    runs = frame(records, view.meta)
    epochs = {
        "epochs": runs["epochs_run"],
        "best_epoch": runs["best_epoch"].where(runs["status"].isin(["complete", "pruned"])),
    }
    equal = {
        "equal_epochs": pd.Series([*none, *(c.equal_epochs for c in compared)], dtype="Int64"),
        "difference_at_equal_epochs": _differences(view, [*none, *(c.at_equal for c in compared)]),
    }
    named = value_columns(records, view.meta)
    of_validation = validation_values(view.metric, (name for r in records for name in r.val))
    of_test = values_of_test(view.metric, (name for r in records for name in r.test))
    verdicts = pd.Series([*none, *(view.fresh_label(t) or None for t in trials)], dtype="str")
    columns = {
        "rank": pd.Series([*none, *ranks], dtype="Int64"),
        "kind": pd.Series(["baseline"] * len(none) + ["trial"] * len(trials), dtype="str"),
        **{name: runs[name] for name in ("trial", "run_id", "seed", "status")},
        **(epochs if view.has_epochs else {}),
        **{named["val", name]: runs[named["val", name]] for name in of_validation},
        "difference": _differences(view, [*none, *(c.as_configured for c in compared)]),
        **(equal if view.equal else {}),
        **{named["test", name]: runs[named["test", name]] for name in of_test},
        **({"verdict": verdicts} if view.verdicts("confirm") else {}),
        **{name: runs[name] for name in ("parameters", "seconds", "error")},
        **{name: runs[name] for name in runs.columns if name.startswith("config.")},
    }
    return pd.DataFrame(
        {clean(name, 80): column.map(_shown) if str(column.dtype) in ("str", "object") else column
         for name, column in columns.items()}
    )  # fmt: skip


def _differences(view: View, gains: list[float | None]) -> pd.Series[float]:
    """Gains as differences of values, without the dust of binary fractions."""
    raw = [view.raw(gain) for gain in gains]
    return pd.Series([None if d is None else round(d, 10) + 0.0 for d in raw], dtype="float64")


def _shown(item: Any) -> Any:
    """A text as on the page, a list as JSON text."""
    if isinstance(item, list | dict):
        item = json.dumps(item)
    return clean(item) if isinstance(item, str) else item


def _printed(view: View, rank: str, label: str, run: Record, trial: Trial | None = None) -> dict[str, str]:
    changes, metric = trial.changes.items() if trial else (), view.metric
    return {
        "rank": rank,
        "run": label,
        "changes": ", ".join(f"{clean(f, 40)}={clean(setting(new), 60)}" for f, (_, new) in changes),
        "epochs": str(len(run.history)),
        "validation": metric.bare(run.score),
        "difference": metric.difference(trial.compared.as_configured) if trial else "",
        "equal": metric.difference(trial.compared.at_equal) if trial else "",
        "test": metric.bare(run.test_score),
        "fresh": view.fresh_label(trial) if trial else "",
        "time": duration(run.seconds),
    }
