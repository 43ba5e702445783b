"""From looks and records to verdicts: what the report, ``confirm`` and ``ablate`` all show. Pure; no I/O.

An *interim analysis* (look) is one time that a family of comparisons was tested: it names the pairs of configs, the
seeds each had, the claim and the margin, and is kept in study.json; the numbers are recomputed from the records.
Families are 'confirm' and 'ablation', each with its own 5 %. A family's look lists every pair it ever compared, so that
all share the error.

    verdicts_at(runs, look)                 -> one PairVerdict per pair: the verdict of one look
    final_verdicts(runs, looks)             -> the same over all looks: the final verdict
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.looks import Look, Pair, Runs, paired
from results.analysis.paired import compare
from results.analysis.verdict import Verdict, adjust, sentence
from results.formatting import points
from results.record import Record


@dataclass(frozen=True)
class PairVerdict:
    """A pair with its final verdict on the last look's question, else the latest.

    The question is the claim: the first better or worse is final, else the first equivalent within a margin no wider.
    ``latest`` is the verdict of the last look, ``differences`` its paired test differences in order of ``seeds``.
    ``failed`` counts seeds where one of the two runs came to no score: the verdict is about runs that finish.
    ``earlier`` holds what was decided besides.
    """

    pair: Pair
    verdict: Verdict
    latest: Verdict
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    failed: int
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
            now = f"{points(self.latest.estimate)} percentage points over {self.latest.n} seeds"
            notes.append(f"decided at interim analysis {self.verdict.look}, which is final; now {now}")
        notes += [f"at interim analysis {v.look}: {v.sentence}" for v in self.earlier]
        return "; ".join(notes)


def verdicts_at(runs: Runs, look: Look) -> list[PairVerdict]:
    """Return the verdicts of one look, one per pair. Raises ValueError for a population claim without correctness."""
    made = []
    for pair in look.pairs:
        two = paired(runs, pair)
        differences = [float(a.test_score or 0) - float(b.test_score or 0) for a, b in two]
        images = two[0][0].test_images if two else None
        correct = None
        if look.claim == "population" and two:
            correct = _per_image(two)
        made.append(
            (
                pair,
                two,
                differences,
                compare(
                    differences,
                    margin=look.margin,
                    claim=look.claim,
                    images=images,
                    correct=correct,
                ),
            )
        )
    verdicts = adjust([c for *_, c in made], look.number, look.alpha)
    return [
        PairVerdict(pair, v, v, tuple(a.seed for a, _ in two), tuple(d), len(set(pair.seeds)) - len(two))
        for (pair, two, d, _), v in zip(made, verdicts, strict=True)
    ]


def _per_image(two: list[tuple[Record, Record]]) -> np.ndarray | None:
    rows = [(a.correct(), b.correct()) for a, b in two]
    if any(a is None or b is None or len(a) != len(b) for a, b in rows):
        return None
    return np.array([a.astype(np.int8) - b.astype(np.int8) for a, b in rows if a is not None and b is not None])


def final_verdicts(runs: Runs, looks: Sequence[Look]) -> list[PairVerdict]:
    """Return one PairVerdict per pair ever compared in a family's ``looks``, in the order of the last look.

    A verdict once given is final, for the question it answered.
    """
    if not looks:
        return []
    rounds = [verdicts_at(runs, look) for look in looks]
    decided: dict[tuple[str, str], list[Verdict]] = {}
    seen: dict[tuple[str, str], list[Verdict]] = {}
    for tested in (j for made in rounds for j in made):
        seen.setdefault(tested.pair.key, []).append(tested.verdict)
        if tested.verdict.decided:
            decided.setdefault(tested.pair.key, []).append(tested.verdict)

    def answers(v: Verdict) -> bool:
        return v.claim == looks[-1].claim and (v.label != "equivalent" or v.margin <= looks[-1].margin)

    made = []
    for j in rounds[-1]:
        known = decided.get(j.pair.key, [])
        mine = [v for v in known if answers(v)]  # better and worse are more than equivalent, whatever the margin
        final = next((v for v in mine if v.label != "equivalent"), mine[0] if mine else None)
        if final is None:
            final = _strongest(j.latest, seen[j.pair.key], looks[-1].alpha)
        others = {(v.claim, v.label): v for v in reversed(known) if (v.claim, v.label) != (final.claim, final.label)}
        made.append(replace(j, verdict=final, earlier=tuple(sorted(others.values(), key=lambda v: v.look))))
    return made


def _strongest(latest: Verdict, looks: Sequence[Verdict], alpha: float) -> Verdict:
    """Return an undecided verdict with the least adjusted p that any look gave it.

    A later look has less to spend: without new seeds the same runs would seem to say less than before. As a verdict is
    reached once any look's adjusted p is at most alpha, the least of them is the adjusted p of all looks together.
    """
    alike = [v for v in looks if v.claim == latest.claim]
    p = [v.p_adjusted for v in alike if (v.estimate > 0) == (latest.estimate > 0)]
    within = [v.p_equivalent_adjusted for v in alike if v.margin <= latest.margin]
    made = replace(
        latest,
        p_adjusted=min([latest.p_adjusted, *p]),
        p_equivalent_adjusted=min([latest.p_equivalent_adjusted, *within]),
    )
    return replace(made, sentence=sentence(made, alpha))


def measured_sd(tested: Iterable[PairVerdict]) -> tuple[float, int]:
    """Return (pooled standard deviation of paired differences, degrees of freedom) of comparisons; (0, 0) for none."""
    known = [(j.latest.n - 1, j.latest.sd) for j in tested if j.latest.n > 1]
    freedom = sum(df for df, _ in known)
    return (math.sqrt(sum(df * sd**2 for df, sd in known) / freedom) if freedom else 0.0), freedom
