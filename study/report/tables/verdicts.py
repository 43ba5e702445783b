"""Comparisons with their verdicts as a table: confirm's and the ablation's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from results.analysis.ablation import AblationResult, VerdictRow, VerdictTable
from results.analysis.ablation_plan import ROLES
from results.analysis.paired import CLAIMS, MIN_SEEDS
from results.formatting import MISSING, duration, number, p_number, percent, plural, points, setting
from study.report.tables.writers import Table
from study.report.text import clean

PRINTED = (
    "comparison",
    "change",
    "effect (percentage points)",
    "95 % interval",
    "n",
    "adjusted p",
    "verdict",
    "parameters",
    "time per run",
)
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
"""Columns of the frame. ``difference``, its 95 % interval and ``margin`` are fractions of test accuracy; interval and p
values are missing where there are too few seeds for a verdict."""


def verdict_table(found: VerdictTable, dataset: str) -> Table:
    """One row per comparison.

    Parameters and time are of the config named by the comparison: without the change where it is left out.
    """
    rows = [_row(row) for row in found.rows]
    return Table(
        pd.DataFrame({name: pd.Series([r[name] for r in rows], dtype=dtype) for name, dtype in DTYPES.items()}),
        pd.DataFrame([_printed(row, found.look.alpha) for row in found.rows], columns=list(PRINTED)),
        _caption(found, clean(dataset, 60)),
        ("comparison", "change", "verdict"),
    )


def _row(row: VerdictRow) -> dict[str, Any]:
    v = row.tested.verdict
    enough = v.n >= MIN_SEEDS
    return {
        "comparison": row.role,
        "name": clean(row.name),
        "change": _change(row),
        "difference": v.estimate if v.n else None,
        "low": v.low if enough else None,
        "high": v.high if enough else None,
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


def _printed(row: VerdictRow, alpha: float) -> list[str]:
    v = row.tested.verdict
    enough = v.n >= MIN_SEEDS
    return [
        row.role,
        f"{clean(row.name)}: {_change(row)}" if row.role in ("named", "confirm") else _change(row),
        points(v.estimate) if v.n else MISSING,
        f"{points(v.low)} to {points(v.high)}" if enough else MISSING,
        str(v.n),
        p_number(v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted, alpha) if enough else MISSING,
        f"{v.label} (by confirm)" if row.by_confirm else v.label,
        number(row.parameters),
        duration(row.seconds),
    ]


def _change(row: VerdictRow) -> str:
    """What a change does to each field: 'learning_rate 0.001 -> 0.0003'."""
    steps = [f"{k} {setting(old)} -> {setting(new)}" for k, (old, new) in row.changes.items()]
    return clean(", ".join(steps) or row.name, 1000)


def _caption(found: VerdictTable, dataset: str) -> str:
    """Say what the table shows and how to read it."""
    epochs = f", {found.epochs} epochs" if found.epochs else ""
    roles = list(dict.fromkeys(r.role for r in found.rows))
    reading = "; ".join(f"{r}: {ROLES[r]}" for r in roles)
    many = plural(len(found.look.pairs), "comparison")
    looks = plural(found.look.number, "interim analysis", "interim analyses")
    asked = {(r.tested.latest.claim, r.tested.latest.margin) for r in found.rows if r.by_confirm}
    confirm = " (by confirm: over confirm's own comparisons)" if asked else ""
    other = "".join(
        f" 'by confirm' is about {CLAIMS[claim]}, equivalence within {points(margin, signed=False)} percentage points."
        for claim, margin in asked - {(found.look.claim, found.look.margin)}
    )
    own = " of the config with the change where it is added, without it where it is left out"
    if found.look.family == "confirm":
        own = " of the candidate"
    what = "Confirmation" if found.look.family == "confirm" else "Ablation"
    return (
        f"{what} on {dataset}{epochs}. Effect: mean paired difference of test accuracy over seeds, "
        f"with the change minus without ({reading}); the claim is {CLAIMS[found.look.claim]}. Intervals are 95 % each. "
        f"p is adjusted for {many} and {looks}{confirm}, to be compared with "
        f"{found.look.alpha:g}; for 'equivalent' it is that of equivalence within "
        f"{points(found.look.margin, signed=False)} percentage points.{other} Parameters and time per run:{own}."
    )


def path_sentence(found: AblationResult) -> str:
    """Describe path and interaction in words; empty where neither was made."""
    text = ""
    if found.path:
        steps = " -> ".join(
            f"{s.name or 'baseline'} {percent(s.val)}" if s.val is not None else str(s.name) for s in found.path
        )
        text = f"Greedy path on validation (n = {found.path[0].n} per step, descriptive): {steps}."
    if found.interaction:
        i = found.interaction
        text += (
            f" Interaction of {i.names[0]} and {i.names[1]} (chosen on validation, descriptive): together "
            f"{points(i.estimate)} percentage points beyond the sum of each alone (95 % interval {points(i.low)} to "
            f"{points(i.high)}, n = {i.n})."
        )
    return text.strip()
