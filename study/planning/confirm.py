"""``confirm``, without its command line: which runs are needed, what they can show, and what they showed. No I/O but
in train().

Candidates are the best of the sweep by validation; test figures choose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look, Pair, next_look
from results.analysis.noise import difference_sd
from results.analysis.paired import MIN_SEEDS, Claim, claimed
from results.analysis.power import PowerAnalysis, power_analysis
from results.analysis.shrinkage import shrinkage
from results.analysis.verdicts import PairVerdict, measured_sd, refuse_unusable
from results.config import changes
from results.errors import UserError
from results.formatting import setting
from results.metric import Metric
from results.record import Record
from study.jobs import Job
from study.planning.runs import advice, cost, missing, training_seconds
from study.planning.seeds import fresh_seeds

FAMILY: Family = "confirm"


@dataclass(frozen=True)
class Confirmation:
    """What ``confirm`` is about to do: the look it will add, the runs that are missing, and what the seeds can show."""

    look: Look
    new: bool  # whether the look is one that study.json does not hold yet
    jobs: tuple[Job, ...]
    reused: int  # runs that are there already
    power: PowerAnalysis
    seconds: float | None  # of training in all, as recorded runs took; None where nothing is known
    about: tuple[str, ...]  # what the claim is
    notes: tuple[str, ...] = ()  # where what was asked for is not what comes

    def sentences(self, at_once: int | None = None) -> list[str]:
        """Say it before anything is spent; ``at_once`` is how many runs go side by side."""
        return [
            *self.notes,
            *self.power.sentences(),
            *self.about,
            cost(len(self.jobs), self.reused, self.seconds, at_once),
            advice(self.power),
        ]


def candidates(evidence: Evidence, top: int) -> list[Record]:
    """Return the ``top`` complete sweep runs by validation score, one per config, the baseline left out."""
    runs = [
        r
        for r in evidence.records
        if r.of_sweep and r.status == "complete" and r.score is not None and not evidence.is_baseline(r)
    ]
    best: dict[str, Record] = {}
    for r in sorted(runs, key=lambda r: (-(r.score or 0), r.trial if r.trial is not None else 0, r.run_id)):
        best.setdefault(r.config_hash, r)
    return list(best.values())[:top]


def prepare(
    evidence: Evidence,
    *,
    top: int,
    seeds: int,
    start: int,
    margin: float | None,
    claim: Claim = "test-set",
    **about: Any,
) -> Confirmation:
    """Plan a confirmation of the ``top`` candidates on ``seeds`` fresh seeds each.

    Raises UserError where the study has no candidate, or recorded runs that cannot bear the claim.
    """
    chosen = candidates(evidence, top)
    if not chosen:
        raise UserError("the study has no complete sweep trial to confirm: run 'python -m study.run sweep' first")
    records, meta, baseline = evidence.everything, evidence.meta, evidence.baseline_hash
    looks = evidence.looks(FAMILY)
    before = {p.candidate: p.seeds for p in looks[-1].pairs} if looks else {}
    pairs = []
    shared = fresh_seeds(records, seeds, [baseline], start, first={s for p in before.values() for s in p})
    for r in chosen:
        own = before.get(r.config_hash, ())
        extra = tuple(s for s in shared if s not in own)[: max(0, seeds - len(own))]
        pairs.append(Pair(r.config_hash, baseline, own + extra, chosen=r.run_id))
    look = next_look(looks, FAMILY, pairs, claim, margin, evidence.runs, **about)
    refuse_unusable(evidence.runs, look, evidence.metric)
    configs = {r.config_hash: r.config for r in chosen} | {baseline: meta.baseline}
    jobs, reused = missing(records, [(h, s) for p in pairs for h in p.key for s in p.seeds], configs, "confirm")
    final = evidence.verdicts(FAMILY)
    noise = difference_sd(evidence.metric, evidence.final_floor, meta.dataset.test_examples, measured_sd(final))
    n = min(len(p.seeds) for p in pairs)
    power = power_analysis(evidence.metric, n, len(look.pairs), noise, margin, look.number)
    notes = []
    if len(chosen) < top:
        notes.append(f"note: --top {top}, but the sweep has no more than {len(chosen)} complete configs to confirm")
    if seeds < n:
        notes.append(f"note: --seeds {seeds}, but {n} are recorded already, and none is left out")
    asked = {p.key for p in pairs}
    known = [j for j in final if j.pair.key in asked and j.verdict.decided and j.verdict.claim == claim]
    if len(known) == len(pairs) and jobs:
        labels = ", ".join(dict.fromkeys(j.verdict.label for j in known))
        notes.append(f"note: every candidate has its final verdict ({labels}): more seeds sharpen the estimate")
    seconds = training_seconds(records, jobs)
    about_claim = tuple(claim_lines(look, evidence))
    new = look not in looks
    return Confirmation(look, new, tuple(jobs), reused, power, seconds, about_claim, tuple(notes))


def claim_lines(look: Look, evidence: Evidence) -> list[str]:
    """Say what the claim is, what the wider one adds, and what is not claimed without a margin."""
    lines = [f"Claim: {claimed(look.claim, evidence.metric, evidence.members)}."]
    if evidence.metric.test is None:
        lines[0] += " There is no test value: fresh seeds keep it apart from what the sweep chose by."
    if look.claim == "population":
        lines.append(
            f"Beside the seeds it carries the test {evidence.members}' own sampling error, which no number of seeds "
            "removes; the powers above leave it out."
        )
    if look.margin is None:
        lines.append("No margin is given, the least difference worth having, so nothing will be called equivalent.")
    return lines


def margin_of(given: float | None, metric: Metric) -> float | None:
    """Return the margin of a look: ``given`` in the unit of differences, else the metric's. Raises UserError."""
    if given is None:
        return metric.margin
    margin = given / abs(metric.scale)
    if margin >= metric.largest:
        most = metric.with_unit(metric.largest, signed=False)
        raise UserError(f"--margin {given:g}: no difference is larger than {most}")
    return margin


def candidate_name(evidence: Evidence, tested: PairVerdict) -> str:
    """Name a candidate by its trial and what it changes: 'trial 18: learning_rate=4.57, batch_size=64'."""
    run = evidence.chosen_run(tested.pair)
    if run is None:
        return tested.pair.candidate
    changed = changes(run.config, evidence.meta.baseline)
    shown = ", ".join(f"{k}={setting(b)}" for k, (_, b) in changed.items())
    name = f"trial {run.trial}" if run.trial is not None else run.run_id
    return f"{name}: {shown}" if shown else name


def refuse_too_few(seeds: int, power: PowerAnalysis) -> None:
    """Raise UserError where no verdict can be reached at all: such runs tell nothing."""
    if seeds < MIN_SEEDS:
        raise UserError(
            f"--seeds {seeds}: no verdict can be reached with fewer than {MIN_SEEDS} seeds; recommended is "
            f"--seeds {power.recommended}"
        )


def verdict_lines(evidence: Evidence) -> list[str]:
    """Write each verdict with its note and shrinkage, for the terminal."""
    lines = []
    for j in evidence.verdicts(FAMILY):
        lines.append(f"{candidate_name(evidence, j)}\n  {j.verdict.sentence}")
        extra = [j.note, shrinkage(evidence, j).sentence()]
        lines += [f"  {text}" for text in extra if text]
    return lines
