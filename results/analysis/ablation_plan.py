"""What an ablation compares: its configs, its greedy path and its interaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from results.analysis.looks import Runs
from results.analysis.paired import t_tests
from results.config import config_hash
from results.identity import Identity

Config = dict[str, Any]
ROLES = {
    "confirm": "the candidate, against the baseline",
    "all": "all changes together, against the baseline",
    "leave-one-out": "the winner with it, against the winner without",
    "add-one-in": "the baseline with it, against the baseline",
    "named": "the start with the named ablation, against the start as it is",
}


@dataclass(frozen=True)
class AblationPlan:
    """What is ablated, kept in the look's ``details``: whole configs, and each change as fields with their values.

    ``changes`` are applied to the baseline or reverted in the start; ``named`` ablations are applied to the start.
    ``fixed`` settings hold for every run. ``path`` names the changes in the order of the greedy path,
    as far as it was walked.
    """

    start: Config
    baseline: Config
    changes: dict[str, Config] = field(default_factory=dict)
    named: dict[str, Config] = field(default_factory=dict)
    fixed: Config = field(default_factory=dict)
    origin: str = "best"
    path: tuple[str, ...] = ()
    path_seeds: tuple[int, ...] = ()
    interaction: tuple[str, str] | None = None

    def without(self, name: str) -> Config:
        """Return the start with one change reverted, or with a named ablation applied."""
        if name in self.named:
            return self.start | self.named[name]
        return self.start | {k: self.baseline[k] for k in self.changes[name]}

    def adding(self, *names: str) -> Config:
        """Return the baseline with only these changes."""
        config = dict(self.baseline)
        for name in names:
            config |= self.changes[name]
        return config

    def comparisons(self, roles: Collection[str] = tuple(ROLES)) -> dict[tuple[str, str], tuple[str, str]]:
        """Map (candidate, reference), as hashes, to (role, name): what may get a verdict, each comparison once."""
        start, baseline = config_hash(self.start), config_hash(self.baseline)
        found = [((start, baseline), ("all", "all changes"))] if self.changes and start != baseline else []
        found += [((start, config_hash(self.without(n))), ("leave-one-out", n)) for n in self.changes]
        found += [((config_hash(self.adding(n)), baseline), ("add-one-in", n)) for n in self.changes]
        found += [((config_hash(self.without(n)), start), ("named", n)) for n in self.named]
        unique: dict[tuple[str, str], tuple[str, str]] = {}
        for key, what in found:  # a start with one change is the same comparison three times
            if what[0] in roles and key[::-1] not in unique:  # a named ablation may be a change taken back
                unique.setdefault(key, what)
        return unique

    def joined(self, later: AblationPlan) -> AblationPlan:
        """Return both as one: what was asked of the same start, in one go or in several."""
        walked = later if later.path else self
        return replace(
            later,
            changes=self.changes | later.changes,
            named=self.named | later.named,
            path=walked.path,
            path_seeds=walked.path_seeds,
            interaction=later.interaction or self.interaction,
        )

    def now(self, identity: Identity) -> AblationPlan:
        """Return it with configs as they are since the config got further fields; their hashes are known then."""
        for config in (self.without(n) for n in (*self.changes, *self.named)):
            identity.filled(config)
        for size in range(len(self.path) + 1):
            identity.filled(self.adding(*self.path[:size]))
        for names in ((n,) for n in self.changes):
            identity.filled(self.adding(*names))
        return replace(self, start=identity.filled(self.start), baseline=identity.filled(self.baseline))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values; the fixed settings have been called ``pins`` there from the start."""
        return {"pins" if k == "fixed" else k: v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> AblationPlan:
        """Undo :meth:`as_dict`."""
        own = {k: value[k] for k in ("start", "baseline", "changes", "named", "origin") if k in value}
        pair = value.get("interaction")
        return cls(
            **own,
            fixed=value.get("pins", {}),
            path=tuple(value.get("path", ())),
            path_seeds=tuple(value.get("path_seeds", ())),
            interaction=(pair[0], pair[1]) if pair else None,
        )


@dataclass(frozen=True)
class Step:
    """One step of the greedy path: the change added (None: the baseline), mean scores and n; no test score is None."""

    name: str | None
    val: float | None
    test: float | None
    n: int


@dataclass(frozen=True)
class Interaction:
    """How far two changes together do more (or less) than the sum of each alone, in what
    verdicts compare; marginal 95 % interval.
    """

    names: tuple[str, str]
    estimate: float
    low: float
    high: float
    n: int


Part = Literal["score", "test_score"]
"""Which of a record's scores: on validation or on test."""


def mean_score(config: Config, runs: Runs, seeds: Sequence[int], part: Part) -> tuple[float | None, int]:
    """Return (mean, n) of a config's scores over those of ``seeds`` that it has; None for none."""
    name = config_hash(config)
    values = [v for s in seeds if (name, s) in runs and (v := getattr(runs[name, s], part)) is not None]
    return (float(np.mean(values)) if values else None), len(values)


def next_step(plan: AblationPlan, runs: Runs, seeds: Sequence[int]) -> str | None:
    """Return the change that the greedy path adds next, by mean validation score; None at the end or unscored."""
    left = [n for n in plan.changes if n not in plan.path]
    scored = [(mean_score(plan.adding(*plan.path, n), runs, seeds, "score")[0], n) for n in left]
    known = [(s, n) for s, n in scored if s is not None]
    return max(known, key=lambda x: (x[0], -left.index(x[1])))[1] if known else None


def walked(plan: AblationPlan, runs: Runs) -> list[Step]:
    """Return the greedy path's steps, the baseline first; empty where none was walked."""
    if not plan.path:
        return []
    steps = []
    for i, name in enumerate((None, *plan.path)):
        config = plan.adding(*plan.path[:i])
        val, n = mean_score(config, runs, plan.path_seeds, "score")
        steps.append(Step(name, val, mean_score(config, runs, plan.path_seeds, "test_score")[0], n))
    return steps


def strongest(plan: AblationPlan, runs: Runs, seeds: Sequence[int]) -> tuple[str, str] | None:
    """Return the two changes with the largest effect on validation when added alone (else when left out)."""
    size: dict[str, float] = {}
    for name in plan.changes:
        for a, b in ((plan.adding(name), plan.baseline), (plan.start, plan.without(name))):
            one, other = mean_score(a, runs, seeds, "score")[0], mean_score(b, runs, seeds, "score")[0]
            if one is not None and other is not None:
                size.setdefault(name, abs(one - other))
    best = sorted(size, key=lambda n: -size[n])[:2]
    return (best[0], best[1]) if len(best) == 2 else None


def interacting(plan: AblationPlan, runs: Runs, seeds: Sequence[int]) -> Interaction | None:
    """Return (both - first) - (second - baseline) per seed with its t interval; None below two whole seeds."""
    if plan.interaction is None:
        return None
    a, b = plan.interaction
    names = [config_hash(plan.adding(*c)) for c in ((a, b), (a,), (b,), ())]
    whole = [[runs[n, s].final or 0.0 for n in names] for s in seeds if all((n, s) in runs for n in names)]
    if len(whole) < 2:
        return None
    x = np.array(whole)
    t = t_tests(x[:, 0] - x[:, 1] - x[:, 2] + x[:, 3])
    return Interaction((a, b), float(t["estimate"]), float(t["low"]), float(t["high"]), len(whole))
