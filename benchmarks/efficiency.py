"""What does a verdict cost? Simulated studies under the rule there was, the planned one, and a plain fixed number.

    python -m benchmarks.efficiency            the committed table (minutes)
    python -m benchmarks.efficiency --quick    fewer studies, writes nothing; both exit with 1 where a target is missed

A training's score varies by 0.5 percentage points, 30 % of that variance being the test set's sampling; candidate and
reference train independently, so paired differences vary by 0.71. Costs are in trainings, the reference's included.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, special
from scipy import stats as st

from benchmarks.calibration import FIRST, HALVING, HERE, MARGIN, MOST
from benchmarks.calibration_table import write_docs
from benchmarks.efficiency_table import BEGIN, END, markdown, show
from results.analysis.boundaries import boundaries
from results.analysis.sequential import BETTER, NO_WORSE, UNDECIDED, WORSE, Design, decide

RUN_SD, SAMPLED = 0.005, 0.3  # of one training; the part of its variance that the test set's sampling makes
SD = RUN_SD * math.sqrt(2)
EFFECTS = (0.0, 0.005, 0.01, 0.02)
CANDIDATES = (1, 3, 5)
GAIN, FIELD, BUDGETS = 0.01, 5, (36, 48, 60)  # one true gain among so many, and what may be spent on finding it
BEGINS, LOOKS, POWER, ERROR = 6, 6, 0.8, 0.05  # of the rule there was
MOST_SEEDS = (40, 80)
"""At most so many a candidate: the rule had no limit of its own, a person stops somewhere. The targets are held to
both: the rule that stops earlier decides less."""
SEEDS = MOST_SEEDS[-1]
SEED = 20261128
RESULTS, DOCS = HERE / "results" / "efficiency.json", HERE.parent / "docs" / "calibration.md"
TARGETS = (  # trainings of the planned rule, as a share of the former one's: candidates, effect, at most
    (1, 0.0, 0.6),
    (1, 0.01, 0.9),
    (5, 0.0, 0.6),
    (5, 0.01, 0.6),
)
FOUND = (48, 0.85)  # with so many trainings a race finds the one true gain at least so often


def differences(effects: tuple[float, ...], studies: int, rounds: int, rng: np.random.Generator) -> np.ndarray:
    """Draw (studies, candidates, rounds) differences of candidates with these true effects from one shared baseline."""

    def runs(candidates: int) -> np.ndarray:
        shape = (studies, candidates, rounds)
        seeds = math.sqrt(1 - SAMPLED) * rng.standard_normal(shape)
        drawn: np.ndarray = RUN_SD * (seeds + math.sqrt(SAMPLED) * rng.standard_normal(shape))
        return drawn

    return np.array(effects)[None, :, None] + runs(len(effects)) - runs(1)


# the rule there was: paired t at looks of 0.05 / (look + 1)!, Holm's method, seeds added as a verdict suggested


def level(look: int) -> float:
    """Return what a look might spend."""
    return ERROR / math.factorial(look + 1)


@cache
def found_by(level_: float) -> np.ndarray:
    """Return the effect, in standard deviations, that n = 3..SEEDS seeds find at a level with POWER; descending."""
    found = []
    for n in range(3, SEEDS + 1):
        critical = float(st.t.isf(level_ / 2, n - 1))
        shift = optimize.brentq(lambda s, c=critical, n=n: st.nct.sf(c, n - 1, s) - POWER, 1e-3, 5 * critical)
        found.append(shift / math.sqrt(n))
    return np.array(found)


def for_equivalence(estimate: np.ndarray, sd: np.ndarray, level_: float) -> np.ndarray:
    """Return the fewest seeds, at most SEEDS + 1, that show equivalence with POWER if the estimate is the truth."""
    nodes = (np.arange(50) + 0.5) / 50  # of the deviations that may come out
    sizes = np.arange(3, SEEDS + 1)
    spread = np.array([np.sqrt(st.chi2.ppf(nodes, n - 1) / (n - 1)) for n in sizes])
    critical = st.t.isf(level_, sizes - 1)
    low, high = np.zeros(len(estimate), dtype=int), np.full(len(estimate), len(sizes))
    while (low < high).any():
        middle = np.minimum((low + high) // 2, len(sizes) - 1)
        se = (sd / np.sqrt(sizes[middle]))[:, None]
        room = MARGIN - critical[middle][:, None] * se * spread[middle]
        inside = special.ndtr((room - estimate[:, None]) / se) - special.ndtr((-room - estimate[:, None]) / se)
        enough = np.where(room > 0, inside, 0.0).mean(axis=1) >= POWER
        low, high = np.where(enough | (low >= high), low, middle + 1), np.where(enough & (low < high), middle, high)
    return sizes[0] + low


def further(estimate: np.ndarray, sd: np.ndarray, n: np.ndarray, level_: float, most: int) -> np.ndarray:
    """Return how many more seeds were suggested for undecided candidates, at least one and up to ``most`` in all."""
    table = found_by(level_)
    different = 3 + np.searchsorted(-table, -np.abs(estimate) / sd)
    wanted = np.minimum(different, for_equivalence(estimate, sd, level_))
    return np.clip(wanted - n, 1, most - n)


def t_tests(d: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return estimate, sd, p and p of equivalence, (studies, candidates), of the first ``n`` differences of each."""
    counted = np.arange(d.shape[2]) < n[:, :, None]
    mean = np.where(counted, d, 0.0).sum(axis=2) / n
    sd = np.sqrt(np.where(counted, (d - mean[:, :, None]) ** 2, 0.0).sum(axis=2) / (n - 1))
    se = sd / np.sqrt(n)
    return mean, sd, 2 * st.t.sf(np.abs(mean) / se, n - 1), st.t.sf((MARGIN - np.abs(mean)) / se, n - 1)


def holm(p: np.ndarray) -> np.ndarray:
    """Return Holm-adjusted p values of each row."""
    order = np.argsort(p, axis=1)
    steps = np.maximum.accumulate(np.take_along_axis(p, order, axis=1) * np.arange(p.shape[1], 0, -1), axis=1)
    found = np.empty_like(p)
    np.put_along_axis(found, order, steps, axis=1)
    return found


def former(d: np.ndarray, begins: int = BEGINS, looks: int = LOOKS, most: int = SEEDS) -> tuple[np.ndarray, np.ndarray]:
    """Return (studies,) trainings and (studies, candidates) verdicts: 0 none, +-1 better or worse, 2 equivalent.

    A verdict once given stands, and its candidate gets no further seeds; Holm's method counts all ever compared.
    """
    studies, candidates = d.shape[:2]
    n, said = np.full((studies, candidates), begins), np.zeros((studies, candidates), dtype=int)
    for look in range(1, looks + 1):
        mean, sd, p, p_equivalent = t_tests(d, n)
        new = np.where(holm(p_equivalent) <= level(look), 2, 0)
        new = np.where(holm(p) <= level(look), np.sign(mean).astype(int), new)
        said = np.where(said == 0, new, said)
        going = (said == 0) & (n < most)
        if look == looks or not going.any():
            break
        n[going] += further(mean[going], sd[going], n[going], level(look + 1) / candidates, most)
    return n.max(axis=1) + n.sum(axis=1), said


# the planned rule, and a plain one


def planned(d: np.ndarray, halving: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Return trainings and labels of sequential.LABELS, after at most as many rounds as ``d`` has."""
    candidates, rounds = d.shape[1:]
    made = decide(d, Design(rounds, boundaries(candidates, rounds, FIRST), MARGIN, halving=halving))
    return made.trainings(rounds), made.label


def fixed(d: np.ndarray, seeds: int) -> np.ndarray:
    """Return verdicts of a paired t on so many seeds by Bonferroni's method: coded as those of the former rule."""
    mean, _, p, p_equivalent = t_tests(d, np.full(d.shape[:2], seeds))
    least = ERROR / d.shape[1]
    said: np.ndarray = np.where(p <= least, np.sign(mean).astype(int), np.where(p_equivalent <= least, 2, 0))
    return said


def seeds_for_gain(candidates: int) -> int:
    """Return the seeds by which a fixed number finds GAIN with POWER in one of so many candidates."""
    return 3 + int(np.searchsorted(-found_by(ERROR / candidates), -GAIN / SD))


def costs(studies: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the mean trainings to a verdict and the shares of candidates with one, all having the same effect."""
    rows = []
    for candidates in CANDIDATES:
        seeds = seeds_for_gain(candidates)
        for effect in EFFECTS:
            d = differences((effect,) * candidates, studies, SEEDS, rng)
            olds = [(f"former, {most} seeds", *former(d, most=most)) for most in MOST_SEEDS]
            new_cost, new = planned(d[:, :, :MOST])
            plain_cost, plain = np.full(studies, seeds * (candidates + 1)), fixed(d, seeds)
            for rule, cost, decided, better in (
                *((rule, cost, said != 0, said == 1) for rule, cost, said in olds),
                ("planned", new_cost, ~np.isin(new, (UNDECIDED, NO_WORSE)), new == BETTER),
                ("fixed", plain_cost, plain != 0, plain == 1),
            ):
                row = {"what": "cost", "rule": rule, "candidates": candidates, "effect": effect, "n": studies}
                row |= {"trainings": float(cost.mean()), "error": float(cost.std(ddof=1) / math.sqrt(studies))}
                rows.append(row | {"decided": float(decided.mean()), "better": float(better.mean())})
    return rows


def most_rounds(budget: int, halving: tuple[int, ...]) -> int:
    """Return the most rounds of FIELD candidates that fit a budget if nothing but a race stops any of them."""
    design = Design(1, ((math.inf,),) * FIELD, halving=halving)
    going, spent, rounds = FIELD, 0, 0
    while spent + going + 1 <= budget:
        spent, rounds = spent + going + 1, rounds + 1
        going = design.kept(rounds) or going
    return rounds


def finding(studies: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return how often the one true gain among FIELD is found within a budget, and how often another is judged."""
    rows = []
    for budget in BUDGETS:
        d = differences((GAIN, *(0.0,) * (FIELD - 1)), studies, BUDGETS[-1], rng)
        seeds, race, plain = budget // (FIELD + 1), most_rounds(budget, HALVING), most_rounds(budget, ())
        cost, said = former(d, seeds, 1)
        found = [("former, one look", seeds, cost, said == 1, said == -1)]
        for rule, rounds, halving in (("planned, race", race, HALVING), ("planned", plain, ())):
            cost, label = planned(d[:, :, :rounds], halving)
            found.append((rule, rounds, cost, label == BETTER, label == WORSE))
        for rule, rounds, cost, better, worse in found:
            false = (better | worse)[:, 1:].any(axis=1) | worse[:, 0]
            row = {"what": "finding", "rule": rule, "budget": budget, "rounds": rounds, "n": studies}
            row |= {"found": float(better[:, 0].mean()), "false": float(false.mean())}
            rows.append(row | {"trainings": float(cost.mean()), "most": int(cost.max())})
    return rows


def targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the planned rule was to reach, and whether it does."""
    cost = {(r["rule"], r["candidates"], r["effect"]): r["trainings"] for r in rows if r["what"] == "cost"}
    found = []
    for candidates, effect, most in TARGETS:
        shares = [
            cost["planned", candidates, effect] / cost[f"former, {most_seeds} seeds", candidates, effect]
            for most_seeds in MOST_SEEDS
        ]
        row = {
            "what": "target",
            "of": "trainings, planned / former rule",
            "candidates": candidates,
            "effect": effect,
        }
        found.append(row | {"is": shares[0], "beside": shares[-1], "limit": most, "missed": max(shares) > most})
    budget, least = FOUND
    (race,) = (r for r in rows if r.get("rule") == "planned, race" and r["budget"] == budget)
    row = {"what": "target", "of": f"found by a race within {budget} trainings", "candidates": FIELD, "effect": GAIN}
    return [*found, row | {"is": race["found"], "limit": least, "missed": race["found"] < least}]


def main(argv: list[str] | None = None) -> int:
    """Print every row; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.efficiency", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer studies; writes nothing")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    studies = 500 if args.quick else 10_000
    rows = costs(studies, np.random.default_rng([SEED, 0])) + finding(studies, np.random.default_rng([SEED, 1]))
    rows += targets(rows)
    for row in rows:
        print(show(row))
    missed = [row for row in rows if row.get("missed")]
    print(f"{len(missed)} targets missed, {time.perf_counter() - start:.0f} s")
    if not args.quick:
        lines = ",\n".join(json.dumps(row) for row in rows)
        RESULTS.write_text(f'{{"margin": {MARGIN}, "rows": [\n{lines}\n]}}\n')
        write_docs(DOCS, markdown(rows), BEGIN, END)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
