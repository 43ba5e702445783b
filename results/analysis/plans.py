"""Plans of comparisons, and how far their runs have brought them.

A plan names pairs, seeds, margin, claim, error, boundaries and stopping rule. Round r is one run of each config at the
r-th seed. What it decides follows from the plan and the records alone:

    judge(plan, runs, failed)   -> Judged: how far it is, and what became of each pair

How study.json keeps them, and notices what was changed: chain.py.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, get_args

import numpy as np
from scipy import stats as st

from results.analysis.corrections import ALPHA
from results.analysis.looks import Family, Pair, Runs
from results.analysis.paired import CLAIMS, MIN_SEEDS, Claim, population_error
from results.analysis.sequential import LABELS, Decisions, Design, Judge, Label
from results.formatting import plural
from results.metric import LARGEST
from results.record import Record

MOST_ROUNDS, MOST_PAIRS = 500, 100
MOST_RUNS = 5_000  # of a plan's candidates: its boundaries are simulated, some ten seconds and 1 GB of memory
Scored = tuple[Record | None, Record | None]  # candidate and reference of one round; None: without a score


@dataclass(frozen=True)
class Plan:
    """One plan of a family, as study.json keeps it.

    ``number`` counts all plans of the study. ``alpha`` is what it spends of the family's error; ``every_round``:
    whether it looks after each round, or once at the end; ``halving``: the rounds of a race after which the better half
    goes on; ``harm``: see sequential.Design. ``previous`` is the hash of the plan before, of whatever family (of the
    looks, before the first). ``request`` is what the command asked for, ``deviations`` what is other than in the
    family's plan before. ``hash`` covers all of these. ``rounds`` (digests of the judged ones) and ``verdicts`` come as
    it goes on.
    """

    family: Family
    number: int
    pairs: tuple[Pair, ...]
    seeds: tuple[int, ...]
    margin: float | None
    claim: Claim
    alpha: float
    boundaries: tuple[tuple[float, ...], ...]
    every_round: bool = True
    halving: tuple[int, ...] = ()
    harm: bool = False
    previous: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()
    when: str | None = None
    command: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    rounds: tuple[str, ...] = ()
    verdicts: tuple[dict[str, Any], ...] = ()
    given_up: bool = False  # a further plan took its place before it had ended

    def design(self, examples: int | None = None) -> Design:
        """Return how it judges; ``examples``: the size of a test set whose examples are right or wrong."""
        return Design(
            len(self.seeds), self.boundaries, self.margin, self.every_round, self.halving, examples, self.harm
        )

    @cached_property
    def own_hash(self) -> str:
        """The hash of what the plan said before its first run. ``details`` are left out: a path grows as it goes."""
        later = ("pairs", "details", "hash", "rounds", "verdicts", "given_up")
        said = {name: getattr(self, name) for name in type(self).__dataclass_fields__ if name not in later}
        return digest(said | {"pairs": [[p.candidate, p.reference, p.role, p.name, p.chosen] for p in self.pairs]})

    def sealed(self) -> Plan:
        """Return it with its hash."""
        return replace(self, hash=self.own_hash)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        pairs = [{k: getattr(p, k) for k in ("candidate", "reference", "role", "name", "chosen")} for p in self.pairs]
        table = [[None if math.isinf(c) else c for c in row] for row in self.boundaries]
        return asdict(self) | {"pairs": pairs, "boundaries": table}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Plan:
        """Undo :meth:`as_dict`, leaving unknown keys out. Raises KeyError, TypeError, ValueError for anything else."""
        own = {k: v for k, v in value.items() if k in cls.__dataclass_fields__}
        seeds = tuple(own["seeds"])
        names = ("candidate", "reference", "role", "name", "chosen")
        pairs = tuple(Pair(**{k: p[k] for k in names}, seeds=seeds) for p in own["pairs"])
        if any(type(c) is bool for row in own["boundaries"] for c in row):
            raise ValueError("a boundary is none")
        table = tuple(tuple(math.inf if c is None else float(c) for c in row) for row in own["boundaries"])
        made = {"pairs": pairs, "seeds": seeds, "boundaries": table}
        tuples = {k: tuple(own.get(k, ())) for k in ("halving", "deviations", "rounds", "verdicts")}
        plan = cls(**(own | made | tuples))
        plan._check()
        return plan

    def _check(self) -> None:
        def expect(holds: bool, what: str) -> None:
            if not holds:
                raise ValueError(what)

        expect(self.family in get_args(Family) and self.claim in CLAIMS, f"family {self.family!r:.40}")
        expect(type(self.number) is int and 1 <= self.number <= 1000, f"number {self.number!r:.40}")
        expect(len(self.pairs) >= 1 and len(self.seeds) >= MIN_SEEDS, "too few pairs or seeds")
        expect(not (why := too_large(len(self.pairs), len(self.seeds))), why)
        expect(all(type(s) is int for s in (*self.seeds, *self.halving)), "its seeds are no whole numbers")
        expect(all(0 <= s < 2**31 for s in self.seeds), "a seed is none")
        expect(len(set(self.seeds)) == len(self.seeds), "a seed stands twice")
        expect(type(self.alpha) is float and 0 < self.alpha <= ALPHA, f"alpha is {self.alpha!r:.40}")
        margin = self.margin
        expect(margin is None or (type(margin) is float and 0 < margin <= LARGEST), f"margin is {margin!r:.40}")
        rows = self.boundaries
        expect(len(rows) == len(self.pairs) and all(len(row) == len(self.seeds) for row in rows), "boundaries lack")
        expect(all(0 < c <= LARGEST or c == math.inf for row in rows for c in row), "a boundary is none")
        expect(len(self.halving) <= len(self.seeds), "more halvings than seeds")
        texts = [self.previous, self.hash, *self.deviations, *self.rounds]
        texts += [t for p in self.pairs for t in (p.candidate, p.reference, p.role, p.name)]
        maybe = (self.when, self.command, *(p.chosen for p in self.pairs))
        texts += [text for text in maybe if text is not None]
        expect(all(isinstance(text, str) for text in texts), "its texts are none")
        expect(all(isinstance(d, dict) for d in (self.details, self.request, *self.verdicts)), "its parts are none")
        expect(len(self.rounds) <= len(self.seeds), "more rounds than seeds")
        expect(
            type(self.every_round) is bool and type(self.harm) is bool and type(self.given_up) is bool,
            "neither yes nor no",
        )


@dataclass(frozen=True)
class Judged:
    """How far a plan is. ``rounds`` are judged; ``scored`` holds their runs of each pair, as far as it was open."""

    plan: Plan
    rounds: int
    scored: tuple[tuple[Scored, ...], ...]
    decisions: Decisions

    @property
    def open(self) -> tuple[Pair, ...]:
        """The pairs that go on."""
        return tuple(p for p, going in zip(self.plan.pairs, self.decisions.open[0], strict=True) if going)

    @property
    def ended(self) -> bool:
        """Whether every pair has stopped."""
        return not self.open

    def label(self, index: int) -> Label:
        """Return what a pair is called so far."""
        return LABELS[int(self.decisions.label[0, index])]

    def digests(self) -> tuple[str, ...]:
        """Return the digest of each judged round, chained from the plan's hash on."""
        found, before = [], self.plan.hash
        for r in range(self.rounds):
            scores = [[i, *_finals(runs[r])] for i, runs in enumerate(self.scored) if r < len(runs)]
            before = digest([before, self.plan.seeds[r], scores])
            found.append(before)
        return tuple(found)

    def verdicts(self) -> tuple[dict[str, Any], ...]:
        """Return what study.json keeps of the pairs that have stopped."""
        found = []
        for i, pair in enumerate(self.plan.pairs):
            if self.decisions.open[0, i]:
                continue
            numbers = {k: float(getattr(self.decisions, k)[0, i]) for k in ("estimate", "low", "high")}
            known = {k: v if math.isfinite(v) else None for k, v in numbers.items()}
            n, stopped = int(self.decisions.n[0, i]), int(self.decisions.stopped[0, i])
            about = {"pair": i, "candidate": pair.candidate, "reference": pair.reference, "verdict": self.label(i)}
            found.append(about | {"round": stopped, "n": n} | known)
        return tuple(found)

    def kept(self) -> Plan:
        """Return the plan as study.json is to hold it now."""
        return replace(self.plan, rounds=self.digests(), verdicts=self.verdicts())


def too_large(pairs: int, rounds: int) -> str:
    """Say why study.json cannot hold a plan of this size; empty where it can."""
    if rounds <= MOST_ROUNDS and pairs <= MOST_PAIRS and rounds * pairs <= MOST_RUNS:
        return ""
    return (
        f"a plan of {plural(pairs, 'comparison')} on {plural(rounds, 'seed')} is too large: at most {MOST_PAIRS} "
        f"comparisons, {MOST_ROUNDS} seeds, and {MOST_RUNS} of both together"
    )


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's JSON, its keys in order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _finals(scored: Scored) -> tuple[float | None, float | None]:
    one, other = (None if r is None else r.final for r in scored)
    return one, other


def failures(records: Iterable[Record]) -> set[tuple[str, int]]:
    """Return (config hash, seed) of runs that have ended without the score that verdicts compare by.

    The first end counts: a failed run that 'baseline' trains again must not change what was judged without it.
    """
    ends: dict[tuple[str, int], bool] = {}
    for r in records:
        if r.status in ("failed", "diverged", "complete"):
            ends.setdefault((r.config_hash, r.seed), r.status == "complete" and r.final is not None)
    return {run for run, scored in ends.items() if not scored}


def judge(plan: Plan, runs: Runs, failed: Collection[tuple[str, int]] = ()) -> Judged:
    """Judge a plan by its runs, in the order of its seeds, whatever order they ended in.

    A round counts once each open pair's two runs have ended, with a score or ``failed``.
    """
    own = dict.fromkeys((h, s) for p in plan.pairs for s in plan.seeds for h in p.key)
    runs = {run: runs[run] for run in own if run in runs and run not in failed}
    judging = Judge(plan.design(examples_of(list(runs.values()))))
    scored: list[list[Scored]] = [[] for _ in plan.pairs]
    for seed in plan.seeds:
        going = np.flatnonzero(judging.open[0])
        over = all((h, seed) in runs or (h, seed) in failed for i in going for h in plan.pairs[i].key)
        if not len(going) or not over:
            break
        for i in going:
            scored[i].append((runs.get((plan.pairs[i].candidate, seed)), runs.get((plan.pairs[i].reference, seed))))
        if plan.claim == "population" and judging.rounds + 1 == len(plan.seeds):
            judging = _at_once(plan, scored)
        else:
            judging.round(
                np.array([[_difference(s[-1] if i in going else (None, None)) for i, s in enumerate(scored)]])
            )
    return Judged(plan, judging.rounds, tuple(tuple(s) for s in scored), judging.decisions())


def _difference(scored: Scored) -> float:
    a, b = _finals(scored)
    return math.nan if a is None or b is None else a - b


def examples_of(runs: Sequence[Record]) -> int | None:
    """Return the size of the test set where scores are shares of its examples, which are right or wrong."""
    tested = next((r.test_examples for r in runs if r.metric.plain.test), None)
    return tested.n if tested is not None and tested.kind == "bits" else None


def _at_once(plan: Plan, scored: Sequence[Sequence[Scored]]) -> Judge:
    """Judge the population claim at its only look, with standard errors that hold the examples' part.

    Runs that cannot bear the claim count as runs without a score.
    """
    judging, errors = Judge(plan.design()), np.full((1, len(scored)), np.inf)
    differences = np.full((len(scored), len(plan.seeds)), np.nan)
    for i, runs in enumerate(scored):
        usable = sampled(runs)
        for r, two in usable.items():
            differences[i, r] = _difference(two)
        if len(usable) >= MIN_SEEDS:
            errors[0, i] = population_error(each(list(usable.values())))[0]
    for r in range(len(plan.seeds)):
        judging.round(differences[None, :, r], errors)
    return judging


def sampled(scored: Sequence[Scored]) -> dict[int, tuple[Record, Record]]:
    """Return, by their place, the pairs with a score for each test example, all of the same number of them."""
    whole = max((min(size(a), size(b)) for a, b in scored), default=0)
    return {r: (a, b) for r, (a, b) in enumerate(scored) if a and b and size(a) == size(b) == whole > 1}


def size(record: Record | None) -> int:
    """Return of how many test examples a run has a score each."""
    return 0 if record is None or record.test_examples is None else record.test_examples.n


def each(two: Sequence[tuple[Record, Record]]) -> np.ndarray:
    """Return (seeds, examples) differences of the examples' scores: integers of bits, else numbers."""
    bits = all(r.test_examples is not None and r.test_examples.kind == "bits" for pair in two for r in pair)
    kind: type = np.int8 if bits else np.float64
    rows = [(a.per_example(), b.per_example()) for a, b in two]
    return np.array([a.astype(kind) - b.astype(kind) for a, b in rows if a is not None and b is not None])


def population_boundaries(pairs: int, rounds: int, alpha: float) -> tuple[tuple[float, ...], ...]:
    """Return the boundaries of the population claim: t quantiles by Bonferroni's m for a single look at n pairs.

    Not simulated: the statistic holds the examples' part, whose share of the variance is not known beforehand.
    """
    n = np.arange(1, rounds + 1)
    rows = [
        np.where(n >= MIN_SEEDS, st.t.isf(alpha / (2 * m), np.maximum(n - 1, 1)), np.inf) for m in range(1, pairs + 1)
    ]
    return tuple(tuple(float(round(c, 6)) for c in row) for row in rows)
