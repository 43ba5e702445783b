"""Do the verdicts keep their promises? Simulated studies through the real functions of results.analysis.paired.

    python -m benchmarks.calibration            the committed table (minutes)
    python -m benchmarks.calibration --quick    under half a minute; exits with 1 where a promise is broken

Every rate is printed with the number of simulated studies and its Monte-Carlo standard error. A promise counts as
broken where the exact 99.9 % interval of a rate lies wholly beyond it: with hundreds of rates, 95 % would cry wolf.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as st

from benchmarks import worlds
from benchmarks.calibration_table import markdown, show, write_docs
from results.analysis import corrections, paired, verdict
from results.schema1 import ACCURACY

SEEDS = (3, 6, 10, 20)
COMPARISONS = (1, 5, 50)
LOOKS = 4
HERE = Path(__file__).parent
RESULTS = HERE / "results" / "calibration.json"
DOCS = HERE.parent / "docs" / "statistics.md"


def seeds_at(look: int, seeds: int) -> int:
    """Return the seeds a study has at a look: half as many again at each further one."""
    return seeds + (look - 1) * math.ceil(seeds / 2)


def cell(what: str, hits: int, n: int, promise: float | None, at_least: bool = False, **where: Any) -> dict[str, Any]:
    """Make one row: a rate with its n and Monte-Carlo error, and whether the promise is broken."""
    rate = hits / n
    test = st.binomtest(hits, n).proportion_ci(0.999, method="exact")
    broken = promise is not None and (test.high < promise if at_least else test.low > promise)
    error = math.sqrt(max(rate * (1 - rate), 1 / n) / n)
    return {"what": what, **where, "rate": rate, "n": n, "error": error, "promise": promise, "broken": bool(broken)}


def any_verdict(p: np.ndarray, look: int) -> np.ndarray:
    """Return (studies,) bool: whether any of (studies, comparisons) p values passes, by the real adjustment."""
    hit = np.zeros(len(p), dtype=bool)
    near = (
        p.min(axis=1) <= 1.5 * corrections.look_level(look) / p.shape[1]
    )  # Holm's first step decides; the rest cannot pass
    hit[near] = [corrections.adjusted(row, look).min() <= corrections.ALPHA for row in p[near]]
    return hit


def extend(d: np.ndarray, seeds: int, test: str) -> Iterator[np.ndarray]:
    """Every candidate gets more seeds at every look: yield (studies, comparisons) p values."""
    for look in range(1, LOOKS + 1):
        yield paired.t_tests(d[:, :, : seeds_at(look, seeds)], worlds.IMAGES)[test]


def join(d: np.ndarray, seeds: int, test: str) -> Iterator[np.ndarray]:
    """A quarter of the candidates joins at each look; the better half of the older ones gets more seeds."""
    studies, comparisons = d.shape[:2]
    have = np.zeros((studies, comparisons), dtype=int)
    p = np.ones((studies, comparisons))
    for look in range(1, LOOKS + 1):
        joined = math.ceil(comparisons * look / LOOKS)
        order = np.argsort(np.argsort(p, axis=1), axis=1)
        have[(have > 0) & (order < max(1, joined // 2))] += math.ceil(seeds / 2)
        have[:, :joined] = np.maximum(have[:, :joined], seeds)
        for n in np.unique(have[have > 0]):
            chosen = have == n
            p[chosen] = paired.t_tests(d[chosen][:, :n], worlds.IMAGES)[test]
        yield p[:, :joined]


def family_wise(
    noise: str, policy: Callable[..., Iterator[np.ndarray]], studies: int, rng: np.random.Generator
) -> list[dict]:
    """Rate of studies in which any true null is called better or worse, after one to four looks."""
    rows = []
    for seeds in SEEDS:
        for comparisons in COMPARISONS:
            wrong = np.zeros((LOOKS, studies), dtype=bool)
            for part in np.array_split(np.arange(studies), max(1, studies * comparisons // 50_000)):
                d = worlds.differences(noise, len(part), comparisons, seeds_at(LOOKS, seeds), rng)
                for look, p in enumerate(policy(d, seeds, "p"), 1):
                    wrong[look - 1, part] = any_verdict(p, look)
            for look, hits in enumerate(np.logical_or.accumulate(wrong).sum(axis=1), 1):
                where = {
                    "noise": noise,
                    "policy": policy.__name__,
                    "seeds": seeds,
                    "comparisons": comparisons,
                    "looks": look,
                }
                rows.append(cell("false better or worse", int(hits), studies, corrections.ALPHA, **where))
    return rows


def wrong_equivalent(noise: str, studies: int, rng: np.random.Generator) -> list[dict]:
    """Rate of studies in which any candidate exactly at the margin is called equivalent, after one to four looks."""
    rows = []
    for seeds in SEEDS:
        for comparisons in (1, 5):
            d = worlds.differences(noise, studies, comparisons, seeds_at(LOOKS, seeds), rng, effect=paired.MARGIN)
            wrong = np.array([any_verdict(p, look) for look, p in enumerate(extend(d, seeds, "p_equivalent"), 1)])
            for look, hits in enumerate(np.logical_or.accumulate(wrong).sum(axis=1), 1):
                where = {"noise": noise, "seeds": seeds, "comparisons": comparisons, "looks": look}
                rows.append(cell("wrong equivalent", int(hits), studies, corrections.ALPHA, **where))
    return rows


def coverage(noise: str, studies: int, rng: np.random.Generator) -> list[dict]:
    """Rate at which the shown 95 % interval of one comparison contains the truth."""
    rows = []
    for seeds in SEEDS:
        d = worlds.differences(noise, studies, 1, seeds, rng, effect=0.01)[:, 0]
        t = paired.t_tests(d, worlds.IMAGES)
        hits = int(((t["low"] <= 0.01) & (t["high"] >= 0.01)).sum())
        rows.append(cell("coverage", hits, studies, 0.93, at_least=True, noise=noise, seeds=seeds))
    return rows


def power(studies: int, rng: np.random.Generator) -> list[dict]:
    """Rate at which an effect is called better, and a true zero equivalent, at a first look (hardest step of Holm)."""
    rows = []
    for effect in (0.005, 0.01, 0.02, 0.0):
        test, what = ("p", "power") if effect else ("p_equivalent", "power of equivalent")
        for seeds in SEEDS:
            t = paired.t_tests(worlds.differences("normal", studies, 1, seeds, rng, effect)[:, 0], worlds.IMAGES)
            for comparisons in COMPARISONS:
                passed = (t[test] <= corrections.look_level(1) / comparisons) & ((t["estimate"] > 0) | (effect == 0))
                where = {"effect": effect, "seeds": seeds, "comparisons": comparisons}
                rows.append(cell(what, int(passed.sum()), studies, None, **where))
    return rows


def population(studies: int, images: int, rng: np.random.Generator, sizes: tuple[int, ...] = SEEDS) -> list[dict]:
    """The same for equal accuracy in the population of images; beside it the seeds-only test misread as that claim."""
    rows = []
    for seeds in sizes:
        for comparisons in COMPARISONS:
            n = max(20, studies // (1 if comparisons < 50 else 4))
            wrong = np.zeros((2, LOOKS, n), dtype=bool)
            for study in range(n):
                x = worlds.correctness(comparisons, seeds_at(LOOKS, seeds), images, rng)
                for look in range(1, LOOKS + 1):
                    part = x[:, : seeds_at(look, seeds)]
                    mean = part.mean(axis=(1, 2), dtype=np.float64)
                    errors = np.array([paired.population_error(one) for one in part])
                    p = 2 * st.t.sf(np.abs(mean) / errors[:, 0], errors[:, 1])
                    alone = paired.t_tests(part.mean(axis=2, dtype=np.float64), images)["p"]
                    wrong[0, look - 1, study] = any_verdict(p[None], look)[0]
                    wrong[1, look - 1, study] = any_verdict(alone[None], look)[0]
            both = np.logical_or.accumulate(wrong, axis=1).sum(axis=2)
            for look in range(1, LOOKS + 1):
                where = {"seeds": seeds, "comparisons": comparisons, "looks": look, "images": images}
                rows.append(cell("false in the population", int(both[0, look - 1]), n, corrections.ALPHA, **where))
                rows.append(cell("seeds-only test misread", int(both[1, look - 1]), n, None, **where))
    return rows


def as_suggested(studies: int, rng: np.random.Generator, most: int = 80) -> list[dict]:
    """A user who adds, after each look, exactly the further seeds the undecided verdict suggests (up to ``most``)."""
    rows = []
    for comparisons in (1, 5):
        for effect, what in (
            (0.0, "false better or worse, seeds as suggested"),
            (paired.MARGIN, "wrong equivalent, seeds as suggested"),
        ):
            wrong = np.zeros((LOOKS, studies), dtype=bool)
            for study in range(studies):
                d = worlds.differences("normal", 1, comparisons, most, rng, effect)[0]
                have = np.full(comparisons, 6)
                for look in range(1, LOOKS + 1):
                    made = verdict.adjust(
                        [paired.compare(row[:n], examples=worlds.IMAGES) for row, n in zip(d, have, strict=True)],
                        ACCURACY,
                        look,
                    )
                    labels = ("better", "worse") if effect == 0 else ("equivalent", "worse")
                    wrong[look - 1, study] = any(v.label in labels for v in made)
                    have = np.minimum(most, have + [0 if v.decided else v.further_seeds or most for v in made])
            for look, hits in enumerate(np.logical_or.accumulate(wrong).sum(axis=1), 1):
                rows.append(
                    cell(what, int(hits), studies, corrections.ALPHA, seeds=6, comparisons=comparisons, looks=look)
                )
    return rows


def selection(studies: int, rng: np.random.Generator, trials: int = 50, top: int = 3, seeds: int = 6) -> list[dict]:
    """Sweeps of configs all equal to the baseline: the estimate of the best, and what confirming makes of it."""
    val_sd = math.sqrt(worlds.RUN_SD**2 + worlds.FLIPS / 5000)
    validation = val_sd * rng.standard_normal((studies, trials + 1))
    in_sweep = np.sort(validation[:, 1:] - validation[:, :1], axis=1)[:, -top:]
    d = worlds.differences("normal", studies, top, seeds, rng)
    wrong = any_verdict(paired.t_tests(d, worlds.IMAGES)["p"], 1)
    looks_better = cell(
        "best single trial looks better", int((in_sweep[:, -1] > 0).sum()), studies, None, trials=trials
    )
    looks_better |= {"promised": float(in_sweep[:, -1].mean()), "confirmed": float(d[:, -1].mean())}
    return [
        looks_better,
        cell("false after confirming", int(wrong.sum()), studies, corrections.ALPHA, trials=trials, seeds=seeds),
    ]


def limits(studies: int, rng: np.random.Generator) -> list[dict]:
    """What no test can hold: equal means by a steady gain and a ruin too rare to be seen."""
    rows = []
    for seeds in SEEDS:
        d = worlds.differences("only the candidate collapses", studies, 1, seeds, rng)
        hits = int(any_verdict(paired.t_tests(d, worlds.IMAGES)["p"], 1).sum())
        rows.append(cell("limit: only the candidate collapses", hits, studies, None, seeds=seeds))
    return rows


def worst_case(comparisons: int = 1, first: int = 6) -> list[dict]:
    """The rate if the number of further seeds is chosen, at every look, as most favours a false verdict (computed).

    Dynamic programming over (seeds so far, z) for a normal mean of known deviation; the sum over ``comparisons``.
    """
    sizes = [first, *(round(first * 1.35**k) for k in range(1, 12))]
    z = np.linspace(-7, 7, 351)
    rows = []
    for looks in range(1, LOOKS + 1):
        critical = [float(st.norm.isf(corrections.look_level(k) / comparisons / 2)) for k in range(1, looks + 1)]
        value = {n: np.zeros_like(z) for n in sizes}
        for bound in critical[:0:-1]:
            best = {n: np.zeros_like(z) for n in sizes}
            for n in sizes:
                for more in (m for m in sizes if m > n):
                    weight = st.norm.pdf((z[None] - np.sqrt(n / more) * z[:, None]) / np.sqrt((more - n) / more))
                    reward = np.where(np.abs(z) >= bound, 1.0, value[more])
                    best[n] = np.maximum(best[n], weight @ reward / np.maximum(weight.sum(axis=1), 1e-300))
            value = best
        density = st.norm.pdf(z) * (z[1] - z[0])
        rate = comparisons * float((density * np.where(np.abs(z) >= critical[0], 1.0, value[first])).sum())
        row = {"what": "worst choice of seeds", "comparisons": comparisons, "looks": looks, "rate": rate}
        rows.append(row | {"n": None, "error": 0.0, "promise": corrections.ALPHA, "broken": rate > corrections.ALPHA})
    return rows


def run(quick: bool, seed: int = 20261123) -> list[dict[str, Any]]:
    """Return all rows; the generator is seeded, so two calls agree."""
    rng = np.random.default_rng(seed)
    many = 2_000 if quick else 20_000
    rows: list[dict[str, Any]] = []
    for noise in ("normal", "skewed") if quick else worlds.NOISES:
        rows += family_wise(noise, extend, many, rng)
        rows += coverage(noise, many * 5, rng)
        rows += wrong_equivalent(noise, many, rng)
    rows += family_wise("normal", join, many, rng)
    rows += population(80 if quick else 2_000, 1_000 if quick else 4_000, rng, (3, 6) if quick else SEEDS)
    rows += power(many, rng)
    rows += selection(many, rng)
    rows += limits(many, rng)
    rows += as_suggested(30 if quick else 1_500, rng)
    for comparisons in (1,) if quick else (1, 50):
        rows += worst_case(comparisons)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print every rate; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer studies, under half a minute; writes nothing")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows = run(args.quick)
    seconds = time.perf_counter() - start
    for row in rows:
        print(show(row))
    broken = [row for row in rows if row["broken"]]
    print(f"{len(rows)} rates, {len(broken)} broken promises, {seconds:.0f} s")
    if not args.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(row) for row in rows)
        RESULTS.write_text(f'{{"margin": {paired.MARGIN}, "alpha": {corrections.ALPHA}, "rows": [\n{lines}\n]}}\n')
        write_docs(DOCS, markdown(rows))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
