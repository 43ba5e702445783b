"""Comparisons with their verdicts as a table: confirm's and the ablation's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from results.analysis.ablation import AblationResult, VerdictRow, VerdictTable
from results.analysis.ablation_plan import ROLES
from results.analysis.paired import MIN_SEEDS, claimed
from results.analysis.verdict import Verdict
from results.formatting import MISSING, duration, number, plural, setting
from results.meta import DatasetInfo, StudyMeta
from results.metric import Metric
from study.report.tables.judged import (
    error_spent,
    explained,
    has_interval,
    interval_head,
    own_level,
    p_of,
    plan_words,
    seeds_of,
    t_of_boundary,
)
from study.report.tables.writers import Table
from study.report.text import clean

DTYPES = {
    "comparison": "str",
    "name": "str",
    "change": "str",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
    "seeds": "int64",
    "most_seeds": "Int64",
    "statistic": "float64",
    "boundary": "float64",
    "p_adjusted": "float64",
    "p_equivalent_adjusted": "float64",
    "verdict": "str",
    "runs": "int64",
    "failed": "int64",
    "reference_failed": "int64",
    "plan": "Int64",
    "margin": "float64",
    "claim": "str",
    "by_confirm": "bool",
    "parameters": "Int64",
    "seconds": "float64",
}
"""Columns of the frame. ``difference``, its interval and ``margin`` are in the metric's own scale (fractions of test
accuracy, say), with the sign of its values: of an error, a negative difference is better. The interval is the repeated
one of ``level`` of a plan, the unadjusted 95 % interval of a look; it, p values and ``statistic`` with its ``boundary``
are missing where there are too few seeds for a verdict. ``runs`` of the candidate and of what it is compared with
counted, of which ``failed`` and ``reference_failed`` came to no score. Without a margin there are no columns of
``EQUIVALENCE``, without looks none of ``OF_LOOKS``, without plans none of ``OF_PLANS``, nor, where no run failed, of
``FAILING``."""
EQUIVALENCE = ("p_equivalent_adjusted", "margin")
OF_LOOKS = ("p_adjusted", "p_equivalent_adjusted")
OF_PLANS = ("level", "most_seeds", "statistic", "boundary", "plan")
FAILING = ("runs", "failed", "reference_failed")


def verdict_table(found: VerdictTable, meta: StudyMeta) -> Table:
    """One row per comparison.

    Parameters and time are of the config named by the comparison: without the change where it is left out.
    """
    metric = meta.metric.plain
    rows = [_row(row, metric) for row in found.rows]
    looks, plans = (any(r.tested.verdict.by == by for r in found.rows) for by in ("look", "plan"))
    without: set[str] = set(EQUIVALENCE if all(row["margin"] is None for row in rows) else ())
    without |= set(() if looks else OF_LOOKS) | set(() if plans else OF_PLANS)
    without |= set(() if plans or any(r["failed"] or r["reference_failed"] for r in rows) else FAILING)
    columns = {
        name: pd.Series([r[name] for r in rows], dtype=dtype) for name, dtype in DTYPES.items() if name not in without
    }
    verdicts = [row.tested.verdict for row in found.rows]
    printed = pd.DataFrame([_printed(row, metric, verdicts) for row in found.rows])
    sized = any(row.parameters for row in found.rows)
    unused = [*([] if sized else ["parameters"]), *([] if looks else ["adjusted p"]), *([] if plans else [T_HEAD])]
    return Table(
        pd.DataFrame(columns),
        printed.drop(columns=unused),
        _caption(found, metric, meta.dataset, sized),
        ("comparison", "change", "verdict"),
    )


def _row(row: VerdictRow, metric: Metric) -> dict[str, Any]:
    v, failures = row.tested.verdict, row.tested.failures
    enough = v.n >= MIN_SEEDS
    ends = sorted(metric.score(end) or 0.0 for end in (v.low, v.high)) if has_interval(v) else [None, None]
    return {
        "comparison": row.role,
        "name": clean(row.name),
        "change": _change(row),
        "difference": metric.score(v.estimate) if v.n else None,
        "low": ends[0],
        "high": ends[1],
        "level": v.level,
        "seeds": v.n,
        "most_seeds": v.seeds,
        "statistic": v.statistic,
        "boundary": v.boundary if has_interval(v) else None,
        "p_adjusted": v.p_adjusted if enough else None,
        "p_equivalent_adjusted": v.p_equivalent_adjusted if enough else None,
        "verdict": row.tested.label,
        "runs": failures.n,
        "failed": failures.candidate,
        "reference_failed": failures.reference,
        "plan": v.number if v.by == "plan" else None,
        "margin": v.margin,
        "claim": v.claim,
        "by_confirm": row.by_confirm,
        "parameters": row.parameters,
        "seconds": row.seconds,
    }


T_HEAD = "t of boundary"


def _printed(row: VerdictRow, metric: Metric, verdicts: Sequence[Verdict]) -> dict[str, str]:
    v = row.tested.verdict
    unit = f" ({metric.difference_unit})" if metric.difference_unit else ""
    interval = " to ".join(metric.interval(v.low, v.high)) if has_interval(v) else MISSING
    return {
        "comparison": row.role,
        "change": f"{clean(row.name)}: {_change(row)}" if row.role in ("named", "confirm") else _change(row),
        f"effect{unit}": metric.difference(v.estimate) if v.n else MISSING,
        interval_head(verdicts): interval + own_level(v, verdicts),
        "n": seeds_of(v),
        T_HEAD: t_of_boundary(v) or MISSING,
        "adjusted p": p_of(v) or MISSING,
        "verdict": f"{row.tested.label} (by confirm)" if row.by_confirm else row.tested.label,
        "parameters": number(row.parameters),
        "time per run": duration(row.seconds),
    }


def _change(row: VerdictRow) -> str:
    """What a change does to each field: 'learning_rate 0.001 -> 0.0003'."""
    steps = [f"{k} {setting(old)} -> {setting(new)}" for k, (old, new) in row.changes.items()]
    return clean(", ".join(steps) or row.name, 1000)


def _caption(found: VerdictTable, metric: Metric, data: DatasetInfo, sized: bool) -> str:
    """Say what the table shows and how to read it."""
    dataset, members, last = clean(data.name, 60), data.examples, found.last
    epochs = f", {found.epochs} epochs" if found.epochs else ""
    roles = list(dict.fromkeys(r.role for r in found.rows))
    reading = "; ".join(f"{r}: {ROLES[r]}" for r in roles)
    asked = {(r.tested.latest.claim, r.tested.latest.margin) for r in found.rows if r.by_confirm}
    other = "".join(
        f" 'by confirm' is about {claimed(claim, metric, members)}"
        f"{'' if margin is None else f', equivalence within {metric.with_unit(margin, signed=False)}'}."
        for claim, margin in sorted(asked - {(last.claim, last.margin)}, key=str)
    )
    own = " of the config with the change where it is added, without it where it is left out"
    if found.family == "confirm":
        own = " of the candidate"
    what = "Confirmation" if found.family == "confirm" else "Ablation"
    lower = "" if metric.better == "higher" else ", lower is better"
    cost = "Parameters and time" if sized else "Time"
    judged = [_by_look(found, metric, bool(asked))] if any(r.tested.verdict.by == "look" for r in found.rows) else []
    judged += _by_plan(found, metric, bool(asked)) if any(r.tested.verdict.by == "plan" for r in found.rows) else []
    return (
        f"{what} on {dataset}{epochs}. Effect: mean paired difference of {metric.what()} over seeds{lower}, "
        f"with the change minus without ({reading}); the claim is {claimed(last.claim, metric, members)}. "
        f"{' '.join([*judged, *_failing(found)])}{other} {cost} per run:{own}."
    )


def _failing(found: VerdictTable) -> list[str]:
    """Say of what is called better though runs of it fail how often they do, with the exact interval."""
    lacking = [r for r in found.rows if r.tested.failures.candidate and r.tested.verdict.differs]
    return [f"{clean(r.name, 60)}: {r.tested.failures.sentence()}." for r in lacking]


def _by_look(found: VerdictTable, metric: Metric, confirmed: bool) -> str:
    """Say what intervals and p values of looks are."""
    if not found.looks:
        return "Intervals of interim analyses are 95 % each; their p is adjusted over confirm's own comparisons."
    look = found.looks[-1]
    many = plural(len(look.pairs), "comparison")
    looks = plural(look.number, "interim analysis", "interim analyses")
    confirm = " (by confirm: over confirm's own comparisons)" if confirmed else ""
    equivalent = (
        f"; for 'equivalent' it is that of equivalence within {metric.with_unit(look.margin, signed=False)}"
        if look.margin is not None
        else ""
    )
    of = " of interim analyses" if found.plans else ""
    return (
        f"Intervals{of} are 95 % each. p is adjusted for {many} and {looks}{confirm}, to be compared with "
        f"{look.alpha:g}{equivalent}."
    )


def _by_plan(found: VerdictTable, metric: Metric, confirmed: bool) -> list[str]:
    """Say how plans judged, what they spent and what their intervals are."""
    said = []
    if found.plans:
        told = "; ".join(plan_words(plan, metric) for plan in found.plans)
        said = [f"{told[0].upper()}{told[1:]}; {error_spent(found.looks, found.plans)}."]
    if confirmed:
        said.append("What confirm judged is by its own plan.")
    return said + explained(r.tested for r in found.rows)


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
