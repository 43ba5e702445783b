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
from results.analysis.paired import CLAIMS, MIN_SEEDS, Claim
from results.analysis.power import PowerAnalysis, power_analysis
from results.analysis.shrinkage import shrinkage
from results.analysis.verdicts import PairVerdict, measured_sd
from results.config import changes
from results.errors import UserError
from results.formatting import setting
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
    notes: tuple[str, ...] = ()  # where what was asked for is not what comes

    def sentences(self, at_once: int | None = None) -> list[str]:
        """Say it before anything is spent; ``at_once`` is how many runs go side by side."""
        return [
            *self.notes,
            *self.power.sentences(),
            *population_note(self.look),
            cost(len(self.jobs), self.reused, self.seconds, at_once),
            advice(self.power),
        ]


def candidates(evidence: Evidence, top: int) -> list[Record]:
    """Return the ``top`` complete sweep runs by validation accuracy, one per config, the baseline left out."""
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
    margin: float,
    claim: Claim = "test-set",
    **about: Any,
) -> Confirmation:
    """Plan a confirmation of the ``top`` candidates on ``seeds`` fresh seeds each.

    Raises UserError where the study has no candidate.
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
    configs = {r.config_hash: r.config for r in chosen} | {baseline: meta.baseline}
    jobs, reused = missing(records, [(h, s) for p in pairs for h in p.key for s in p.seeds], configs, "confirm")
    final = evidence.verdicts(FAMILY)
    sd, source = difference_sd(evidence.test_floor, meta.dataset.test_examples, measured_sd(final))
    n = min(len(p.seeds) for p in pairs)
    power = power_analysis(n, len(look.pairs), sd, source, look.number, margin)
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
    return Confirmation(look, look not in looks, tuple(jobs), reused, power, seconds, tuple(notes))


def population_note(look: Look) -> list[str]:
    """Say what the claim is, and what the wider one adds."""
    lines = [f"Claim: {CLAIMS[look.claim]}."]
    if look.claim == "population":
        lines.append(
            "Beside the seeds it carries the test images' own sampling error, which no number of seeds removes; the "
            "powers above leave it out."
        )
    return lines


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
