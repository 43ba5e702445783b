"""A methods paragraph for a paper, of what was actually done."""

from __future__ import annotations

from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look
from results.analysis.paired import claimed
from results.formatting import plural, setting
from results.values import chosen_by


def methods(evidence: Evidence) -> str:
    """Write a methods paragraph of what was done: only sentences that the records bear out."""
    meta = evidence.meta
    seeds = sorted(s for h, s in evidence.runs if h == evidence.baseline_hash)
    trials = [r for r in evidence.records if r.of_sweep]
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
    confirms, ablations = evidence.looks("confirm"), evidence.looks("ablation")
    fresh = "retrained on seeds that the search had not used"
    if confirms:
        said.append(_family("Candidates", evidence, "confirm", f"and the baseline were {fresh}"))
    if ablations:
        settings = ", ".join(f"{k} = {setting(v)}" for k, v in (ablations[-1].details.get("pins") or {}).items())
        fixed = f" (fixed settings: {settings})" if settings else ""
        said.append(_family("Ablated configs", evidence, "ablation", f"were {fresh}{fixed}"))
    told = {_tests(looks[-1], evidence): looks[-1] for looks in (confirms, ablations) if looks}
    if told:
        said.append(f"Differences are means of paired per-seed differences in {metric.what()} with 95 % t intervals.")
    for text, look in told.items():
        which = "" if len(told) == 1 else "For the candidates, " if look.family == "confirm" else "For the ablation, "
        said.append(f"{which}{text}" if which else text[0].upper() + text[1:])
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
    left_out = f"; {lost} of {sum(len(set(j.pair.seeds)) for j in tested)} pairs left out, a run came to no score"
    stands = (
        "; a verdict reached at an earlier one is final" if any(j.verdict.look != j.latest.look for j in tested) else ""
    )
    looks = plural(len(evidence.looks(family)), "interim analysis", "interim analyses")
    return (
        f"{what} {did} ({seeds} paired seeds; {plural(len(tested), 'comparison')}, {looks}"
        f"{left_out if lost else ''}{stands})."
    )
