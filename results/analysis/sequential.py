"""The decision of a planned, sequential comparison: pure functions of arrays, of one study or of thousands at once.

    Design(rounds, boundaries, ...)      how a plan judges; boundaries from results.analysis.boundaries
    decide(differences, design)          (studies, candidates, rounds) paired differences -> Decisions

Units as in results.analysis.paired: differences are gains, candidate - reference. docs/statistics.md argues the design.
Everything follows from one interval: est. +- boundary x standard error, a repeated confidence interval (Jennison and
Turnbull 1989). Above zero is better, below worse, below the margin no gain, within +-margin equivalent, above
-margin no worse. So no interval contradicts its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.analysis.paired import MIN_SEEDS, not_zero, rounding_sd

PRIOR = 8.0
"""Degrees of freedom that the candidates' pooled variance counts for beside a candidate's own (Smyth 2004). Without it
the first looks are lost: t of two degrees of freedom asks for 50. Of five candidates that gain a point, 8 take 57.9
trainings, where 4 take 59.0 and 16 take 57.4; but the more it counts, the more a noisy candidate leans on others."""

Label = Literal["undecided", "better", "worse", "no gain", "equivalent", "no worse", "dropped"]
LABELS: tuple[Label, ...] = ("undecided", "better", "worse", "no gain", "equivalent", "no worse", "dropped")
UNDECIDED, BETTER, WORSE, NO_GAIN, EQUIVALENT, NO_WORSE, DROPPED = range(7)


def kept_after(candidates: int, halving: tuple[int, ...], round_: int) -> int | None:
    """Return how many of a race's ``candidates`` go on at most after a round of ``halving``; None after any other."""
    if round_ not in halving:
        return None
    times: int = halving.index(round_) + 1
    return -(-candidates // (1 << times))


@dataclass(frozen=True)
class Design:
    """How a plan judges.

    ``boundaries``: [m - 1][n - 1], what |mean| / standard error must reach at a candidate's n-th pair while m are not
    yet decided; infinite where it is not looked at. ``every_round``: whether each round is a look, or only the last.
    ``harm``: whether a candidate that seems to lose more than the margin goes on until that is shown, where *no gain*
    alone would stop it: of an ablation one wants to know what hurts. The intervals hold under any such rule.
    ``halving``: after which rounds of a race only the better half (of all at the start) goes on. ``examples``: the size
    of a test set whose examples are right or wrong, by which scores are rounded.
    """

    rounds: int
    boundaries: tuple[tuple[float, ...], ...]
    margin: float | None = None
    every_round: bool = True
    halving: tuple[int, ...] = ()
    examples: int | None = None
    harm: bool = False

    @property
    def candidates(self) -> int:
        """How many candidates it is made for."""
        return len(self.boundaries)

    def kept(self, round_: int) -> int | None:
        """Return how many candidates go on at most after a round of halving; None after any other."""
        return kept_after(self.candidates, self.halving, round_)


@dataclass(frozen=True)
class Decisions:
    """What became of each candidate, arrays (studies, candidates).

    ``label`` is an index of LABELS; ``stopped`` the round after which it went no further, 0 for one still open;
    ``n`` its pairs until then, ``estimate``, ``se`` and the interval of them (NaN and infinite before MIN_SEEDS).
    ``sd`` is its own standard deviation, ``boundary`` what its statistic had to reach; ``small``: better, but by less
    than the margin.
    """

    label: np.ndarray
    stopped: np.ndarray
    n: np.ndarray
    estimate: np.ndarray
    sd: np.ndarray
    se: np.ndarray
    low: np.ndarray
    high: np.ndarray
    boundary: np.ndarray
    small: np.ndarray

    @property
    def open(self) -> np.ndarray:
        """Whether a candidate goes on."""
        going: np.ndarray = self.stopped == 0
        return going

    def trainings(self, rounds: int) -> np.ndarray:
        """Return (studies,) trainings that ``rounds`` rounds took, the reference's included: one a round and config."""
        last = np.where(self.open, rounds, self.stopped)
        took: np.ndarray = last.max(axis=1) + last.sum(axis=1)
        return took


class Moments:
    """Means and variances of paired differences as they come, by Welford's method: equal ones have a variance of 0."""

    def __init__(self, shape: tuple[int, int], examples: int | None = None, errors: np.ndarray | None = None) -> None:
        self.n = np.zeros(shape, dtype=np.int64)
        self.mean, self._squares = np.zeros(shape), np.zeros(shape)
        self._rounding = rounding_sd(examples) ** 2
        self.errors: np.ndarray | None = None  # in place of the moderated ones

    def add(self, x: np.ndarray, where: np.ndarray) -> None:
        """Take one more difference each, where there is one."""
        self.n += where
        step = np.where(where, x - self.mean, 0.0)
        self.mean = self.mean + step / np.maximum(self.n, 1)
        self._squares = self._squares + step * np.where(where, x - self.mean, 0.0)

    @property
    def variance(self) -> np.ndarray:
        """Each candidate's own: at least what rounding scores to whole examples makes."""
        own: np.ndarray = np.maximum(self._squares / np.maximum(self.n - 1, 1), self._rounding)
        return own

    @property
    def se(self) -> np.ndarray:
        """The moderated standard error of the means.

        A variance is drawn towards the candidates' pooled one, of PRIOR degrees of freedom, and never taken for less
        than it is: drawn both ways, one noisy candidate among steady ones would seem surer than it is.
        """
        df, own = np.maximum(self.n - 1, 0), self.variance
        pooled = (df * own).sum(axis=1, keepdims=True) / np.maximum(df.sum(axis=1, keepdims=True), 1)
        drawn = (PRIOR * pooled + df * own) / (PRIOR + df)
        se = np.sqrt(np.maximum(own, drawn) / np.maximum(self.n, 1)) if self.errors is None else self.errors
        return not_zero(se, self.mean)


def statistics(differences: np.ndarray) -> np.ndarray:
    """Return mean / moderated standard error after each round, (studies, candidates, rounds); NaN before MIN_SEEDS."""
    moments = Moments(differences.shape[:2])
    found = np.full(differences.shape, np.nan)
    everywhere = np.ones(differences.shape[:2], dtype=bool)
    for r in range(differences.shape[2]):
        moments.add(differences[:, :, r], everywhere)
        if r + 1 >= MIN_SEEDS:
            found[:, :, r] = moments.mean / moments.se
    return found


def decide(differences: np.ndarray, design: Design) -> Decisions:
    """Judge (studies, candidates, rounds) paired differences in order of rounds, at most ``design.rounds`` of them.

    NaN is a pair without a score: the candidate has a pair less, and no look at that round, unless it is the last.
    Each claim (a difference; less than the margin; more than -margin) is a family of its own, by a step-down test: the
    boundary is that of as many candidates as the family has not yet decided. What comes after a candidate has stopped
    is not looked at.
    """
    judge = Judge(design, differences.shape[0])
    for r in range(min(differences.shape[2], design.rounds)):
        judge.round(differences[:, :, r])
    return judge.decisions()


class Judge:
    """What :func:`decide` does, a round at a time."""

    def __init__(self, design: Design, studies: int = 1) -> None:
        self._design, self._table = design, np.array(design.boundaries)
        shape = (studies, design.candidates)
        self._moments = Moments(shape, design.examples)
        self.rounds = 0
        self.label = np.zeros(shape, dtype=np.int64)
        self.stopped = np.zeros(shape, dtype=np.int64)
        self.differs, self.small, self.no_worse = (np.zeros(shape, dtype=bool) for _ in range(3))
        self._kept = {name: np.zeros(shape) for name in ("se", "low", "high", "boundary")}

    @property
    def open(self) -> np.ndarray:
        """Whether a candidate goes on, (studies, candidates)."""
        going: np.ndarray = self.stopped == 0
        return going

    def round(self, x: np.ndarray, errors: np.ndarray | None = None) -> None:
        """Take a round's (studies, candidates) differences; NaN where there is none, or it does not matter.

        ``errors``: standard errors of the means in place of the moderated ones, where this round is the only look.
        """
        self.rounds += 1
        r, moments, design = self.rounds, self._moments, self._design
        new = np.isfinite(x) & self.open
        moments.add(np.where(new, x, 0.0), new)
        moments.errors = errors
        last = r == design.rounds
        if design.every_round or last:
            self._look(r, (self.open if last else new) & (moments.n >= MIN_SEEDS), last)
        if (keep := design.kept(r)) is not None and not last:
            self._halve(r, keep)

    def _boundary(self, family: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Return what a statistic must reach: of as many candidates as ``family`` has not decided, itself counted."""
        left = family.shape[1] - family.sum(axis=1, keepdims=True) + family
        found: np.ndarray = self._table[np.minimum(left, len(self._table)) - 1, np.clip(n, 1, self._table.shape[1]) - 1]
        return found

    def _step_down(self, family: np.ndarray, looked: np.ndarray, statistic: np.ndarray, n: np.ndarray) -> np.ndarray:
        while True:
            new = looked & ~family & (statistic >= self._boundary(family, n))
            if not new.any():
                return family
            family = family | new

    def _look(self, r: int, looked: np.ndarray, last: bool) -> None:
        moments, design, margin = self._moments, self._design, self._design.margin
        mean, se, n = moments.mean, moments.se, moments.n
        self.differs = self._step_down(self.differs, looked, np.abs(mean) / se, n)
        ended = looked & self.differs | (self.open if last else False)
        if margin is not None:
            small = self._step_down(self.small, looked, (margin - mean) / se, n)
            ended = ended | small & looked & ~(mean < -margin if design.harm else np.zeros_like(small))
            self.small = self.small | small & ended
            self.no_worse = self._step_down(self.no_worse, looked & ended, (margin + mean) / se, n)
        label = np.where(self.no_worse, NO_WORSE, UNDECIDED)
        label = np.where(self.small, np.where(self.no_worse, EQUIVALENT, NO_GAIN), label)
        label = np.where(self.differs, np.where(mean > 0, BETTER, WORSE), label)
        self._stop(r, ended, label)

    def _halve(self, r: int, keep: int) -> None:
        moments = self._moments
        # one without a pair comes last of those that go on, before those that have stopped: these take no place
        mean = np.where(self.open, np.where(moments.n > 0, moments.mean, -np.finfo(float).max), -np.inf)
        place = np.argsort(np.argsort(-mean, axis=1, kind="stable"), axis=1, kind="stable")
        self._stop(r, self.open & (place >= keep), np.full_like(self.label, DROPPED))

    def _stop(self, r: int, which: np.ndarray, label: np.ndarray) -> None:
        self.label = np.where(which, label, self.label)
        shown = self._shown()
        self._kept = {name: np.where(which, shown[name], kept) for name, kept in self._kept.items()}
        self.stopped = np.where(which, r, self.stopped)

    def _shown(self) -> dict[str, np.ndarray]:
        """Return the interval that says just what has been decided, as things stand."""
        moments = self._moments
        mean, se, n = moments.mean, moments.se, moments.n
        differs, small, no_worse = (self._boundary(f, n) for f in (self.differs, self.small, self.no_worse))
        wide = differs if self._design.margin is None else np.maximum(differs, np.maximum(small, no_worse))
        up, down = self.label == BETTER, self.label == WORSE
        enough = n >= MIN_SEEDS
        below = np.where(enough, np.where(up, differs, np.where(self.no_worse, no_worse, wide)), np.inf)
        above = np.where(enough, np.where(down, differs, np.where(self.small, small, wide)), np.inf)
        low, high = mean - below * se, mean + above * se
        return {
            "se": np.where(enough, se, np.nan),
            # the margin's families, which may have fewer left to decide, exclude zero where that of differences does
            # not: it is not said
            "low": np.where(up, low, np.minimum(low, 0.0)),
            "high": np.where(down, high, np.maximum(high, 0.0)),
            "boundary": np.where(
                up | down, differs, np.where(self.small, small, np.where(self.no_worse, no_worse, wide))
            ),
        }

    def decisions(self) -> Decisions:
        """Return what has become of each candidate so far."""
        moments, shown = self._moments, self._shown()
        n = moments.n
        kept = {name: np.where(self.open, shown[name], kept) for name, kept in self._kept.items()}
        return Decisions(
            label=self.label,
            stopped=self.stopped,
            n=n,
            estimate=np.where(n > 0, moments.mean, np.nan),
            sd=np.where(n > 1, np.sqrt(moments.variance), np.nan),
            small=self.differs & self.small & (self.label == BETTER),
            **kept,
        )
