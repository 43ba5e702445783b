"""The decision against a slow one written from its docstring: lists, loops and ``statistics``."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from results.analysis.paired import LEAST, MIN_SEEDS
from results.analysis.sequential import LABELS, PRIOR, Decisions, Design, Judge, decide
from results.analysis.sequential import statistics as simulated


def table(candidates: int, rounds: int) -> tuple[tuple[float, ...], ...]:
    """Boundaries of the right shape and order: larger for more candidates, smaller with more pairs, none before 3."""
    return tuple(
        tuple(math.inf if n < MIN_SEEDS else 2.0 + 0.3 * m + 3.0 / n for n in range(1, rounds + 1))
        for m in range(candidates)
    )


# -- the slow one ------------------------------------------------------------------------------------------------------


@dataclass
class One:
    """A candidate."""

    seen: list[float] = field(default_factory=list)
    stopped: int = 0
    label: str = "undecided"
    differs: bool = False
    below: bool = False  # the margin
    above: bool = False  # -margin
    shown: dict[str, float] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.seen)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seen) if self.seen else 0.0

    def variance(self, examples: int | None) -> float:
        exact = statistics.variance(self.seen) if self.n > 1 else 0.0
        return max(exact, 1 / (6 * examples**2) if examples else 0.0)


class Slow:
    """One study."""

    def __init__(self, design: Design, errors: list[float] | None = None) -> None:
        self.d, self.errors = design, errors
        self.all = [One() for _ in design.boundaries]

    def se(self, c: One) -> float:
        if self.errors is not None:
            raw = self.errors[next(i for i, o in enumerate(self.all) if o is c)]
        else:
            own = c.variance(self.d.examples)
            weights = sum(max(o.n - 1, 0) for o in self.all)
            pooled = sum(max(o.n - 1, 0) * o.variance(self.d.examples) for o in self.all) / max(weights, 1)
            df = max(c.n - 1, 0)
            raw = math.sqrt(max(own, (PRIOR * pooled + df * own) / (PRIOR + df)) / max(c.n, 1))
        return max(raw, 1e-12 * abs(c.mean), LEAST)

    def bound(self, c: One, family: str) -> float:
        m = sum(1 for o in self.all if o is c or not getattr(o, family))
        return self.d.boundaries[m - 1][max(c.n, 1) - 1]

    def step_down(self, family: str, looked: list[One], statistic) -> None:
        """Reject whatever reaches the boundary of as many as are left, until nothing more does."""
        while True:
            new = [c for c in looked if not getattr(c, family) and statistic(c) >= self.bound(c, family)]
            if not new:
                return
            for c in new:
                setattr(c, family, True)

    def judge(self, rounds: list[list[float]]) -> list[One]:
        d = self.d
        for r, row in enumerate(rounds[: d.rounds], 1):
            new = [c for c, x in zip(self.all, row, strict=True) if not c.stopped and math.isfinite(x)]
            for c, x in zip(self.all, row, strict=True):
                if any(c is o for o in new):
                    c.seen.append(x)
            last = r == d.rounds
            if d.every_round or last:
                pool = [c for c in self.all if not c.stopped] if last else new
                self.look(r, [c for c in pool if c.n >= MIN_SEEDS], last)
            if r in d.halving and not last:
                keep = math.ceil(len(self.all) / 2 ** (d.halving.index(r) + 1))
                going = [c for c in self.all if not c.stopped]
                going.sort(key=lambda c: -c.mean if c.n else math.inf)
                for c in going[keep:]:
                    self.stop(c, r, "dropped")
        for c in self.all:
            if not c.stopped:
                self.show(c)
        return self.all

    def look(self, r: int, looked: list[One], last: bool) -> None:
        margin = self.d.margin
        self.step_down("differs", looked, lambda c: abs(c.mean) / self.se(c))
        if margin is not None:
            known = [c for c in self.all if c.below]
            self.step_down("below", looked, lambda c: (margin - c.mean) / self.se(c))
            for c in looked:  # what seems to hurt goes on, and is not said to be no gain yet
                if self.d.harm and not last and not c.differs and c.mean < -margin and not any(c is k for k in known):
                    c.below = False
        ending = [
            c for c in self.all if not c.stopped and (last or (any(c is o for o in looked) and (c.differs or c.below)))
        ]
        if margin is not None:
            self.step_down(
                "above", [c for c in ending if any(c is o for o in looked)], lambda c: (margin + c.mean) / self.se(c)
            )
        for c in ending:
            if c.differs:
                label = "better" if c.mean > 0 else "worse"
            elif c.below:
                label = "equivalent" if c.above else "no gain"
            else:
                label = "no worse" if c.above else "undecided"
            c.label = label
        for c in ending:
            self.show(c)
        for c in ending:
            c.stopped = r

    def stop(self, c: One, r: int, label: str) -> None:
        c.label = label
        self.show(c)
        c.stopped = r

    def show(self, c: One) -> None:
        """The interval that says just what was decided."""
        if c.n < MIN_SEEDS:
            c.shown = {"low": -math.inf, "high": math.inf, "se": math.nan}
            return
        at = {f: self.bound(c, f) for f in ("differs", "below", "above")}
        wide = at["differs"] if self.d.margin is None else max(at.values())
        lower = at["differs"] if c.label == "better" else at["above"] if c.above else wide
        upper = at["differs"] if c.label == "worse" else at["below"] if c.below else wide
        low, high = c.mean - lower * self.se(c), c.mean + upper * self.se(c)
        if c.label != "better":
            low = min(low, 0.0)
        if c.label != "worse":
            high = max(high, 0.0)
        c.shown = {"low": low, "high": high, "se": self.se(c)}


def same(design: Design, x: np.ndarray, errors: list[float] | None = None) -> Decisions:
    """Compare both on (candidates, rounds) differences; return the fast one's."""
    judge = Judge(design)
    for row in x.T[: design.rounds]:
        judge.round(row[None], None if errors is None else np.array([errors]))
    got = judge.decisions()
    slow = Slow(design, errors).judge(x.T.tolist())
    for i, c in enumerate(slow):
        assert LABELS[got.label[0, i]] == c.label, (i, c)
        assert (got.stopped[0, i], got.n[0, i]) == (c.stopped, c.n)
        assert bool(got.small[0, i]) == (c.label == "better" and c.below)
        if c.n:
            assert got.estimate[0, i] == pytest.approx(c.mean, rel=1e-9, abs=1e-14)
        else:
            assert math.isnan(got.estimate[0, i])
        for name, value in c.shown.items():
            assert getattr(got, name)[0, i] == pytest.approx(value, rel=1e-7, abs=1e-11, nan_ok=True), (name, c)
    return got


def made(rng: np.random.Generator) -> tuple[Design, np.ndarray]:
    """A random design and data, with what is awkward: ties, equal differences, no pair, few of them."""
    candidates, rounds = int(rng.integers(1, 6)), int(rng.integers(MIN_SEEDS, 13))
    design = Design(
        rounds,
        table(candidates, rounds),
        margin=None if rng.random() < 0.3 else float(rng.choice([0.1, 0.5, 2.0])),
        every_round=bool(rng.random() < 0.8),
        halving=(3, 6) if candidates >= 3 and rng.random() < 0.4 else (),
        examples=int(rng.choice([10, 1000])) if rng.random() < 0.4 else None,
        harm=bool(rng.random() < 0.3),
    )
    x = rng.normal(
        rng.choice([0.0, 0.0, 0.5, -0.5, 2.0], (candidates, 1)), rng.choice([0.05, 0.3, 1.0]), (candidates, rounds)
    )
    if rng.random() < 0.3:
        x = np.round(x, 1)
    if rng.random() < 0.3:
        x[rng.random(x.shape) < rng.choice([0.1, 0.5])] = np.nan
    for i in range(candidates):
        if rng.random() < 0.12:
            x[i] = rng.choice([np.nan, 0.0, 0.25, -0.25])
    return design, x[:, : int(rng.integers(0, rounds + 1)) if rng.random() < 0.3 else rounds]


def test_it_decides_as_plain_loops_do() -> None:
    found = {label: 0 for label in LABELS}
    for case in range(600):
        design, x = made(np.random.default_rng([11, case]))
        for label in same(design, x).label[0]:
            found[LABELS[label]] += 1
    assert all(count > 10 for count in found.values()), found  # every branch has been compared


def test_it_takes_given_standard_errors_at_a_single_look() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        design, x = made(rng)
        design = Design(design.rounds, design.boundaries, design.margin, every_round=False)
        same(design, x, rng.uniform(0.01, 1, len(x)).tolist())


def test_thousands_of_studies_are_judged_as_each_alone() -> None:
    rng = np.random.default_rng(8)
    design = Design(8, table(3, 8), margin=0.5, halving=(3,))
    x = rng.normal(0.3, 0.6, (200, 3, 8))
    x[rng.random(x.shape) < 0.1] = np.nan
    whole = decide(x, design)
    for i in range(len(x)):
        alone = decide(x[i : i + 1], design)
        for name in ("label", "stopped", "n", "estimate", "sd", "se", "low", "high", "boundary", "small"):
            np.testing.assert_allclose(getattr(whole, name)[i], getattr(alone, name)[0], rtol=1e-12, err_msg=name)


def test_the_variance_is_moderated_as_smyth_2004_has_it() -> None:
    """By hand: s~^2 = (d0 s0^2 + d s^2) / (d0 + d), with d0 = PRIOR and s0^2 pooled; and no less than s^2."""
    x = np.array([[0.0, 2.0, 4.0], [0.0, 0.2, 0.4], [1.0, 1.0, 1.0]])  # variances 4, 0.04 and 0
    pooled = (2 * 4 + 2 * 0.04 + 2 * 0) / 6
    expected = [4.0, (8 * pooled + 2 * 0.04) / 10, 8 * pooled / 10]
    assert (8 * pooled + 2 * 4) / 10 < 4, "drawn down, the noisy one would seem surer than it is"
    got = decide(x[None], Design(4, table(3, 4)))
    assert got.se[0] == pytest.approx([math.sqrt(v / 3) for v in expected])
    assert got.sd[0] == pytest.approx([2.0, 0.2, 0.0])
    means = np.array([2.0, 0.2, 1.0])
    assert simulated(x[None])[0, :, 2] == pytest.approx(means / [math.sqrt(v / 3) for v in expected])
    assert np.isnan(simulated(x[None])[0, :, :2]).all()
    alone = np.array([[[1.0, 4.0, 2.0, 7.0]]])  # one candidate is pooled with itself: a plain t statistic
    assert simulated(alone)[0, 0, 3] == pytest.approx(3.5 / (statistics.stdev([1, 4, 2, 7]) / 2))


def test_a_race_counts_its_undecided_and_breaks_ties_by_order() -> None:
    design = Design(8, tuple((math.inf,) * 8 for _ in range(5)), halving=(3, 6))
    x = np.tile(np.array([[0.1], [0.3], [0.3], [0.3], [np.nan]]), (1, 8)) + np.zeros((5, 8))
    got = decide(x[None], design)
    assert got.stopped[0].tolist() == [3, 8, 8, 6, 3]
    assert [LABELS[k] for k in got.label[0]] == ["dropped", "undecided", "undecided", "dropped", "dropped"]
    assert got.trainings(8).tolist() == [8 + 3 + 8 + 8 + 6 + 3]


# -- properties --------------------------------------------------------------------------------------------------------

numbers = some.floats(-3, 3, allow_nan=False).map(lambda v: round(v, 3))


@some.composite
def studies(draw, margin: bool | None = None, gaps: bool = True) -> tuple[Design, np.ndarray]:
    k, rounds = draw(some.integers(1, 4)), draw(some.integers(3, 9))
    with_margin = draw(some.booleans()) if margin is None else margin
    kinds = some.one_of(numbers, some.just(math.nan)) if gaps else numbers
    shift = draw(some.sampled_from([0.0, 1.0, 4.0, -4.0]))
    rows = [[draw(kinds) + shift for _ in range(rounds)] for _ in range(k)]
    halving = (3,) if k > 2 and draw(some.booleans()) else ()
    design = Design(
        rounds, table(k, rounds), draw(some.sampled_from([0.5, 3.0])) if with_margin else None, True, halving
    )
    return design, np.array(rows)


@settings(max_examples=300, deadline=None)
@given(studies())
def test_interval_and_verdict_never_contradict_each_other(study) -> None:
    design, x = study
    got = decide(x[None], design)
    margin = design.margin
    for i, number in enumerate(got.label[0]):
        label, low, high, n = LABELS[number], got.low[0, i], got.high[0, i], got.n[0, i]
        estimate = got.estimate[0, i]
        assert low <= high
        if n:
            assert low <= estimate <= high
        assert (label == "better") == (low > 0) or math.isclose(low, 0, abs_tol=1e-9)
        assert (label == "worse") == (high < 0) or math.isclose(high, 0, abs_tol=1e-9)
        slack = 1e-9
        if label in ("undecided", "dropped"):
            assert low <= 0 <= high
        if (
            label == "undecided" and margin is not None and n >= MIN_SEEDS
        ):  # else it would have been no gain, or no worse
            assert high >= margin - slack or got.open[0, i]
            assert low <= -margin + slack or got.open[0, i]
        if label in ("no gain", "equivalent"):
            assert high < margin + slack and low <= 0
        if label in ("no worse", "equivalent"):
            assert low > -margin - slack
        if got.small[0, i]:
            assert label == "better" and high < margin + slack


@settings(max_examples=150, deadline=None)
@given(studies(), some.sampled_from([1e-6, 0.37, 250.0, 1e8]))
def test_another_unit_decides_the_same(study, scale: float) -> None:
    design, x = study
    margin = None if design.margin is None else design.margin * scale
    one = decide(x[None], design)
    other = decide(x[None] * scale, Design(design.rounds, design.boundaries, margin, True, design.halving))
    if design.halving:  # equal means may be told apart by rounding in another unit
        means = [np.nanmean(r) if np.isfinite(r).any() else np.nan for r in x[:, : design.halving[0]]]
        if len({round(float(m), 9) for m in means if np.isfinite(m)}) < np.isfinite(means).sum():
            return
    assert one.label.tolist() == other.label.tolist() and one.stopped.tolist() == other.stopped.tolist()
    np.testing.assert_allclose(other.low, one.low * scale, rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_allclose(other.high, one.high * scale, rtol=1e-6, atol=1e-9 * scale)


@settings(max_examples=150, deadline=None)
@given(studies(margin=False))
def test_better_is_worse_the_other_way_round(study) -> None:
    design, x = study
    design = Design(design.rounds, design.boundaries)  # a race goes on with the better, which is not symmetric
    one, other = decide(x[None], design), decide(-x[None], design)
    turned = {"better": "worse", "worse": "better"}
    assert [turned.get(LABELS[k], LABELS[k]) for k in one.label[0]] == [LABELS[k] for k in other.label[0]]
    assert one.stopped.tolist() == other.stopped.tolist()
    np.testing.assert_allclose(other.low, -one.high)


@settings(max_examples=150, deadline=None)
@given(studies(), some.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(study, random) -> None:
    design, x = study
    order = list(range(len(x)))
    random.shuffle(order)
    design = Design(design.rounds, design.boundaries, design.margin)  # a race breaks ties by order
    one, other = decide(x[None], design), decide(x[order][None], design)
    assert one.label[0][order].tolist() == other.label[0].tolist()
    assert one.stopped[0][order].tolist() == other.stopped[0].tolist()
    np.testing.assert_allclose(other.low[0], one.low[0][order], rtol=1e-9, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(studies(), some.integers(0, 2**32 - 1))
def test_what_comes_after_a_stop_changes_nothing(study, seed: int) -> None:
    design, x = study
    one = decide(x[None], design)
    later, rng = x.copy(), np.random.default_rng(seed)
    for i, stopped in enumerate(one.stopped[0]):
        if stopped:
            later[i, stopped:] = rng.normal(0, 100, x.shape[1] - stopped)
    other = decide(later[None], design)
    for name in ("label", "stopped", "n", "estimate", "se", "low", "high", "boundary", "small"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@settings(max_examples=150, deadline=None)
@given(studies())
def test_judged_so_far_what_has_stopped_stays_as_it_is(study) -> None:
    design, x = study
    whole = decide(x[None], design)
    for r in range(x.shape[1]):
        part = decide(x[None, :, :r], design)
        ended = ~part.open[0]
        assert (whole.stopped[0][whole.stopped[0] <= r] > 0).tolist() == ended[ended].tolist()
        for name in ("label", "stopped", "n", "estimate", "se", "low", "high", "boundary", "small"):
            np.testing.assert_array_equal(
                getattr(part, name)[0][ended], getattr(whole, name)[0][ended], err_msg=f"{name} after {r}"
            )
