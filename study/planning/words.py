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
from study.planning.expect import Noise
from study.planning.plan import Proposal


def four_lines(p: Proposal, evidence: Evidence, names: Sequence[str]) -> list[str]:
    """Say what the plan trains, when it stops, what it can show and what it costs."""
    plan, metric = p.plan, evidence.metric
    return [_what(p, names), _stops(plan, metric), _shows(p, metric), _costs(p)]


def _what(p: Proposal, names: Sequence[str]) -> str:
    plan = p.plan
    who = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    who += " and the baseline" if plan.family == "confirm" else ""
    text = f"{who}, with {'at most ' if plan.every_round else ''}{len(plan.seeds)} fresh seeds each"
    return f"What: {text}." if p.new else f"Going on with plan {plan.number} after seed {p.judged.rounds}: {text}."


def _stops(plan: Plan, metric: Metric) -> str:
    if not plan.every_round:
        why = " (the population claim has no early stop)" if plan.claim == "population" else ""
        return f"Stops: after the last seed, when it is judged once{why}."
    text = "Stops: once shown better or worse"
    if plan.margin is not None:
        text = f"Stops: once shown better, worse or to gain less than {metric.with_unit(plan.margin, signed=False)}"
    if plan.halving:
        kept = [f"{plan.design().kept(r)} after seed {r}" for r in plan.halving]
        text += f"; of the others the best go on, at most {' and '.join(kept)}"
    return f"{text}."


def _shows(p: Proposal, metric: Metric) -> str:
    if p.noise.sd is None:
        return "Shows: not known beforehand: how far seeds differ was not measured."
    return f"Shows: a gain of {found_in(p.forecasts, metric)} of cases."


def varying(noise: Noise, metric: Metric) -> str:
    """Say how far paired differences vary, and where that comes from."""
    spread = "" if noise.sd is None else metric.difference(noise.sd, signed=False)
    return f"standard deviation of a difference between two runs {spread}, {noise.source}"


def found_in(forecasts: Sequence[Forecast], metric: Metric) -> str:
    """Say in how many cases each true gain is found: '+0.50 points in 12 %, +1.00 in 62 %'."""
    gains = [f for f in forecasts if f.effect]
    first, *others = (f"{metric.difference(f.effect)} in {_percent(f.found)}" for f in gains)
    unit = f" {metric.short_unit}" if metric.short_unit else ""
    return ", ".join([first.replace(" in ", f"{unit} in ", 1), *others])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share < 0.995 else "over 99 %"


def _costs(p: Proposal) -> str:
    if not p.most:
        return "Cost: nothing to train, all its runs are recorded."
    used = f" ({plural(p.reused, 'recorded run is', 'recorded runs are')} used)" if p.reused else ""
    return f"Cost: at most {plural(p.most, 'training')}{_time(p, p.most)}{used}."


def _time(p: Proposal, runs: int) -> str:
    if p.seconds is None:
        return ", of unknown length"
    side = min(p.at_once or 1, runs)
    by_clock = p.seconds * math.ceil(runs / side)
    return f", about {duration(by_clock)}{f' with {side} at a time' if side > 1 else ''}"


def explained(p: Proposal, evidence: Evidence) -> list[str]:
    """Say the rest: claim, error, boundaries, seeds, deviations, and what the words mean."""
    plan, metric = p.plan, evidence.metric
    rows = [f"{r}: {plan.boundaries[-1][r - 1]:.2f}" for r in _some(len(plan.seeds), plan.every_round)]
    left = ALPHA - p.spent
    harm = plan.harm and plan.margin is not None
    lines = [
        f"Claim: {claimed(plan.claim, metric, evidence.members)}. Seeds {', '.join(map(str, plan.seeds))}.",
        f"Error: this plan may spend {100 * plan.alpha:.3g} % of the family's 5 %"
        f"{' (a first plan spends ' + format(100 * FIRST_PLAN, 'g') + ' %)' if plan.alpha == FIRST_PLAN else ''}; "
        f"{100 * p.spent:.3g} % are spent with it, {100 * left:.3g} % are left for further plans.",
        f"Boundaries, in standard errors, of {plural(len(plan.pairs), 'comparison')} undecided, by seeds: "
        f"{', '.join(rows)}; as fewer are undecided they are lower.",
        f"Intervals: estimate +- boundary x standard error. Such a {interval_name(1 - plan.alpha)} holds at all looks "
        "together, so it never contradicts its verdict. The estimate of what stopped early is on average too large.",
        *(
            ["What gains less than the margin goes on where it seems to hurt by more, until that is shown."]
            if harm
            else []
        ),
        *(f"Deviation: {text}." for text in plan.deviations),
    ]
    if plan.margin is None:
        lines.append("No margin, the least difference worth having: nothing will be called equivalent or no gain.")
    if plan.claim == "population":
        lines.append(
            f"Beside the seeds it carries the test {evidence.members}' own sampling error, which no number of seeds "
            "removes; what it can show is said without it."
        )
    if p.noise.sd is not None:
        lines.append(f"Noise: {varying(p.noise, metric)}.")
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
