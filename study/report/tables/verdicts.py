"""Comparisons with their verdicts as a table: confirm's and the ablation's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from results.analysis.ablation import AblationResult, VerdictRow, VerdictTable
from results.analysis.ablation_plan import ROLES
from results.analysis.paired import MIN_SEEDS, claimed
from results.formatting import MISSING, duration, number, p_number, plural, setting
from results.meta import DatasetInfo, StudyMeta
from results.metric import Metric
from study.report.tables.writers import Table
from study.report.text import clean

DTYPES = {
    "comparison": "str",
    "name": "str",
    "change": "str",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "seeds": "int64",
    "p_adjusted": "float64",
    "p_equivalent_adjusted": "float64",
    "verdict": "str",
    "margin": "float64",
    "claim": "str",
    "by_confirm": "bool",
    "parameters": "Int64",
    "seconds": "float64",
}
"""Columns of the frame. ``difference``, its 95 % interval and ``margin`` are in the metric's own scale (fractions of
test accuracy, say), with the sign of its values: of an error, a negative difference is better. Interval and p values
are missing where there are too few seeds for a verdict; without a margin there are no columns of ``EQUIVALENCE``."""
EQUIVALENCE = ("p_equivalent_adjusted", "margin")


def verdict_table(found: VerdictTable, meta: StudyMeta) -> Table:
    """One row per comparison.

    Parameters and time are of the config named by the comparison: without the change where it is left out.
    """
    metric = meta.metric.plain
    rows = [_row(row, metric) for row in found.rows]
    without = EQUIVALENCE if all(row["margin"] is None for row in rows) else ()
    columns = {
        name: pd.Series([r[name] for r in rows], dtype=dtype) for name, dtype in DTYPES.items() if name not in without
    }
    sized = any(row.parameters for row in found.rows)
    printed = pd.DataFrame([_printed(row, metric, found.look.alpha) for row in found.rows])
    return Table(
        pd.DataFrame(columns),
        printed if sized else printed.drop(columns="parameters"),
        _caption(found, metric, meta.dataset, sized),
        ("comparison", "change", "verdict"),
    )


def _row(row: VerdictRow, metric: Metric) -> dict[str, Any]:
    v = row.tested.verdict
    enough = v.n >= MIN_SEEDS
    ends = sorted(metric.score(end) or 0.0 for end in (v.low, v.high)) if enough else [None, None]
    return {
        "comparison": row.role,
        "name": clean(row.name),
        "change": _change(row),
        "difference": metric.score(v.estimate) if v.n else None,
        "low": ends[0],
        "high": ends[1],
        "seeds": v.n,
        "p_adjusted": v.p_adjusted if enough else None,
        "p_equivalent_adjusted": v.p_equivalent_adjusted if enough else None,
        "verdict": v.label,
        "margin": v.margin,
        "claim": v.claim,
        "by_confirm": row.by_confirm,
        "parameters": row.parameters,
        "seconds": row.seconds,
    }


def _printed(row: VerdictRow, metric: Metric, alpha: float) -> dict[str, str]:
    v = row.tested.verdict
    enough = v.n >= MIN_SEEDS
    p = v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted
    unit = f" ({metric.difference_unit})" if metric.difference_unit else ""
    return {
        "comparison": row.role,
        "change": f"{clean(row.name)}: {_change(row)}" if row.role in ("named", "confirm") else _change(row),
        f"effect{unit}": metric.difference(v.estimate) if v.n else MISSING,
        "95 % interval": " to ".join(metric.interval(v.low, v.high)) if enough else MISSING,
        "n": str(v.n),
        "adjusted p": p_number(p, alpha) if enough and p is not None else MISSING,
        "verdict": f"{v.label} (by confirm)" if row.by_confirm else v.label,
        "parameters": number(row.parameters),
        "time per run": duration(row.seconds),
    }


def _change(row: VerdictRow) -> str:
    """What a change does to each field: 'learning_rate 0.001 -> 0.0003'."""
    steps = [f"{k} {setting(old)} -> {setting(new)}" for k, (old, new) in row.changes.items()]
    return clean(", ".join(steps) or row.name, 1000)


def _caption(found: VerdictTable, metric: Metric, data: DatasetInfo, sized: bool) -> str:
    """Say what the table shows and how to read it."""
    dataset, members = clean(data.name, 60), data.examples
    epochs = f", {found.epochs} epochs" if found.epochs else ""
    roles = list(dict.fromkeys(r.role for r in found.rows))
    reading = "; ".join(f"{r}: {ROLES[r]}" for r in roles)
    many = plural(len(found.look.pairs), "comparison")
    looks = plural(found.look.number, "interim analysis", "interim analyses")
    asked = {(r.tested.latest.claim, r.tested.latest.margin) for r in found.rows if r.by_confirm}
    confirm = " (by confirm: over confirm's own comparisons)" if asked else ""
    other = "".join(
        f" 'by confirm' is about {claimed(claim, metric, members)}"
        f"{'' if margin is None else f', equivalence within {metric.with_unit(margin, signed=False)}'}."
        for claim, margin in asked - {(found.look.claim, found.look.margin)}
    )
    own = " of the config with the change where it is added, without it where it is left out"
    if found.look.family == "confirm":
        own = " of the candidate"
    what = "Confirmation" if found.look.family == "confirm" else "Ablation"
    equivalent = (
        f"; for 'equivalent' it is that of equivalence within {metric.with_unit(found.look.margin, signed=False)}"
        if found.look.margin is not None
        else ""
    )
    lower = "" if metric.better == "higher" else ", lower is better"
    cost = "Parameters and time" if sized else "Time"
    return (
        f"{what} on {dataset}{epochs}. Effect: mean paired difference of {metric.what()} over seeds{lower}, "
        f"with the change minus without ({reading}); the claim is {claimed(found.look.claim, metric, members)}. "
        "Intervals are 95 % each. "
        f"p is adjusted for {many} and {looks}{confirm}, to be compared with "
        f"{found.look.alpha:g}{equivalent}.{other} {cost} per run:{own}."
    )


def path_sentence(found: AblationResult, metric: Metric) -> str:
    """Describe path and interaction in words; empty where neither was made."""
    text = ""
    if found.path:
        steps = " -> ".join(
            f"{s.name or 'baseline'} {metric.text(s.val)}" if s.val is not None else str(s.name) for s in found.path
        )
        text = f"Greedy path on validation (n = {found.path[0].n} per step, descriptive): {steps}."
    if found.interaction:
        i = found.interaction
        low, high = metric.interval(i.low, i.high)
        text += (
            f" Interaction of {i.names[0]} and {i.names[1]} (chosen on validation, descriptive): together "
            f"{metric.with_unit(i.estimate)} beyond the sum of each alone (95 % interval {low} to {high}, n = {i.n})."
        )
    return text.strip()
