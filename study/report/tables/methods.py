"""A methods paragraph for a paper, of what was actually done."""

from __future__ import annotations

from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look
from results.analysis.paired import CLAIMS
from results.formatting import percent, plural, points, setting


def methods(evidence: Evidence) -> str:
    """Write a methods paragraph of what was done: only sentences that the records bear out."""
    meta = evidence.meta
    seeds = sorted(s for h, s in evidence.runs if h == evidence.baseline_hash)
    trials = [r for r in evidence.records if r.of_sweep]
    said = [
        f"All models were trained on {meta.dataset.name} ({meta.dataset.train_examples:,} training and "
        f"{meta.dataset.test_examples:,} test images); "
        "each run was scored once on the test set, with the weights of the epoch of lowest validation loss."
    ]
    if seeds:
        said.append(f"The baseline was trained with {len(seeds)} seed{'s' if len(seeds) > 1 else ''}.")
    floor = evidence.test_floor
    if floor:
        said.append(
            f"Its test accuracy was {percent(floor.mean)} on average with a standard deviation of "
            f"{points(floor.sd, signed=False)} percentage points over {floor.n} seeds."
        )
    if trials and meta.sweep:
        done = sum(r.status == "complete" for r in trials)
        said.append(
            f"A search of {plural(len(trials), 'trial')} ({meta.sweep.get('sampler', 'unknown')} sampler, scheduler "
            f"{meta.sweep.get('scheduler', 'unknown')}; {done} trained to their end) chose candidates by validation "
            "accuracy alone."
        )
    confirms, ablations = evidence.looks("confirm"), evidence.looks("ablation")
    fresh = "retrained on seeds that the search had not used"
    if confirms:
        said.append(_family("Candidates", evidence, "confirm", f"and the baseline were {fresh}"))
    if ablations:
        settings = ", ".join(f"{k} = {setting(v)}" for k, v in (ablations[-1].details.get("pins") or {}).items())
        fixed = f" (fixed settings: {settings})" if settings else ""
        said.append(_family("Ablated configs", evidence, "ablation", f"were {fresh}{fixed}"))
    told = {_tests(looks[-1]): looks[-1] for looks in (confirms, ablations) if looks}
    if told:
        said.append("Differences are means of paired per-seed differences in test accuracy with 95 % t intervals.")
    for text, look in told.items():
        which = "" if len(told) == 1 else "For the candidates, " if look.family == "confirm" else "For the ablation, "
        said.append(f"{which}{text}" if which else text[0].upper() + text[1:])
    return " ".join(said)


def _tests(look: Look) -> str:
    images = (
        "; standard errors hold the test images' sampling variance too (crossed random effects of seeds and images)"
        if look.claim == "population"
        else ""
    )
    return (
        "verdicts use two-sided paired t-tests, and two one-sided tests for equivalence within "
        f"{points(look.margin, signed=False)} percentage points, adjusted by Holm's method over all comparisons of the "
        f"family and by alpha spending over its interim analyses (family-wise error {look.alpha:g} each for "
        f"differences and equivalences); they are about {CLAIMS[look.claim]}{images}."
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
