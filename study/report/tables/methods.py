"""A methods paragraph for a paper, of what was actually done."""

from __future__ import annotations

from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look
from results.analysis.paired import claimed
from results.analysis.plans import Plan
from results.analysis.verdicts import PairVerdict
from results.formatting import plural, setting
from results.values import chosen_by
from study.report.tables.judged import error_spent, plan_words


def methods(evidence: Evidence) -> str:
    """Write a methods paragraph of what was done: only sentences that the records bear out."""
    meta = evidence.meta
    seeds = sorted(s for h, s in evidence.runs if h == evidence.baseline_hash)
    trials = [t.record for t in evidence.trials]
    metric = evidence.metric
    said = [_data(evidence)]
    if seeds:
        said.append(f"The baseline was trained with {len(seeds)} seed{'s' if len(seeds) > 1 else ''}.")
    floor = evidence.final_floor
    if floor:
        said.append(
            f"Its {metric.what()} was {metric.text(floor.mean)} on average with a standard deviation of "
            f"{metric.with_unit(floor.sd, signed=False)} over {floor.n} seeds."
        )
    if trials and meta.sweep:
        done = sum(r.status == "complete" for r in trials)
        scheduler = f", scheduler {meta.sweep.get('scheduler', 'unknown')}" if evidence.has_epochs else ""
        said.append(
            f"A search of {plural(len(trials), 'trial')} ({meta.sweep.get('sampler', 'unknown')} sampler{scheduler}; "
            f"{done} trained to their end) chose candidates by {metric.what('validation')} alone."
        )
    fresh = "retrained on seeds that the search had not used"
    families: list[tuple[Family, str, str]] = [("confirm", "Candidates", f"and the baseline were {fresh}")]
    families.append(("ablation", "Ablated configs", f"were {fresh}{_fixed(evidence)}"))
    asked = [(family, evidence.looks(family), evidence.plans(family)) for family, *_ in families]
    said += [_family(what, evidence, family, did) for family, what, did in families if _asked(evidence, family)]
    told = {_tests(looks[-1], evidence): family for family, looks, _ in asked if looks}
    if told:
        of = " Of interim analyses" if any(plans for *_, plans in asked) else ""
        intervals = f"ifferences are means of paired per-seed differences in {metric.what()} with 95 % t intervals."
        said.append(f"{of.strip()} d{intervals}" if of else f"D{intervals}")
    for text, family in told.items():
        which = "" if len(told) == 1 else "For the candidates, " if family == "confirm" else "For the ablation, "
        said.append(f"{which}{text}" if which else text[0].upper() + text[1:])
    if any(plans for *_, plans in asked):
        said.append(_sequential(evidence))
    return " ".join(said)


def _asked(evidence: Evidence, family: Family) -> list[Look | Plan]:
    return [*evidence.looks(family), *evidence.plans(family)]


def _fixed(evidence: Evidence) -> str:
    """Say what an ablation fixed for all of its runs; empty where nothing."""
    asked = _asked(evidence, "ablation")
    details = asked[-1].details if asked else {}
    fixed = details.get("pins") or details.get("fixed") or {}
    settings = ", ".join(f"{k} = {setting(v)}" for k, v in fixed.items()) if isinstance(fixed, dict) else ""
    return f" (fixed settings: {settings})" if settings else ""


def _sequential(evidence: Evidence) -> str:
    """Say how plans judge, and what they spent."""
    metric = evidence.metric
    said = [
        "Verdicts were given by plans that were written down before their first run: each states its comparisons, "
        f"seeds, margin, error and stopping rule. Differences are means of paired per-seed differences in "
        f"{metric.what()}; after each round their t statistics, of a variance drawn towards that of all comparisons, "
        "are held against boundaries that were simulated under the null for all comparisons and looks of the plan "
        "together, and intervals are the repeated confidence intervals at these boundaries."
    ]
    families: tuple[tuple[Family, str], ...] = (("confirm", "the candidates"), ("ablation", "the ablation"))
    for family, what in families:
        looks, plans = evidence.looks(family), evidence.plans(family)
        if plans:
            told = "; ".join(plan_words(plan, metric) for plan in plans)
            claim = claimed(plans[-1].claim, metric, evidence.members)
            said.append(f"For {what}, {told}; the claim is {claim}; {error_spent(looks, plans)}.")
            if any(plan.claim == "population" for plan in plans):
                said.append(
                    f"Standard errors of the population claim hold the test {evidence.members}' sampling variance too, "
                    "and it is judged once, at t quantiles by Bonferroni's method."
                )
    if any(j.early for family, _ in families for j in evidence.verdicts(family)):
        said.append("Estimates of comparisons that stopped early are on average too large.")
    return " ".join(said)


def _data(evidence: Evidence) -> str:
    data, metric, members = evidence.meta.dataset, evidence.metric, evidence.members
    sizes = [f"{n:,} {part}" for part, n in (("training", data.train_examples), ("test", data.test_examples)) if n]
    counted = f" ({' and '.join(sizes)} {members})" if sizes else ""
    said = f"All models were trained on {data.name}{counted}; "
    chosen = chosen_by(metric)
    epoch = f"the epoch of {chosen}" if chosen else "the last epoch"
    if metric.test is None:
        at = f" at {epoch}" if evidence.has_epochs else ""
        return said + f"each run was scored by its {metric.what()}{at}; there was no test set."
    kept = evidence.has_epochs and any(r.parameters for r in evidence.baselines)
    return said + f"each run was scored once on the test set{f', with the weights of {epoch}' if kept else ''}."


def _tests(look: Look, evidence: Evidence) -> str:
    members, metric = evidence.members, evidence.metric
    sampled = (
        f"; standard errors hold the test {members}' sampling variance too (crossed random effects of seeds and "
        f"{members})"
        if look.claim == "population"
        else ""
    )
    equivalence, errors = "", ""
    if look.margin is not None:
        margin = metric.with_unit(look.margin, signed=False)
        equivalence = f", and two one-sided tests for equivalence within {margin},"
        errors = " each for differences and equivalences"
    return (
        f"verdicts use two-sided paired t-tests{equivalence or ','} adjusted by Holm's method over all comparisons of "
        f"the family and by alpha spending over its interim analyses (family-wise error {look.alpha:g}{errors}); they "
        f"are about {claimed(look.claim, metric, members)}{sampled}."
    )


def _family(what: str, evidence: Evidence, family: Family, did: str) -> str:
    tested = evidence.verdicts(family)
    if not tested:
        return f"{what} {did}."
    n = sorted({j.latest.n for j in tested})
    seeds = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
    lost = sum(j.failed for j in tested)
    left_out = f"; {lost} of {sum(j.failures.n for j in tested)} pairs left out, a run came to no score"
    stands = "; a verdict reached at an earlier one is final" if any(_stands(j) for j in tested) else ""
    looks, plans = len(evidence.looks(family)), len(evidence.plans(family))
    asked = [plural(looks, "interim analysis", "interim analyses")] if looks else []
    asked += [plural(plans, "plan")] if plans else []
    return (
        f"{what} {did} ({seeds} paired seeds; {plural(len(tested), 'comparison')}, {' and '.join(asked)}"
        f"{left_out if lost else ''}{stands})."
    )


def _stands(j: PairVerdict) -> bool:
    return (j.verdict.by, j.verdict.number) != (j.latest.by, j.latest.number)
