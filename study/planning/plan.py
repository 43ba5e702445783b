"""Making a plan: how many seeds can be afforded, with which boundaries, and what it takes.

What ``confirm`` and ``ablate`` have in common. No I/O.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from results.analysis.boundaries import boundaries
from results.analysis.chain import last_hash, too_many
from results.analysis.corrections import next_plan, spent
from results.analysis.evidence import Evidence
from results.analysis.forecast import Forecast
from results.analysis.looks import Family, Pair
from results.analysis.paired import MIN_SEEDS, Claim
from results.analysis.plans import (
    Judged,
    Plan,
    judge,
    population_boundaries,
    too_large,
)
from results.analysis.sequential import kept_after
from results.analysis.verdicts import refuse_unusable
from results.errors import UserError
from results.formatting import plural
from study.jobs import Job
from study.planning.expect import Noise, foresee, per_round, rounds_wanted
from study.planning.runs import training_seconds

RACE = (3, 6)  # rounds after which the better half goes on, where a budget cannot pay for all
RACING = 3  # candidates from which a race is worth one


AtOnce = Callable[[int, float | None], int | None]  # (runs, seconds of each) -> how many go side by side


@dataclass(frozen=True)
class Size:
    """How much a plan may take: just ``seeds`` and one look, at ``most`` so many, or ``budget`` seconds."""

    seeds: int | None = None
    most: int | None = None
    budget: float | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """What was given of it, as options."""
        given = {"--seeds": self.seeds, "--max-seeds": self.most, "--budget": self.budget}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Question:
    """What a new plan is to decide: ``pairs`` whose ``configs`` are given by hash, on the claim, by the margin.

    ``seeds`` chooses so many fresh ones; ``races``: whether it may drop what lies behind; ``request`` is what the
    command asked for, ``about`` is kept as it is (when, command, details).
    """

    family: Family
    pairs: Sequence[Pair]
    configs: Mapping[str, dict[str, Any]]
    seeds: Callable[[int], tuple[int, ...]]
    margin: float | None
    claim: Claim
    races: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A plan, new or under way, and what to say of it before it goes on."""

    judged: Judged
    new: bool
    noise: Noise
    forecasts: tuple[Forecast, ...]
    configs: Mapping[str, dict[str, Any]]
    seconds: float | None  # of one training, as recorded ones took
    at_once: int | None  # how many go side by side
    most: int  # how many runs it takes at most from now on
    reused: int  # runs that are there already
    spent: float  # of the family's error, this plan included
    notes: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.judged.plan


def trainings(plan: Plan, judged: Judged | None = None) -> int:
    """Return the runs of a plan at most; with ``judged`` those of what is still open, from the next round on."""
    if judged is None:
        return cost_of(plan.pairs, len(plan.seeds), plan.halving)
    return cost_of(judged.open, len(plan.seeds), plan.halving, judged.rounds, len(plan.pairs))


def sized(
    pairs: Sequence[Pair], size: Size, wanted: int, affordable: int | None, races: bool
) -> tuple[int, tuple[int, ...]]:
    """Return (rounds, halving) that fit ``size``; ``affordable`` runs is what its budget pays for.

    Raises UserError where that is fewer than MIN_SEEDS rounds.
    """
    if size.seeds is not None:
        return size.seeds, ()
    rounds = size.most if size.most is not None else wanted
    if affordable is None:
        return rounds, ()
    whole = affordable // per_round(pairs)
    if whole >= rounds:
        return rounds, ()
    halving = RACE if races and len(pairs) >= RACING else ()
    fitting = 0
    while fitting < rounds and cost_of(pairs, fitting + 1, halving) <= affordable:
        fitting += 1
    if fitting < MIN_SEEDS:
        raise UserError(
            f"--budget pays for {plural(affordable, 'training')}; {MIN_SEEDS} seeds of "
            f"{plural(len(pairs), 'comparison')} take {MIN_SEEDS * per_round(pairs)}: fewer candidates, or a larger "
            "budget"
        )
    return fitting, tuple(r for r in halving if r < fitting)


def cost_of(
    pairs: Sequence[Pair], rounds: int, halving: tuple[int, ...] = RACE, done: int = 0, begun: int | None = None
) -> int:
    """Return how many runs the rounds after ``done`` take at most, of pairs that are left of ``begun`` in a race."""
    going, count = list(pairs), 0
    for r in range(done + 1, rounds + 1):
        count += per_round(going)
        going = going[: kept_after(begun or len(pairs), halving, r)]
    return count


def propose(evidence: Evidence, q: Question, size: Size, noise: Noise, at_once: AtOnce) -> Proposal:
    """Make a new plan; ``at_once`` tells how many runs go side by side.

    Raises UserError where the budget does not pay for it, or recorded runs cannot bear the claim.
    """
    pairs, margin, claim = q.pairs, q.margin, q.claim
    refuse_unusable(evidence.runs, {h for p in pairs for h in p.key}, claim, evidence.metric)
    seconds = seconds_each(evidence, q.configs)
    wanted = rounds_wanted(margin, noise.sd, len(pairs))
    affordable = None
    if size.budget is not None:
        if seconds is None:
            raise UserError("--budget: no run of this study has a recorded time yet; give --max-seeds")
        side = at_once(min(wanted * per_round(pairs), int(size.budget / seconds)), seconds) or 1
        affordable = int(size.budget / seconds) * side
    rounds, halving = sized(pairs, size, wanted, affordable, q.races)
    held = [(len(p.pairs), len(p.seeds)) for f in get_args(Family) for p in evidence.plans(f)]
    if why := too_large(len(pairs), rounds) or too_many([*held, (len(pairs), rounds)]):
        raise UserError(why)
    looks, plans = len(evidence.looks(q.family)), evidence.plans(q.family)
    alpha = next_plan(looks, [p.alpha for p in plans])
    every_round = size.seeds is None and claim == "test-set"
    if claim == "population":
        table = population_boundaries(len(pairs), rounds, alpha)
    else:
        table = boundaries(len(pairs), rounds, alpha, every_round)
    if math.isinf(table[-1][-1]):
        raise UserError(f"too little error is left for another plan: {100 * alpha:.1g} % of the family's 5 %")
    chosen = q.seeds(rounds)
    plan = Plan(
        family=q.family,
        number=len(evidence.meta.plans) + 1,
        pairs=tuple(replace(p, seeds=chosen) for p in pairs),
        seeds=chosen,
        margin=margin,
        claim=claim,
        alpha=alpha,
        boundaries=table,
        every_round=every_round,
        halving=halving if every_round else (),
        harm=q.family == "ablation" and every_round,
        previous=last_hash(evidence.meta),
        request=dict(q.request),
        deviations=tuple(deviations(evidence, plans[-1], pairs, margin, claim)) if plans else (),
        **q.about,
    ).sealed()
    return proposal(evidence, judge(plan, evidence.runs, evidence.failures), q.configs, noise, at_once, new=True)


def proposal(
    evidence: Evidence,
    judged: Judged,
    configs: Mapping[str, dict[str, Any]],
    noise: Noise,
    at_once: AtOnce,
    new: bool = False,
) -> Proposal:
    """Return what to say of a plan, new or under way."""
    plan = judged.plan
    looks, plans = len(evidence.looks(plan.family)), [p.alpha for p in evidence.plans(plan.family)]
    known = set(evidence.runs) | evidence.failures
    ahead = {(h, s) for p in judged.open for h in p.key for s in plan.seeds[judged.rounds :]}
    seconds, most = seconds_each(evidence, configs), trainings(plan, judged) - len(ahead & known)
    return Proposal(
        judged,
        new,
        noise,
        tuple(foresee(evidence, plan, noise.sd)),
        configs,
        seconds,
        at_once(most, seconds),
        most,
        len(ahead & known),
        spent(looks, plans + ([plan.alpha] if new else [])),
    )


def deviations(
    evidence: Evidence, before: Plan, pairs: Sequence[Pair], margin: float | None, claim: Claim
) -> list[str]:
    """Say in what a further plan is other than the family's one before."""
    metric, found = evidence.metric, []
    if margin != before.margin:
        was, now = (metric.with_unit(m, signed=False) if m is not None else "none" for m in (before.margin, margin))
        found.append(f"the margin is {now}; in plan {before.number} it was {was}")
    if claim != before.claim:
        found.append(f"the claim is {claim}; in plan {before.number} it was {before.claim}")
    known = {p.key for plan in evidence.plans(before.family) for p in plan.pairs}
    joined = [p for p in pairs if p.key not in known]
    if joined:
        found.append(f"{plural(len(joined), 'comparison')} joined after plan {before.number}")
    judged = evidence.judged(before.family)[-1]
    if not judged.ended:
        found.append(f"plan {before.number} was given up after round {judged.rounds} of {len(before.seeds)}")
    return found


def seconds_each(evidence: Evidence, configs: Mapping[str, dict[str, Any]]) -> float | None:
    """Return the mean seconds of one training of these configs, as recorded ones took; None where none is known."""
    jobs = [Job("confirm", config, 0) for config in configs.values()]
    total = training_seconds(evidence.everything, jobs)
    return None if not total else total / len(jobs)
