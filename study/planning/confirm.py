"""``confirm``, without its command line: which candidates, whether a plan is under way, and what it showed. No I/O.

Candidates are the best of the sweep by validation; test figures choose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from results.analysis.chain import place, problem
from results.analysis.corrections import next_plan
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Pair
from results.analysis.paired import MIN_SEEDS, Claim
from results.analysis.plans import Judged, Plan
from results.analysis.shrinkage import shrinkage
from results.analysis.verdicts import PairVerdict, planned, within
from results.config import changes
from results.errors import UserError
from results.formatting import plural, settings
from results.metric import Metric
from results.record import Record
from study.planning.expect import noise_of
from study.planning.plan import AtOnce, Proposal, Question, Size, proposal, propose
from study.planning.seeds import failed_seeds, fresh_seeds, judged_seeds

FAMILY: Family = "confirm"


@dataclass(frozen=True)
class Asked:
    """What the command line asked for; None where it said nothing."""

    top: int | None = None
    size: Size = Size()
    margin: float | None = None  # as typed, in the unit of differences
    claim: Claim | None = None
    start: int = 1  # where fresh seeds begin
    further: bool = False  # a further plan, which spends of what error is left
    more: Mapping[str, Any] = field(default_factory=dict)  # other options that were given

    @property
    def options(self) -> dict[str, Any]:
        """What was given, as options with their values."""
        given = {"--top": self.top, **self.size.asked, "--margin": self.margin, "--claim": self.claim, **self.more}
        return {name: value for name, value in given.items() if value is not None}


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


def prepare(evidence: Evidence, asked: Asked, at_once: AtOnce, **about: Any) -> Proposal | None:
    """Return the plan to go on with or to begin; None where all is decided, or the last plan has ended.

    Raises UserError where the study has no candidate, the options are not those of the last plan, or a further one is
    asked for and nothing is left to decide.
    """
    open_plan = evidence.open_plan(FAMILY)
    plans = evidence.plans(FAMILY)
    if plans and not asked.further:
        same_options(asked, plans[-1], "confirm", evidence)
        if open_plan is None:
            return None
        refuse_changed(evidence, open_plan, "confirm")
        return proposal(evidence, open_plan, configs_of(evidence, open_plan.plan), noise_of(evidence), at_once)
    top = asked.top or max(1, len({p.key for plan in plans for p in plan.pairs}))  # those of the last plan are the rest
    chosen = candidates(evidence, top)
    if not chosen:
        raise UserError("the study has no complete sweep trial to confirm; a sweep makes some", "sweep")
    margin = margin_of(asked.margin, evidence.metric)
    claim: Claim = asked.claim or "test-set"
    baseline = evidence.baseline_hash
    pairs = [Pair(r.config_hash, baseline, (), chosen=r.run_id) for r in chosen]
    left = undecided(evidence, FAMILY, pairs, claim, margin)
    if not left and not asked.further:
        return None
    refuse_decided(left)
    configs = {r.config_hash: r.config for r in chosen} | {baseline: evidence.meta.baseline}
    used = judged_seeds(evidence, FAMILY) | failed_seeds(evidence, baseline)

    def seeds(count: int) -> tuple[int, ...]:
        return fresh_seeds(
            evidence.everything, count, asked.start, reuse=baseline, fresh=[p.candidate for p in left], avoid=used
        )

    notes = []
    if len(chosen) < top:
        notes.append(f"note: --top {top}, but the sweep has no more than {len(chosen)} complete configs to confirm")
    if done := len(pairs) - len(left):
        notes.append(f"note: {plural(done, 'candidate has its verdict', 'candidates have their verdicts')} already")
    question = Question(
        FAMILY,
        left,
        {h: configs[h] for p in left for h in p.key},
        seeds,
        margin,
        claim,
        races=True,
        request=asked.options,
        about=about,
    )
    return replace(propose(evidence, question, asked.size, noise_of(evidence), at_once), notes=tuple(notes))


def undecided(
    evidence: Evidence, family: Family, pairs: Sequence[Pair], claim: Claim, margin: float | None
) -> list[Pair]:
    """Return the comparisons that have no final verdict on this question yet."""
    decided = [j for j in evidence.verdicts(family) if j.verdict.decided and j.verdict.claim == claim]
    known = {j.pair.key for j in decided if j.verdict.differs or within(j.verdict.margin, margin)}
    return [p for p in pairs if p.key not in known]


def refuse_decided(left: Sequence[Pair]) -> None:
    """Raise UserError for a further plan of nothing."""
    if not left:
        raise UserError("--further: nothing is left to decide, each comparison has its verdict")


def same_options(asked: Asked, plan: Plan, command: str, evidence: Evidence) -> None:
    """Raise UserError where the command line gives an option that is not the plan's."""
    for name, value in asked.options.items():
        if plan.request.get(name) == value:
            continue
        was = plan.request.get(name)
        begun = f"plan {plan.number} was made {f'with {name} {was}' if was is not None else f'without {name}'}"
        left = 100 * next_plan(len(evidence.looks(plan.family)), [p.alpha for p in evidence.plans(plan.family)])
        raise UserError(
            f"{name} {value}: {begun}; without options it goes on, with --further another plan begins that may spend "
            f"{left:.2g} % error",
            command,
            "--further",
        )


def refuse_changed(evidence: Evidence, judged: Judged, command: str) -> None:
    """Raise UserError where a plan under way is not as it was kept: going on would keep the change as the truth."""
    if why := problem(evidence.meta, place(evidence.meta, judged.plan), judged):
        raise UserError(
            f"plan {judged.plan.number} does not go on, as its verdicts would not stand: {why}; for another plan",
            command,
            "--further",
        )


def configs_of(evidence: Evidence, plan: Plan) -> Mapping[str, dict[str, Any]]:
    """Return the configs of a plan's pairs by hash. Raises UserError where one is known from no record."""
    known = {evidence.baseline_hash: evidence.meta.baseline} | {r.config_hash: r.config for r in evidence.everything}
    for name in {h for p in plan.pairs for h in p.key}:
        if name not in known:
            raise UserError(f"plan {plan.number} compares config {name}, which no record of the study has")
    return {h: known[h] for p in plan.pairs for h in p.key}


def margin_of(given: float | None, metric: Metric) -> float | None:
    """Return a margin as a gain: ``given`` in the unit of differences, else the metric's. Raises UserError."""
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
    shown = settings({k: b for k, (_, b) in changed.items()})
    name = _name(run)
    return f"{name}: {shown}" if shown else name


def _name(run: Record) -> str:
    return f"trial {run.trial}" if run.trial is not None else f"run {run.run_id}"


def refuse_size(size: Size) -> None:
    """Raise UserError where no verdict can be reached at all: such runs tell nothing."""
    for name, value in (("--seeds", size.seeds), ("--max-seeds", size.most)):
        if value is not None and value < MIN_SEEDS:
            raise UserError(f"{name} {value}: no verdict can be reached with fewer than {MIN_SEEDS} seeds")


def told(evidence: Evidence, pair: Pair, judged: Judged) -> str:
    """Say what has just been decided of a pair, in a line for the screen; the sentence comes when all is."""
    tested = planned(judged, evidence.metric, evidence.members)[judged.plan.pairs.index(pair)]
    return decided(candidate_name(evidence, tested).split(":")[0], tested)


def decided(name: str, tested: PairVerdict) -> str:
    """Say a verdict that has just been reached: 'trial 18: better after 8 seeds'."""
    return f"{name}: {tested.label} after {plural(tested.failures.n, 'seed')}"


def plan_names(evidence: Evidence, plan: Plan) -> list[str]:
    """Name the candidates of a plan: 'trial 18'."""
    runs = [evidence.chosen_run(p) for p in plan.pairs]
    return [p.candidate if r is None else _name(r) for r, p in zip(runs, plan.pairs, strict=True)]


def verdict_lines(evidence: Evidence) -> list[str]:
    """Write each verdict with its note and shrinkage, for the terminal."""
    lines = []
    for j in evidence.verdicts(FAMILY):
        said = "not decided yet; the plan goes on" if j.under_way and not j.verdict.decided else j.verdict.sentence
        lines.append(f"{candidate_name(evidence, j)}\n  {said}")
        extra = [j.note, shrinkage(evidence, j).sentence(), j.winners]
        lines += [f"  {text}" for text in extra if text]
    return lines
