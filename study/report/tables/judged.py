"""What a verdict rests on, by a plan or by a look, in the cells of every table and in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from results.analysis.corrections import ALPHA, spent
from results.analysis.looks import Look
from results.analysis.paired import MIN_SEEDS
from results.analysis.plans import Plan
from results.analysis.verdict import Verdict
from results.analysis.verdicts import PairVerdict
from results.formatting import p_number, plural
from results.metric import Metric


def has_interval(v: Verdict) -> bool:
    """Whether a verdict has an interval to show: enough seeds, and of a plan a boundary at them."""
    return v.n >= MIN_SEEDS and abs(v.low) < float("inf") and abs(v.high) < float("inf")


def interval_head(verdicts: Sequence[Verdict]) -> str:
    """Name the column of intervals: of one kind where all are of it."""
    kinds = {v.interval for v in verdicts}
    return kinds.pop() if len(kinds) == 1 else "interval"


def own_level(v: Verdict, verdicts: Sequence[Verdict]) -> str:
    """Say which interval a row has, where the column's head cannot; empty where it does."""
    named = interval_head(verdicts) != "interval" or not has_interval(v)
    return "" if named else f" ({v.interval.removesuffix(' interval')})"


def seeds_of(v: Verdict) -> str:
    """Write the pairs that counted: '5 of at most 24' of a plan, '6' of a look."""
    return str(v.n) if v.seeds is None else f"{v.n} of at most {v.seeds}"


def t_of_boundary(v: Verdict) -> str:
    """Write what was reached and what had to be: '5.31 of 3.60'; empty where neither is known."""
    if v.statistic is None or v.boundary is None or not has_interval(v):
        return ""
    return f"{v.statistic:.2f} of {v.boundary:.2f}" if v.statistic < 1000 else f"over 999 of {v.boundary:.2f}"


def p_of(v: Verdict) -> str:
    """Write the adjusted p of a look; empty where there is none."""
    p = v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted
    return p_number(p, ALPHA) if v.n >= MIN_SEEDS and p is not None else ""


def error_spent(looks: Sequence[Look], plans: Sequence[Plan]) -> str:
    """Say what of a family's error is spent and left."""
    gone = spent(len(looks), [p.alpha for p in plans])
    by = [plural(len(looks), "interim analysis", "interim analyses")] if looks else []
    by += [f"{'plan' if len(plans) == 1 else 'plans'} {', '.join(str(p.number) for p in plans)}"] if plans else []
    left = f"{100 * max(0.0, ALPHA - gone):.3g} % are left for further plans"
    return f"of the family's error of {100 * ALPHA:g} %, {' and '.join(by)} spent {100 * gone:.3g} %; {left}"


def plan_words(plan: Plan, metric: Metric) -> str:
    """Say in a few words how a plan judges."""
    margin = "no margin" if plan.margin is None else f"margin {metric.with_unit(plan.margin, signed=False)}"
    when = "after each round of one seed" if plan.every_round else "once, after its last seed"
    most = f"{'at most ' if plan.every_round else ''}{len(plan.seeds)} seeds"
    many = plural(len(plan.pairs), "comparison")
    return f"plan {plan.number} judges {many} {when} ({most}, {margin}, error {100 * plan.alpha:.3g} %)"


MEANINGS = {
    "no gain": "no gain: better by less than the margin, if at all",
    "no worse": "no worse: worse by less than the margin, if at all",
    "equivalent": "equivalent: better or worse by less than the margin",
    "dropped": "dropped: behind when the race went on with the better half, and not judged",
}


def explained(tested: Iterable[PairVerdict]) -> list[str]:
    """Explain what verdicts of plans come with, a sentence each, as far as it occurs."""
    mine = [j for j in tested if j.verdict.by == "plan"]
    if not mine:
        return []
    said = [
        "A repeated interval is the estimate plus and minus its standard error times the boundary: it holds at all "
        "looks of its plan together, so it never contradicts its verdict.",
        "t is the estimate's distance from zero, or from the margin where the verdict is about that, in standard "
        "errors; a verdict is reached at its boundary.",
    ]
    if any(j.early for j in mine):
        said.append("What stopped early has a winner's estimate: on average too large.")
    labels: Collection[str] = {j.verdict.label for j in mine}
    if means := [meaning for label, meaning in MEANINGS.items() if label in labels]:
        said.append("; ".join([means[0][0].upper() + means[0][1:], *means[1:]]) + ".")
    return said
