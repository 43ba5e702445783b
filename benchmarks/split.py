"""Simulate how a budget is best split between sweep, confirmation and ablation: the table of docs/auto.md.

    python -m benchmarks.split         minutes; trains nothing; writes benchmarks/results/split.json

Gains are in margins, costs in trainings of the baseline's length. A trial's true gain is drawn from PRIOR; its early
score has twice the noise of its last one, and only the best COMPLETE of all get as far as that, as in the committed
sweep (results/reference/sweep-cifar10-jpeg), whose mean cost of a trial this takes. The best by validation are
confirmed by ``results.analysis.sequential.decide``, in as many rounds as ``study.planning.plan.sized`` gives them. What
counts is the true gain of the best that is called better, zero where none is. The sampler learns nothing here.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from results.analysis.boundaries import boundaries
from results.analysis.corrections import FIRST_PLAN
from results.analysis.looks import Pair
from results.analysis.sequential import BETTER, Design, decide
from results.errors import UserError
from results.store import Study
from study.planning.auto import SEEDS, TRIAL_COST, split
from study.planning.expect import rounds_wanted
from study.planning.plan import Size, sized

HERE = Path(__file__).parent
STUDY = HERE.parent / "results" / "reference" / "sweep-cifar10-jpeg"
SEED = 20261128
BUDGETS = (20, 50, 100, 200)  # trainings
NOISES = (0.5, 1.0, 2.0, 4.0)  # standard deviation of a paired difference, in margins
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of what the baseline's seeds leave, for the sweep
TOPS = (1, 2, 3, 5)
ROUNDS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24)  # a plan takes the next lower: boundaries are simulated once each
KEPT = (0.0, 0.2, 0.4)  # of what the sweep leaves, for an ablation
PRIOR = {  # share of configs -> how their true gains are drawn
    "worse": 0.55,  # minus the absolute value of a normal, standard deviation 4
    "alike": 0.35,  # normal, standard deviation 0.5
    "better": 0.10,  # exponential, mean 1.5
}


def gains(studies: int, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Draw (studies, trials) true gains from PRIOR."""
    which = rng.choice(len(PRIOR), p=list(PRIOR.values()), size=(studies, trials))
    shape = (studies, trials)
    kinds = [-4 * np.abs(rng.standard_normal(shape)), 0.5 * rng.standard_normal(shape), rng.exponential(1.5, shape)]
    drawn: np.ndarray = np.choose(which, kinds)
    return drawn


def recorded() -> tuple[float, float]:
    """Return (mean cost of a trial in baselines, share of trials that are complete) of the committed sweep."""
    study = Study.open(STUDY)
    trials = [r for r in study.records() if r.kind == "sweep"]
    epochs = sum(len(r.history) for r in trials) / study.meta.baseline["epochs"]
    return epochs / len(trials), sum(r.status == "complete" for r in trials) / len(trials)


COST, COMPLETE = recorded()


@functools.lru_cache(maxsize=512)
def table(candidates: int, rounds: int) -> tuple[tuple[float, ...], ...]:
    """Return the boundaries of a first plan; more of them are kept than a command would."""
    return boundaries(candidates, rounds, FIRST_PLAN)


@dataclass(frozen=True)
class Way:
    """One way to spend a budget: trials of the sweep, candidates, whether these may race, and what is kept back."""

    trials: int
    top: int
    races: bool
    kept: float  # trainings


@functools.lru_cache(maxsize=4)
def swept(noise: float, trials: int, studies: int) -> np.ndarray:
    """Return (studies, most of TOPS) true gains of a sweep's best by validation, best first; -inf where there is none.

    The committed sweep's share of trials comes to the end; on validation they have the noise of a paired difference.
    """
    rng = np.random.default_rng([SEED, trials])
    true = gains(studies, trials, rng)
    early = true + 2 * noise * rng.standard_normal(true.shape)
    last = true + noise * rng.standard_normal(true.shape)
    ends = max(1, round(COMPLETE * trials))
    place = np.argsort(np.argsort(-early, axis=1), axis=1)
    order = np.argsort(-np.where(place < ends, last, -np.inf), axis=1)[:, : min(max(TOPS), ends)]
    return np.take_along_axis(true, order, axis=1)


def outcome(budget: float, noise: float, way: Way, studies: int) -> dict[str, Any] | None:
    """Return what a way brings on average; None where the budget does not pay for three seeds of a candidate."""
    best = swept(noise, way.trials, studies)[:, : way.top]
    top = best.shape[1]
    pairs = [Pair(str(i), "baseline", ()) for i in range(top)]
    left = budget - SEEDS - COST * way.trials
    try:
        wanted = rounds_wanted(1.0, noise, top)
        rounds, halving = sized(pairs, Size(budget=1.0), wanted, int(left - way.kept), way.races)
    except UserError:
        return None
    rounds = max(r for r in ROUNDS if r <= rounds)
    halving = tuple(r for r in halving if r < rounds)
    rng = np.random.default_rng([SEED, 1])
    shared = rng.standard_normal((studies, 1, rounds))
    differences = noise * np.sqrt(0.5) * (rng.standard_normal((studies, top, rounds)) + shared) + best[:, :, None]
    found = decide(differences, Design(rounds, table(top, rounds), 1.0, halving=halving))
    better = found.label == BETTER
    chosen = np.where(better, found.estimate, -np.inf).argmax(axis=1)
    gain = np.where(better.any(axis=1), np.take_along_axis(best, chosen[:, None], axis=1)[:, 0], 0.0)
    spent = found.trainings(rounds) - np.minimum(found.stopped.max(axis=1), SEEDS - 1)  # the baseline's seeds are there
    return {
        "gain": float(gain.mean()),
        "error": float(gain.std() / math.sqrt(studies)),
        "better": float(better.any(axis=1).mean()),
        "left": float((left - spent).mean()),
        "left_if_better": float((left - spent)[better.any(axis=1)].mean()) if better.any() else None,
        "rounds": rounds,
    }


def cell(budget: float, noise: float, studies: int) -> list[dict[str, Any]]:
    """Try every way of one budget and noise, best first."""
    rows = []
    for share in SHARES:
        trials = int(share * (budget - SEEDS) / COST)
        for top in TOPS:
            for races in (True, False):
                for kept in KEPT:
                    way = Way(trials, top, races, kept * (budget - SEEDS - COST * trials))
                    if trials >= 4 and (found := outcome(budget, noise, way, studies)):
                        rows.append(
                            {"share": share, "top": top, "races": races, "kept": kept, "trials": trials} | found
                        )
    return sorted(rows, key=lambda row: -row["gain"])


def by_rule(budget: float, noise: float, studies: int) -> dict[str, Any] | None:
    """Return what the toolkit's own rule brings."""
    made = split(budget - SEEDS, noise)
    if made is None:
        return None
    found = outcome(budget, noise, Way(made.trials, made.top, True, made.kept), studies)
    return None if found is None else {"trials": made.trials, "top": made.top, "kept": made.kept} | found


def best_with(rows: list[dict[str, Any]], **fixed: Any) -> float | None:
    """Return the most that is gained where some of the way is given."""
    return max((r["gain"] for r in rows if all(r[k] == v for k, v in fixed.items())), default=None)


def main() -> int:
    """Simulate every cell, print a few lines each, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.split", description="How a budget is best split.")
    parser.add_argument("--studies", type=int, default=4000, metavar="N", help="of each way (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=HERE / "results", metavar="DIR", help="(default: %(default)s)")
    args = parser.parse_args()
    print(f"n = {args.studies} studies of each way; a trial costs {COST:.3f} baselines, {COMPLETE:.0%} come to the end")
    assert abs(COST - TRIAL_COST) < 0.02, "the rule's cost of a trial is not the committed sweep's"
    cells = []
    for budget in BUDGETS:
        for noise in NOISES:
            rows = cell(budget, noise, args.studies)
            rule = by_rule(budget, noise, args.studies)
            found: dict[str, Any] = {"budget": budget, "noise": noise, "best": rows[0] if rows else None, "rule": rule}
            for name, values in (("share", SHARES), ("top", TOPS), ("races", (True, False)), ("kept", KEPT)):
                found[f"by_{name}"] = {str(v): best_with(rows, **{name: v}) for v in values}
            cells.append(rounded(found))
            print(_line(found))
    document = {
        "studies": args.studies,
        "seed": SEED,
        "prior": PRIOR,
        "cost": COST,
        "complete": COMPLETE,
        "cells": cells,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "split.json").write_text(
        json.dumps(rounded(document | {"cells": cells}), indent=1) + "\n", encoding="utf-8"
    )
    return 0


def _line(found: dict[str, Any]) -> str:
    best, rule = found["best"], found["rule"]
    text = f"{found['budget']} trainings, noise {found['noise']:g} margins: "
    if best is None:
        return f"{text}nothing can be confirmed"
    race = ", race" if best["races"] else ""
    text += (
        f"best +{best['gain']:.3f} ({best['share']:.0%} = {best['trials']} trials, top {best['top']}, "
        f"kept {best['kept']:.0%}{race}, {best['rounds']} rounds)"
    )
    if rule is None:
        return f"{text}; the rule refuses"
    return (
        f"{text}; rule +{rule['gain']:.3f} ({rule['trials']} trials, top {rule['top']}, {rule['rounds']} rounds, "
        f"{rule['left_if_better'] or 0:.0f} left for the ablation, better in {rule['better']:.0%})"
    )


def rounded(value: Any) -> Any:
    """Return a value with its numbers in four digits."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
