"""Made-up studies whose verdicts come from plans: a few hundred bytes a run, no epochs worth looking at.

planned_study(path, effects=(0.02, 0.0), rounds=4)   # a confirmation, after four rounds
planned_ablation(path, effects={"width": 0.02})      # the ablation of a winner
add_plan(study, pairs, ...), carry(study, gains)     # further plans of a study, round by round
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from results.analysis.ablation_plan import AblationPlan
from results.analysis.boundaries import boundaries
from results.analysis.chain import keep, last_hash
from results.analysis.corrections import next_plan
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Pair
from results.analysis.plans import Plan, population_boundaries
from results.config import config_hash
from results.meta import DatasetInfo
from results.metric import Metric
from results.record import Record
from results.store import Study
from tests.support.runs import BASE, DATASET, SWEEP_SEED, meta, run

SHARE = Metric("val_share", "max", "%", 0.005, "test_share")  # an accuracy that no bits need bear out
FIRST_SEED = 900


def planned_study(
    path: Path,
    effects: Sequence[float] = (0.02,),
    seeds: int = 8,
    failing: Mapping[int, Collection[int]] | None = None,
    margin: float | None = 0.005,
    rounds: int | None = None,
    noise: float = 0.002,
    metric: Metric = SHARE,
    **plan: Any,
) -> Study:
    """A baseline of three seeds, a sweep of as many trials as ``effects``, and a plan that confirms them.

    Args:
        effects: the true gain of each candidate, trial 0 first.
        seeds: of the plan, at most.
        failing: candidate -> the rounds, from 1, in which its run fails.
        rounds: how many are over; None: until the plan has ended.
        noise: standard deviation of a run's score.
        plan: fields of the plan, such as ``halving`` or ``every_round``.
    """
    study = start(path, metric)
    configs = [BASE | {"width": 16 + i} for i in range(len(effects))]
    base = config_hash(BASE)
    for i, (config, gain) in enumerate(zip(configs, effects, strict=True)):
        study.append(made(config, SWEEP_SEED, gain + 0.01, noise, metric, "sweep", trial=i))
    chosen = [r.run_id for r in study.records() if r.trial is not None]
    pairs = [Pair(config_hash(c), base, (), chosen=name) for c, name in zip(configs, chosen, strict=True)]
    add_plan(study, pairs, seeds, margin, **plan)
    gains = {config_hash(c): g for c, g in zip(configs, effects, strict=True)}
    lost = {config_hash(configs[i]): set(those) for i, those in (failing or {}).items()}
    return carry(study, [BASE, *configs], gains, lost, rounds, noise)


def planned_ablation(
    path: Path,
    effects: Mapping[str, float],
    seeds: int = 8,
    margin: float | None = 0.005,
    rounds: int | None = None,
    noise: float = 0.002,
    metric: Metric = SHARE,
    **plan: Any,
) -> Study:
    """The ablation of a winner that changes the fields of ``effects``, whose gains add up."""
    study = start(path, metric)
    winner = BASE | {name: BASE[name] * 2 for name in effects}
    study.append(made(winner, SWEEP_SEED, sum(effects.values()), noise, metric, "sweep", trial=0))
    a = AblationPlan(winner, dict(BASE), {name: {name: winner[name]} for name in effects})
    pairs = [Pair(*key, (), role, name) for key, (role, name) in a.comparisons().items()]
    add_plan(study, pairs, seeds, margin, "ablation", details=a.as_dict(), **plan)
    configs = [BASE, winner, *(c for name in effects for c in (a.without(name), a.adding(name)))]
    known = {config_hash(c): c for c in configs}
    gains = {h: sum(g for name, g in effects.items() if c[name] != BASE[name]) for h, c in known.items()}
    return carry(study, list(known.values()), gains, {}, rounds, noise)


def start(path: Path, metric: Metric = SHARE) -> Study:
    """A study with a baseline of three seeds."""
    info = DatasetInfo(name=DATASET.name, fingerprint=DATASET.fingerprint, train_examples=900, test_examples=1000)
    about = {"space": "mine", "sampler": "tpe", "scheduler": "none", "seed": SWEEP_SEED}
    study = Study.create(path, meta(metric, dataset=info, sweep=about))
    for seed in (SWEEP_SEED, SWEEP_SEED + 1, SWEEP_SEED + 2):
        study.append(made(dict(BASE), seed, 0.0, 0.002, metric, "baseline"))
    return study


def add_plan(
    study: Study,
    pairs: Sequence[Pair],
    seeds: int = 8,
    margin: float | None = 0.005,
    family: Family = "confirm",
    every_round: bool = True,
    claim: str = "test-set",
    **fields: Any,
) -> Plan:
    """Put a further, sealed plan into study.json, on seeds that no plan has had."""
    evidence = Evidence.of(study)
    spent = [p.alpha for p in evidence.plans(family)]
    alpha = next_plan(len(evidence.looks(family)), spent)
    first = FIRST_SEED + 100 * len(study.meta.plans)
    own = tuple(range(first, first + seeds))
    table = (
        boundaries(len(pairs), seeds, alpha, every_round)
        if claim == "test-set"
        else population_boundaries(len(pairs), seeds, alpha)
    )
    plan = Plan(
        family=family,
        number=len(study.meta.plans) + 1,
        pairs=tuple(replace(p, seeds=own) for p in pairs),
        seeds=own,
        margin=margin,
        claim=claim,  # type: ignore[arg-type]
        alpha=alpha,
        boundaries=table,
        every_round=every_round,
        previous=last_hash(study.meta),
        when="2026-03-01T09:00:00+00:00",
        **fields,
    ).sealed()
    study.meta.plans.append(plan.as_dict())
    study.save_meta()
    return plan


def carry(
    study: Study,
    configs: Sequence[dict[str, Any]],
    gains: Mapping[str, float],
    lost: Mapping[str, Collection[int]],
    rounds: int | None = None,
    noise: float = 0.002,
) -> Study:
    """Make the runs of the last plan, round by round, as far as its pairs are open, and keep what was judged."""
    known = {config_hash(c): c for c in configs}
    metric = study.meta.metric.plain

    def last() -> Any:
        return next(j for f in ("confirm", "ablation") for j in Evidence.of(study).judged(f)  # type: ignore[arg-type]
                    if j.plan.number == len(study.meta.plans))  # fmt: skip

    judged = last()
    for r, seed in enumerate(judged.plan.seeds[:rounds], 1):
        for name in sorted({h for p in judged.open for h in p.key}):
            status = "failed" if r in lost.get(name, ()) else "complete"
            if (name, seed) not in Evidence.of(study).runs:
                kind = judged.plan.family
                study.append(made(known[name], seed, gains.get(name, 0.0), noise, metric, kind, status=status))
        judged = last()
    keep(study.meta, judged)
    study.save_meta()
    return study


def made(
    config: dict[str, Any], seed: int, gain: float, noise: float, metric: Metric, kind: str, **fields: Any
) -> Record:
    """One run, whose score is 0.75 + gain with noise of its own config and seed."""
    rng = np.random.default_rng([seed, int(config_hash(config), 16) % 2**31])
    score = round(0.75 + gain + noise * float(rng.standard_normal()), 6)
    value = score if metric.goal == "max" else 1 - score
    changed = {k: v for k, v in config.items() if BASE.get(k) != v}
    made = run(seed, test=value, val=value, metric=metric, kind=kind, **fields, **changed)
    about = {"command": f"python -m study.run {kind}", "started": "2026-03-01T09:00:00+00:00", "device": "cpu"}
    return made.model_copy(update=about | ({"error": "ValueError: lost"} if made.status == "failed" else {}))
