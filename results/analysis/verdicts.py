"""From looks and records to verdicts: what the report, ``confirm`` and ``ablate`` all show. Pure; no I/O.

An *interim analysis* (look) is one time that a family of comparisons was tested: it names the pairs of configs, the
seeds each had, the claim and the margin, and is kept in study.json; the numbers are recomputed from the records.
Families are 'confirm' and 'ablation', each with its own 5 %. A family's look lists every pair it ever compared, so that
all share the error.

    verdicts_at(runs, look, metric)         -> one PairVerdict per pair: the verdict of one look
    final_verdicts(runs, looks, metric)     -> the same over all looks: the final verdict
    refuse_unusable(runs, look, metric)     raises where the runs cannot bear the look's claim: before it is kept
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.looks import Look, Pair, Runs, paired
from results.analysis.paired import compare
from results.analysis.verdict import Verdict, adjust, sentence
from results.errors import UserError
from results.metric import Metric
from results.record import Record


@dataclass(frozen=True)
class PairVerdict:
    """A pair with its final verdict on the last look's question, else the latest.

    The question is the claim: the first better or worse is final, else the first equivalent within a margin no wider.
    ``latest`` is the verdict of the last look, ``differences`` its paired differences in order of ``seeds``.
    ``failed`` counts seeds where one of the two runs came to no score: the verdict is about runs that finish.
    ``earlier`` holds what was decided besides.
    """

    pair: Pair
    verdict: Verdict
    latest: Verdict
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    failed: int
    metric: Metric
    earlier: tuple[Verdict, ...] = ()

    @property
    def note(self) -> str:
        """What must be said beside the verdict; empty where nothing."""
        notes = []
        if self.failed:
            runs = "pairs has" if self.failed == 1 else "pairs have"
            of = len(set(self.pair.seeds))
            notes.append(f"{self.failed} of {of} {runs} a run without a score; the verdict is about runs that finish")
        if self.verdict.look != self.latest.look:
            now = f"{self.metric.with_unit(self.latest.estimate)} over {self.latest.n} seeds"
            notes.append(f"decided at interim analysis {self.verdict.look}, which is final; now {now}")
        notes += [f"at interim analysis {v.look}: {v.sentence}" for v in self.earlier]
        return "; ".join(notes)


def verdicts_at(runs: Runs, look: Look, metric: Metric, members: str = "examples") -> list[PairVerdict]:
    """Return the verdicts of one look, one per pair.

    Under the population claim a run without a score for each test example counts as one without a score.
    """
    made = []
    for pair in look.pairs:
        two = paired(runs, pair)
        if look.claim == "population":
            two = _sampled(two)
        differences = [float(a.final or 0) - float(b.final or 0) for a, b in two]
        each = _each(two) if look.claim == "population" and two else None
        compared = compare(differences, margin=look.margin, claim=look.claim, examples=_whole(two, metric), each=each)
        made.append((pair, two, differences, compared))
    verdicts = adjust([c for *_, c in made], metric, look.number, look.alpha, members)
    return [
        PairVerdict(pair, v, v, tuple(a.seed for a, _ in two), tuple(d), len(set(pair.seeds)) - len(two), metric)
        for (pair, two, d, _), v in zip(made, verdicts, strict=True)
    ]


def refuse_unusable(runs: Runs, look: Look, metric: Metric) -> None:
    """Raise UserError where a look's configs have runs that cannot bear its claim: to be known before it is kept."""
    if look.claim != "population":
        return
    asked = f"the population claim needs a score for each test example, but {metric.name} has no test value"
    if metric.test is None:
        raise UserError(f"{asked}: verdicts are about validation here")
    configs = {name for pair in look.pairs for name in pair.key}
    for run in (r for (name, _), r in runs.items() if name in configs):
        if _size(run) < 2:
            raise UserError(
                f"the population claim needs a score for each of at least two test examples, but run {run.run_id} has "
                f"{'none' if not _size(run) else 'one'}: a trainable leaves them with run.examples(...), or with "
                "run.predictions('test', ...)"
            )
    if len({_size(r) for (name, _), r in runs.items() if name in configs}) > 1:
        raise UserError("the population claim needs test sets of one size, and those of its runs differ")


def _size(record: Record) -> int:
    return 0 if record.test_examples is None else record.test_examples.n


def _sampled(two: list[tuple[Record, Record]]) -> list[tuple[Record, Record]]:
    """Return the pairs with a score for each test example, all of the same number of them."""
    size = max((min(_size(a), _size(b)) for a, b in two), default=0)
    return [(a, b) for a, b in two if _size(a) == _size(b) == size > 1]


def _whole(two: list[tuple[Record, Record]], metric: Metric) -> int | None:
    """Return the size of the test set where scores are shares of its examples, which are right or wrong."""
    tested = two[0][0].test_examples if two and metric.test else None
    return tested.n if tested is not None and tested.kind == "bits" else None


def _each(two: list[tuple[Record, Record]]) -> np.ndarray:
    """Return (seeds, examples) differences of the examples' scores: integers of bits, else numbers."""
    bits = all(r.test_examples is not None and r.test_examples.kind == "bits" for pair in two for r in pair)
    kind: type = np.int8 if bits else np.float64
    rows = [(a.per_example(), b.per_example()) for a, b in two]
    return np.array([a.astype(kind) - b.astype(kind) for a, b in rows if a is not None and b is not None])


def final_verdicts(runs: Runs, looks: Sequence[Look], metric: Metric, members: str = "examples") -> list[PairVerdict]:
    """Return one PairVerdict per pair ever compared in a family's ``looks``, in the order of the last look.

    A verdict once given is final, for the question it answered. ``metric`` and what the data's ``members`` are called
    are for the sentences.
    """
    if not looks:
        return []
    rounds = [verdicts_at(runs, look, metric, members) for look in looks]
    decided: dict[tuple[str, str], list[Verdict]] = {}
    seen: dict[tuple[str, str], list[Verdict]] = {}
    for tested in (j for made in rounds for j in made):
        seen.setdefault(tested.pair.key, []).append(tested.verdict)
        if tested.verdict.decided:
            decided.setdefault(tested.pair.key, []).append(tested.verdict)

    def answers(v: Verdict) -> bool:
        return v.claim == looks[-1].claim and (v.label != "equivalent" or within(v.margin, looks[-1].margin))

    made = []
    for j in rounds[-1]:
        known = decided.get(j.pair.key, [])
        mine = [v for v in known if answers(v)]  # better and worse are more than equivalent, whatever the margin
        final = next((v for v in mine if v.label != "equivalent"), mine[0] if mine else None)
        if final is None:
            final = _strongest(j.latest, seen[j.pair.key])
            final = replace(final, sentence=sentence(final, metric, members, looks[-1].alpha))
        others = {(v.claim, v.label): v for v in reversed(known) if (v.claim, v.label) != (final.claim, final.label)}
        made.append(replace(j, verdict=final, earlier=tuple(sorted(others.values(), key=lambda v: v.look))))
    return made


def _strongest(latest: Verdict, looks: Sequence[Verdict]) -> Verdict:
    """Return an undecided verdict with the least adjusted p that any look gave it.

    A later look has less to spend: without new seeds the same runs would seem to say less than before. As a verdict is
    reached once any look's adjusted p is at most alpha, the least of them is the adjusted p of all looks together.
    """
    alike = [v for v in looks if v.claim == latest.claim]
    p = [v.p_adjusted for v in alike if (v.estimate > 0) == (latest.estimate > 0)]
    equivalent = [v.p_equivalent_adjusted for v in alike if within(v.margin, latest.margin)]
    return replace(
        latest,
        p_adjusted=min([latest.p_adjusted, *p]),
        p_equivalent_adjusted=min([latest.p_equivalent_adjusted, *equivalent]),
    )


def within(margin: float | None, other: float | None) -> bool:
    """Whether what is equivalent within one margin is so within the other; without one nothing is equivalent."""
    return margin is not None and other is not None and margin <= other


def measured_sd(tested: Iterable[PairVerdict]) -> tuple[float, int]:
    """Return (pooled standard deviation of paired differences, degrees of freedom) of comparisons; (0, 0) for none."""
    known = [(j.latest.n - 1, j.latest.sd) for j in tested if j.latest.n > 1]
    freedom = sum(df for df, _ in known)
    return (math.sqrt(sum(df * sd**2 for df, sd in known) / freedom) if freedom else 0.0), freedom
