"""From looks and records to verdicts: what the report, ``confirm`` and ``ablate`` all show. Pure; no I/O.

A *look* is one time that a family of comparisons was judged: it names the pairs of configs, the seeds each had, the
claim and the margin, and is kept in study.json; the numbers are recomputed from the records. Families are 'confirm' and
'ablation', each with its own 5 %. A family's look lists every pair it ever compared, so that all share the error.

    looks_of(meta, "confirm")               -> the family's looks, in order
    standing(records, looks)                -> one Judged per pair: the verdict that stands
    shrinkage(records, meta, judged)        -> what the sweep promised against what held
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from results.config import config_hash
from results.errors import UserError
from results.formatting import ALPHA, points
from results.record import Record
from results.stats import CLAIMS, MARGIN, MIN_SEEDS, Claim, Verdict, adjust, compare, look_level, sentence
from results.store import StudyMeta

Family = Literal["confirm", "ablation"]


@dataclass(frozen=True)
class Pair:
    """Two configs by hash, compared on ``seeds``; the difference is candidate - reference.

    ``role``: 'confirm' (reference: the baseline), 'leave-one-out' (candidate: the winner, reference: the winner without
    the change), 'add-one-in' (reference: the baseline), 'named' (candidate: the start with the named ablation,
    reference: the start). ``name`` is the change; a positive difference always speaks for the change. ``chosen`` is the
    run that made it a candidate. ``without`` are the seeds at which one of the two had no score when the look was
    taken: one that comes later is another look's.
    """

    candidate: str
    reference: str
    seeds: tuple[int, ...]
    role: str = "confirm"
    name: str = ""
    chosen: str | None = None
    without: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same comparison at a later look, with whatever seeds."""
        return self.candidate, self.reference


@dataclass(frozen=True)
class Look:
    """One look at a family, as study.json keeps it."""

    family: Family
    number: int
    pairs: tuple[Pair, ...]
    claim: Claim = "test-set"
    margin: float = MARGIN
    alpha: float = ALPHA
    when: str | None = None
    command: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values, with the error it spent."""
        value = asdict(self) | {"spent": look_level(self.number, self.alpha)}
        return value | {"pairs": [{**asdict(p), "seeds": [*p.seeds], "without": [*p.without]} for p in self.pairs]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Look:
        """Undo :meth:`as_dict`, leaving unknown keys out. Raises KeyError, TypeError, ValueError for anything else."""
        names = {"candidate", "reference", "seeds", "role", "name", "chosen", "without"}
        pairs = [{k: v for k, v in p.items() if k in names} for p in value["pairs"]]
        own = {
            k: value[k]
            for k in ("family", "number", "claim", "margin", "alpha", "when", "command", "details")
            if k in value
        }
        claim = own.get("claim", "test-set")
        if claim not in CLAIMS or own["number"] < 1:
            raise ValueError(f"look {own['number']}, claim '{claim}'")
        seeds = [{"seeds": tuple(p["seeds"]), "without": tuple(p.get("without", ()))} for p in pairs]
        return cls(**own, pairs=tuple(Pair(**(p | s)) for p, s in zip(pairs, seeds, strict=True)))

    def same_data(self, other: Look) -> bool:
        """Whether the other look asks the very same question of the same runs, so that it need not be spent."""
        mine, its = ({(p.key, tuple(sorted(p.seeds))) for p in look.pairs} for look in (self, other))
        return mine == its and (self.claim, self.margin, self.alpha) == (other.claim, other.margin, other.alpha)


@dataclass(frozen=True)
class Judged:
    """A pair with the verdict that stands on the last look's question, else the latest.

    The question is the claim: the first better or worse stands, else the first equivalent within a margin no wider.
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
            notes.append(
                f"decided at look {self.verdict.look} and stands; now {points(self.latest.estimate)} points over "
                f"{self.latest.n} seeds"
            )
        notes += [f"at look {v.look}: {v.sentence}" for v in self.earlier]
        return "; ".join(notes)


def chosen_run(records: Iterable[Record], pair: Pair) -> Record | None:
    """Return the run that made the pair's candidate one, else any run of its config; None where there is none."""
    own = [r for r in records if r.config_hash == pair.candidate]
    return next((r for r in own if r.run_id == pair.chosen), own[0] if own else None)


def by_run(records: Iterable[Record], fingerprint: str | None = None) -> dict[tuple[str, int], Record]:
    """Index complete runs that have a test score by (config hash, seed); the first of equals counts."""
    found: dict[tuple[str, int], Record] = {}
    for r in records:
        if r.status == "complete" and r.test_accuracy is not None and fingerprint in (None, r.dataset.fingerprint):
            found.setdefault((r.config_hash, r.seed), r)
    return found


def paired(runs: Mapping[tuple[str, int], Record], pair: Pair) -> list[tuple[Record, Record]]:
    """Return (candidate, reference) for every seed of the pair where both finished, in order of seed."""
    seeds = sorted(set(pair.seeds) - set(pair.without))
    both = [(runs.get((pair.candidate, s)), runs.get((pair.reference, s))) for s in seeds]
    return [(a, b) for a, b in both if a is not None and b is not None]


def judge(records: Sequence[Record], look: Look, fingerprint: str | None = None) -> list[Judged]:
    """Return the verdicts of one look, one per pair. Raises ValueError for a population claim without correctness."""
    runs = by_run(records, fingerprint)
    made = []
    for pair in look.pairs:
        two = paired(runs, pair)
        differences = [float(a.test_accuracy or 0) - float(b.test_accuracy or 0) for a, b in two]
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
        Judged(pair, v, v, tuple(a.seed for a, _ in two), tuple(d), len(set(pair.seeds)) - len(two))
        for (pair, two, d, _), v in zip(made, verdicts, strict=True)
    ]


def _per_image(two: list[tuple[Record, Record]]) -> np.ndarray | None:
    rows = [(a.correct(), b.correct()) for a, b in two]
    if any(a is None or b is None or len(a) != len(b) for a, b in rows):
        return None
    return np.array([a.astype(np.int8) - b.astype(np.int8) for a, b in rows if a is not None and b is not None])


def standing(records: Sequence[Record], looks: Sequence[Look], fingerprint: str | None = None) -> list[Judged]:
    """Return one Judged per pair ever compared in a family's ``looks``, in the order of the last look.

    A verdict once given stands, for the question it answered.
    """
    if not looks:
        return []
    rounds = [judge(records, look, fingerprint) for look in looks]
    decided: dict[tuple[str, str], list[Verdict]] = {}
    seen: dict[tuple[str, str], list[Verdict]] = {}
    for judged in (j for made in rounds for j in made):
        seen.setdefault(judged.pair.key, []).append(judged.verdict)
        if judged.verdict.decided:
            decided.setdefault(judged.pair.key, []).append(judged.verdict)

    def answers(v: Verdict) -> bool:
        return v.claim == looks[-1].claim and (v.label != "equivalent" or v.margin <= looks[-1].margin)

    made = []
    for j in rounds[-1]:
        known = decided.get(j.pair.key, [])
        mine = [v for v in known if answers(v)]  # better and worse are more than equivalent, whatever the margin
        stands = next((v for v in mine if v.label != "equivalent"), mine[0] if mine else None)
        if stands is None:
            stands = _strongest(j.latest, seen[j.pair.key], looks[-1].alpha)
        others = {(v.claim, v.label): v for v in reversed(known) if (v.claim, v.label) != (stands.claim, stands.label)}
        made.append(replace(j, verdict=stands, earlier=tuple(sorted(others.values(), key=lambda v: v.look))))
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


def settled(records: Iterable[Record], look: Look, fingerprint: str | None = None) -> Look:
    """Return the look with the seeds that have no score now, as study.json is to keep it."""
    runs = by_run(records, fingerprint)
    pairs = []
    for pair in look.pairs:
        bare = replace(pair, without=())
        scored = {a.seed for a, _ in paired(runs, bare)}
        pairs.append(replace(bare, without=tuple(s for s in sorted(set(pair.seeds)) if s not in scored)))
    return replace(look, pairs=tuple(pairs))


def measured_sd(judged: Iterable[Judged]) -> tuple[float, int]:
    """Return (pooled spread of the paired differences of comparisons made, degrees of freedom); (0, 0) without any."""
    known = [(j.latest.n - 1, j.latest.sd) for j in judged if j.latest.n > 1]
    freedom = sum(df for df, _ in known)
    return (math.sqrt(sum(df * sd**2 for df, sd in known) / freedom) if freedom else 0.0), freedom


def spends(records: Sequence[Record], look: Look, fingerprint: str | None = None) -> bool:
    """Whether any pair has enough scores for a verdict: a look without one has tested nothing and need not be kept."""
    runs = by_run(records, fingerprint)
    return any(len(paired(runs, pair)) >= MIN_SEEDS for pair in look.pairs)


def looks_of(meta: StudyMeta, family: Family) -> list[Look]:
    """Return the looks at ``family`` that study.json holds, in order. Raises UserError for one of another version."""
    try:
        looks = [Look.from_dict(value) for value in meta.looks if value.get("family") == family]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"study.json holds a look at family '{family}' that this version does not know ({error}); a newer version "
            "of the toolkit made it: use that"
        ) from None
    return sorted(looks, key=lambda look: look.number)


def next_look(
    looks: Sequence[Look],
    family: Family,
    pairs: Sequence[Pair],
    claim: Claim,
    margin: float,
    records: Sequence[Record] = (),
    **about: Any,
) -> Look:
    """Return the look that judges ``pairs`` beside all that the family compared before: the last one where nothing
    is new.

    A pair seen before gets its new seeds and keeps the old ones; the others stay as they were. With ``records``, a
    score that the last look had to do without is new as well.
    """
    merged = {p.key: p for p in looks[-1].pairs} if looks else {}
    for pair in pairs:
        before = merged.get(pair.key)
        seeds = tuple(dict.fromkeys((before.seeds if before else ()) + pair.seeds))
        merged[pair.key] = Pair(
            pair.candidate,
            pair.reference,
            seeds,
            pair.role,
            pair.name,
            pair.chosen or (before.chosen if before else None),
        )
    look = Look(family, len(looks) + 1, tuple(merged.values()), claim, margin, **about)
    if not looks or not looks[-1].same_data(look):
        return look
    have = by_run(records)
    late = any(all((h, s) in have for h in p.key) for p in looks[-1].pairs for s in p.without)
    return look if late else looks[-1]


@dataclass(frozen=True)
class Shrinkage:
    """What the sweep promised of a candidate on validation, against what fresh seeds gave. Differences in fractions.

    ``promised``: validation gain over the baseline in the sweep; ``held``: mean paired validation gain on the fresh
    seeds, ``test``: the same on test. ``luck``: promised - held. None where a run is missing.
    """

    promised: float | None
    held: float | None
    test: float | None

    @property
    def luck(self) -> float | None:
        """The part of the promise that did not come back."""
        return None if self.promised is None or self.held is None else self.promised - self.held

    def sentence(self) -> str:
        """Say it in one line; empty where the promise is not known."""
        if self.promised is None or self.held is None or self.luck is None:
            return ""
        text = (
            f"promised {points(self.promised)} points by the sweep (validation, one seed), "
            f"{points(self.held)} held on fresh seeds"
        )
        if self.promised > 0 and self.luck > 0:
            text += f": {100 * min(1.0, self.luck / self.promised):.0f} % of the promise did not come back"
        return text


def shrinkage(records: Sequence[Record], meta: StudyMeta, judged: Judged) -> Shrinkage:
    """Compare the sweep's promise for a confirmed candidate with what held on its fresh seeds."""
    chosen = next((r for r in records if r.run_id == judged.pair.chosen), None)
    baseline = config_hash(meta.baseline)
    beside = next(
        (
            r
            for r in records
            if chosen and r.config_hash == baseline and r.seed == chosen.seed and r.status == "complete"
        ),
        None,
    )
    promised = None
    if chosen and beside and chosen.val_accuracy is not None and beside.val_accuracy is not None:
        promised = chosen.val_accuracy - beside.val_accuracy
    two = paired(by_run(records), judged.pair)
    gains = [
        a.val_accuracy - b.val_accuracy for a, b in two if a.val_accuracy is not None and b.val_accuracy is not None
    ]
    held = float(np.mean(gains)) if gains else None
    return Shrinkage(promised, held, float(np.mean(judged.differences)) if judged.differences else None)
