"""From plans, looks and records to verdicts: what the report, ``confirm`` and ``ablate`` all show. Pure; no I/O.

Families are 'confirm' and 'ablation', each with its own 5 %. A family is judged by plans; looks are what earlier
versions judged by, and stand. The numbers are recomputed from the records.

    planned(judged, metric)                     -> one PairVerdict per pair of a plan, as far as it has come
    verdicts_at(runs, look, metric)             -> one PairVerdict per pair of a look
    final_verdicts(rounds)                      -> one PairVerdict per pair over all of them, in order: the final one
    refuse_unusable(runs, configs, claim, ...)  raises where the runs cannot bear a claim: before a plan is kept
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.looks import Look, Pair, Runs, paired
from results.analysis.paired import MIN_SEEDS, Claim, compare
from results.analysis.plans import Judged, each, examples_of, sampled, size
from results.analysis.verdict import MARGINAL, Failures, Verdict, adjust, sentence
from results.errors import UserError
from results.metric import Metric


@dataclass(frozen=True)
class PairVerdict:
    """A pair with its final verdict on the question asked last, else the latest.

    The question is the claim: the first better or worse is final, else the first other within a margin no wider.
    ``latest`` is what the last plan or look says, ``differences`` its paired differences in order of ``seeds``.
    ``failures``: runs without a score among those that counted; the verdict is about runs that finish. ``earlier``
    holds what was decided besides; ``under_way``: the plan has not ended for this pair.
    """

    pair: Pair
    verdict: Verdict
    latest: Verdict
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    metric: Metric
    failures: Failures = Failures(0, 0, 0)
    earlier: tuple[Verdict, ...] = ()
    under_way: bool = False

    @property
    def failed(self) -> int:
        """How many rounds a run without a score has left out."""
        return self.failures.n - len(self.seeds)

    @property
    def label(self) -> str:
        """The verdict in a few words, with what must be said in the same breath."""
        if self.under_way and not self.verdict.decided:
            return "not decided yet"
        if self.failures.candidate and self.verdict.differs:
            return f"{self.verdict.label} when it finishes; {self.failures.candidate} of {self.failures.n} fail"
        return self.verdict.label

    @property
    def winners(self) -> str:
        """That the estimate is a winner's, where an early stop made it one; empty elsewhere."""
        return "an estimate that stopped early is on average too large; the interval allows for that" * self.early

    @property
    def early(self) -> bool:
        """Whether a plan stopped at a difference before its last round."""
        v = self.verdict
        return v.by == "plan" and v.differs and v.seeds is not None and self.failures.n < v.seeds

    @property
    def note(self) -> str:
        """What must be said beside the verdict; empty where nothing."""
        notes = []
        if self.failures.candidate or self.failures.reference:
            notes.append(f"{self.failures.sentence()}; the verdict is about runs that finish")
        if self.verdict is not self.latest and self.verdict.decided:
            now = f"{self.metric.with_unit(self.latest.estimate)} over {self.latest.n} seeds"
            notes.append(f"decided at {self._where(self.verdict)}, which is final; at {self._where(self.latest)} {now}")
        notes += [f"at {self._where(v)}: {v.sentence}" for v in self.earlier]
        return "; ".join(notes)

    @staticmethod
    def _where(v: Verdict) -> str:
        return f"plan {v.number}" if v.by == "plan" else f"interim analysis {v.number}"


def planned(judged: Judged, metric: Metric, members: str = "examples") -> list[PairVerdict]:
    """Return the verdicts of a plan as far as it has come."""
    plan, d = judged.plan, judged.decisions
    found = []
    for i, pair in enumerate(plan.pairs):
        label, n, se = judged.label(i), int(d.n[0, i]), float(d.se[0, i])
        v = Verdict(
            label=label,
            estimate=float(d.estimate[0, i]),
            low=float(d.low[0, i]),
            high=float(d.high[0, i]),
            n=n,
            sd=float(d.sd[0, i]),
            margin=plan.margin,
            claim=plan.claim,
            by="plan",
            number=plan.number,
            comparisons=len(plan.pairs),
            level=1 - plan.alpha,
            seeds=len(plan.seeds),
            statistic=_statistic(label, float(d.estimate[0, i]), se, plan.margin) if n >= MIN_SEEDS else None,
            boundary=float(d.boundary[0, i]) if n >= MIN_SEEDS else None,
            small=bool(d.small[0, i]),
        )
        two = [(s, a, b) for s, (a, b) in zip(plan.seeds, judged.scored[i], strict=False)]
        both = [(s, (a.final or 0.0) - (b.final or 0.0)) for s, a, b in two if a is not None and b is not None]
        lost = Failures(sum(a is None for _, a, _ in two), sum(b is None for *_, b in two), len(two))
        v = replace(v, sentence=sentence(v, metric, members))
        seeds, differences = tuple(s for s, _ in both), tuple(x for _, x in both)
        under_way = bool(d.open[0, i]) and not plan.given_up
        found.append(PairVerdict(pair, v, v, seeds, differences, metric, lost, under_way=under_way))
    return found


def _statistic(label: str, estimate: float, se: float, margin: float | None) -> float:
    """Return what had to reach the boundary: the distance from zero, or from the margin, over the standard error."""
    if label in MARGINAL:
        toward = -estimate if label == "no worse" else estimate
        return ((margin or 0.0) - toward) / se
    return abs(estimate) / se


def verdicts_at(runs: Runs, look: Look, metric: Metric, members: str = "examples") -> list[PairVerdict]:
    """Return the verdicts of one look, one per pair.

    Under the population claim a run without a score for each test example counts as one without a score.
    """
    made = []
    for pair in look.pairs:
        two = paired(runs, pair)
        if look.claim == "population":
            two = list(sampled(two).values())
        differences = [float(a.final or 0) - float(b.final or 0) for a, b in two]
        scores = each(two) if look.claim == "population" and two else None
        examples = examples_of([two[0][0]]) if two else None
        compared = compare(differences, margin=look.margin, claim=look.claim, examples=examples, each=scores)
        made.append((pair, two, differences, compared))
    verdicts = adjust([c for *_, c in made], metric, look.number, look.alpha, members)
    found = []
    for (pair, two, d, _), v in zip(made, verdicts, strict=True):
        seeds = set(pair.seeds)
        lacking = [sum((h, s) not in runs for s in seeds) for h in pair.key]
        lost = Failures(lacking[0], lacking[1], len(seeds))
        found.append(PairVerdict(pair, v, v, tuple(a.seed for a, _ in two), tuple(d), metric, lost))
    return found


def refuse_unusable(runs: Runs, configs: Collection[str], claim: Claim, metric: Metric) -> None:
    """Raise UserError where configs have runs that cannot bear a claim: to be known before a plan is kept."""
    if claim != "population":
        return
    asked = f"the population claim needs a score for each test example, but {metric.name} has no test value"
    if metric.test is None:
        raise UserError(f"{asked}: verdicts are about validation here")
    for run in (r for (name, _), r in runs.items() if name in configs):
        if size(run) < 2:
            raise UserError(
                f"the population claim needs a score for each of at least two test examples, but run {run.run_id} has "
                f"{'none' if not size(run) else 'one'}: a trainable leaves them with run.examples(...), or with "
                "run.predictions('test', ...)"
            )
    if len({size(r) for (name, _), r in runs.items() if name in configs}) > 1:
        raise UserError("the population claim needs test sets of one size, and those of its runs differ")


def final_verdicts(rounds: Sequence[Sequence[PairVerdict]]) -> list[PairVerdict]:
    """Return one PairVerdict per pair of a family's looks and plans, given in order, in the order they came up.

    A verdict once given is final, for the question it answered: that of the pair's last plan or look.
    """
    seen: dict[tuple[str, str], list[PairVerdict]] = {}
    for tested in (j for made in rounds for j in made):
        seen.setdefault(tested.pair.key, []).append(tested)
    return [_final(judged) for judged in seen.values()]


def _final(judged: Sequence[PairVerdict]) -> PairVerdict:
    last = judged[-1]
    known = [j for j in judged if j.verdict.decided]
    mine = [j for j in known if _answers(j.verdict, last.verdict)]  # a difference is more than what is within a margin
    final = next((j for j in mine if j.verdict.differs), mine[0] if mine else None)
    verdict = _strongest(last.latest, [j.verdict for j in judged], last.metric) if final is None else final.verdict
    others = {(j.verdict.claim, j.verdict.label): j.verdict for j in reversed(known)}
    others.pop((verdict.claim, verdict.label), None)
    earlier = tuple(sorted(others.values(), key=lambda v: (v.by == "plan", v.number)))
    return replace(last, verdict=verdict, earlier=earlier, failures=(final or last).failures)


def _answers(v: Verdict, asked: Verdict) -> bool:
    return v.claim == asked.claim and (v.differs or within(v.margin, asked.margin))


def _strongest(latest: Verdict, all_of: Sequence[Verdict], metric: Metric) -> Verdict:
    """Return an undecided verdict with the least adjusted p that any look gave it.

    A later look has less to spend: without new seeds the same runs would seem to say less than before. As a verdict is
    reached once any look's adjusted p is at most alpha, the least of them is the adjusted p of all looks together.
    """
    if latest.p_adjusted is None or latest.p_equivalent_adjusted is None:
        return latest
    alike = [v for v in all_of if v.claim == latest.claim and v.by == "look"]
    p = [v.p_adjusted for v in alike if (v.estimate > 0) == (latest.estimate > 0) and v.p_adjusted is not None]
    equivalent = [v.p_equivalent_adjusted for v in alike if within(v.margin, latest.margin)]
    found = replace(
        latest,
        p_adjusted=min([latest.p_adjusted, *p]),
        p_equivalent_adjusted=min([latest.p_equivalent_adjusted, *(q for q in equivalent if q is not None)]),
    )
    return replace(found, sentence=sentence(found, metric))


def within(margin: float | None, other: float | None) -> bool:
    """Whether what is claimed within one margin holds within the other; without one nothing of the kind is."""
    return margin is not None and other is not None and margin <= other


def measured_sd(tested: Iterable[PairVerdict]) -> tuple[float, int]:
    """Return (pooled standard deviation of paired differences, degrees of freedom) of comparisons; (0, 0) for none."""
    known = [(len(j.differences) - 1, float(np.std(j.differences, ddof=1))) for j in tested if len(j.differences) > 1]
    freedom = sum(df for df, _ in known)
    return (math.sqrt(sum(df * sd**2 for df, sd in known) / freedom) if freedom else 0.0), freedom
