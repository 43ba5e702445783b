"""A plan in words: four lines before it runs, and all the rest of it where that is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from results.analysis.corrections import ALPHA, FIRST_PLAN
from results.analysis.evidence import Evidence
from results.analysis.forecast import Forecast
from results.analysis.paired import claimed
from results.analysis.plans import Plan
from results.analysis.verdict import interval_name
from results.formatting import duration, plural
from results.metric import Metric
from study.planning.plan import Proposal


def four_lines(p: Proposal, evidence: Evidence, names: Sequence[str]) -> list[str]:
    """Say what the plan does, when it stops, what it can show and what it costs."""
    plan, metric = p.plan, evidence.metric
    return [_what(p, metric, names), _stops(plan, metric), _shows(p, metric), _costs(p)]


def _what(p: Proposal, metric: Metric, names: Sequence[str]) -> str:
    plan = p.plan
    who = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    seeds = f"at most {len(plan.seeds)} fresh seeds" if plan.every_round else f"{len(plan.seeds)} fresh seeds, one look"
    margin = "no margin" if plan.margin is None else f"margin {metric.with_unit(plan.margin, signed=False)}"
    begun = "Plan" if p.new else f"Going on with plan {plan.number} after round {p.judged.rounds}"
    return f"{begun}: {who}; {seeds} each, {margin}, error {100 * plan.alpha:.3g} % over all comparisons."


def _stops(plan: Plan, metric: Metric) -> str:
    if not plan.every_round:
        why = " (the population claim has no early stop)" if plan.claim == "population" else ""
        return f"It is judged once, after the last seed{why}."
    gain = "" if plan.margin is None else ", or gains less than the margin"
    goes_on = ", unless that seems to hurt by more" if plan.harm and gain else ""
    text = f"After each round of one seed it stops what is shown to be better or worse{gain}{goes_on}"
    if plan.halving:
        kept = [f"{plan.design().kept(r)} after round {r}" for r in plan.halving]
        text += f"; of the others the best go on, at most {' and '.join(kept)}"
    return f"{text}."


def _shows(p: Proposal, metric: Metric) -> str:
    if p.noise.sd is None:
        return (
            "What it can show is not known: how far runs differ over seeds is not ('baseline --seeds 6' measures it)."
        )
    text = f"It finds a true difference of {found_in(p.forecasts, metric)} of cases"
    none = p.forecasts[0]
    if p.plan.margin is not None:
        text += f"; of no difference it tells so in {_percent(none.decided)}"
    return f"{text} (paired differences vary by {metric.difference(p.noise.sd, signed=False)}, {p.noise.source})."


def found_in(forecasts: Sequence[Forecast], metric: Metric) -> str:
    """Say in how many cases each true gain is found: '+0.50 points in 12 %, +1.00 in 62 %'."""
    gains = [f for f in forecasts if f.effect]
    first, *others = (f"{metric.difference(f.effect)} in {_percent(f.found)}" for f in gains)
    unit = f" {metric.short_unit}" if metric.short_unit else ""
    return ", ".join([first.replace(" in ", f"{unit} in ", 1), *others])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share < 0.995 else "over 99 %"


def _costs(p: Proposal) -> str:
    runs = p.most
    if not runs:
        return "Nothing to train: all its runs are recorded."
    text = f"Cost: at most {plural(runs, 'training')}{_time(p, runs)}"
    if p.forecasts and p.plan.every_round and p.new:
        none, two = (max(0.0, p.forecasts[i].trainings - p.reused) for i in (0, 2))
        size = "a gain of two margins" if p.plan.margin is not None else "a gain of the noise's size"
        text += f"; on average {none:.0f} where nothing is there, {two:.0f} with {size}"
    return f"{text}; {plural(p.reused, 'run')} reused."


def _time(p: Proposal, runs: int) -> str:
    if p.seconds is None:
        return ", of unknown length"
    side = min(p.at_once or 1, runs)
    by_clock = p.seconds * math.ceil(runs / side)
    return f" ({duration(by_clock)}{f' with {side} at a time' if side > 1 else ''})"


def explained(p: Proposal, evidence: Evidence) -> list[str]:
    """Say the rest: claim, error, boundaries, seeds, deviations, and what the words mean."""
    plan, metric = p.plan, evidence.metric
    rows = [f"{r}: {plan.boundaries[-1][r - 1]:.2f}" for r in _some(len(plan.seeds), plan.every_round)]
    left = ALPHA - p.spent
    lines = [
        f"Claim: {claimed(plan.claim, metric, evidence.members)}. Seeds {', '.join(map(str, plan.seeds))}.",
        f"Error: this plan may spend {100 * plan.alpha:.3g} % of the family's 5 %"
        f"{' (a first plan spends ' + format(100 * FIRST_PLAN, 'g') + ' %)' if plan.alpha == FIRST_PLAN else ''}; "
        f"{100 * p.spent:.3g} % are spent with it, {100 * left:.3g} % are left for further plans.",
        f"Boundaries, in standard errors, of {plural(len(plan.pairs), 'comparison')} undecided, by seeds: "
        f"{', '.join(rows)}; as fewer are undecided they are lower.",
        f"Intervals: estimate +- boundary x standard error. Such a {interval_name(1 - plan.alpha)} holds at all looks "
        "together, so it never contradicts its verdict. The estimate of what stopped early is on average too large.",
        *(f"Deviation: {text}." for text in plan.deviations),
    ]
    if plan.margin is None:
        lines.append("No margin, the least difference worth having: nothing will be called equivalent or no gain.")
    if plan.claim == "population":
        lines.append(
            f"Beside the seeds it carries the test {evidence.members}' own sampling error, which no number of seeds "
            "removes; what it can show is said without it."
        )
    if p.forecasts:
        for f in p.forecasts:
            lines.append(
                f"Of a true {metric.with_unit(f.effect)}: better in {_percent(f.found)}, something is said in "
                f"{_percent(f.decided)}, after {f.rounds:.1f} rounds and {f.trainings:.0f} trainings on average."
            )
    return lines


def _some(rounds: int, every_round: bool) -> list[int]:
    if not every_round:
        return [rounds]
    return sorted({*(r for r in (3, 4, 6, 8, 12, 16, 24) if r < rounds), rounds})
