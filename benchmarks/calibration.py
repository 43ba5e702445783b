"""Do the verdicts keep their promises? Simulated studies through the very function that judges a study.

    python -m benchmarks.calibration            the committed tables (minutes)
    python -m benchmarks.calibration --quick    under half a minute; exits with 1 where a promise is broken

A study plans its candidates and rounds, and is judged by results.analysis.sequential.decide. Where it leaves candidates
that were not called better, worse or equivalent, a second plan on fresh seeds has boundaries of its own for what is
left of the error. Every rate is printed with its number of simulated studies and its Monte-Carlo standard error. A
promise counts as broken where the exact 99.9 % interval of a rate lies wholly beyond it: with a thousand rates, 95 %
would cry wolf. A rate that comes out beyond its promise is simulated again, ten times as often, and that one counts.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as st

from benchmarks import worlds
from benchmarks.calibration_table import markdown, show, summary, write_docs
from results.analysis import paired
from results.analysis.boundaries import boundaries
from results.analysis.corrections import FIRST_PLAN
from results.analysis.sequential import BETTER, EQUIVALENT, LABELS, NO_GAIN, NO_WORSE, WORSE, Decisions, Design, decide

FALSE = 0.05
"""What a rate of false statements is promised not to exceed, over a family and its plans."""
FIRST, SECOND = FIRST_PLAN, 0.005  # of it a first plan spends, and a second one: half of what the first leaves
COVERED = 0.95
MARGIN = paired.MARGIN
HALVING = (3, 6)
CANDIDATES = (1, 3, 5)
MOST = 24  # rounds
SEED = 20261128
AGAIN = 200_000  # studies where a rate came out beyond its promise: whether by chance
SHOWN = 500  # intervals of one label, fewer say nothing
HERE = Path(__file__).parent
RESULTS = HERE / "results" / "calibration.json"
DOCS = HERE.parent / "docs" / "calibration.md"
STATISTICS = HERE.parent / "docs" / "statistics.md"
bounds = functools.cache(boundaries)  # whose own cache holds fewer than five candidates in two plans ask for


@dataclass(frozen=True)
class Plan:
    """At most so many rounds; a race drops the worse half after those of HALVING; a single look is after the last."""

    rounds: int
    how: str = "every round"  # or "race", "harm" (as an ablation), or "single look"

    def design(self, candidates: int, margin: float | None, alpha: float = FIRST) -> Design:
        """Return how it judges so many candidates; a race of fewer than three is none."""
        every = self.how != "single look"
        return Design(
            rounds=self.rounds,
            boundaries=bounds(candidates, self.rounds, alpha, every),
            margin=margin,
            every_round=every,
            halving=HALVING if self.how == "race" and candidates > 2 else (),
            examples=worlds.IMAGES,
            harm=self.how == "harm",
        )


PLANS = (
    *(Plan(rounds, how) for how in ("every round", "race") for rounds in (8, 12, MOST)),
    Plan(12, "harm"),
    *(Plan(seeds, "single look") for seeds in (3, 6, 10)),
)
QUICK = (Plan(12), Plan(12, "race"), Plan(6, "single look"))
Wrong = Callable[[Decisions], np.ndarray]


def false_verdict(made: Decisions) -> np.ndarray:
    """Return which candidates, equal to their baseline, are called better or worse."""
    return np.isin(made.label, (BETTER, WORSE))


def said_small(made: Decisions) -> np.ndarray:
    """Return of which candidates anything is said that a gain of the margin contradicts."""
    return np.isin(made.label, (NO_GAIN, EQUIVALENT, WORSE)) | made.small


def said_equivalent(made: Decisions) -> np.ndarray:
    """Return which candidates are called equivalent."""
    equivalent: np.ndarray = made.label == EQUIVALENT
    return equivalent


def said_no_worse(made: Decisions) -> np.ndarray:
    """Return of which candidates anything is said that a loss of the margin contradicts."""
    return np.isin(made.label, (NO_WORSE, EQUIVALENT, BETTER))


CLAIMS: tuple[tuple[str, float, Wrong], ...] = (
    ("wrong no gain", MARGIN, said_small),
    ("wrong equivalent", MARGIN, said_equivalent),
    ("wrong equivalent", -MARGIN, said_equivalent),
    ("wrong no worse", -MARGIN, said_no_worse),
)
EFFECTS = (0.0, MARGIN, 2 * MARGIN)  # at which the intervals are tried


def cell(what: str, hits: int, n: int, promise: float | None, at_least: bool = False, **where: Any) -> dict[str, Any]:
    """Make one row: a rate with its n and Monte-Carlo error, and whether the promise is broken."""
    rate = hits / n
    test = st.binomtest(hits, n).proportion_ci(0.999, method="exact")
    broken = promise is not None and (test.high < promise if at_least else test.low > promise)
    error = round(math.sqrt(max(rate * (1 - rate), 1 / n) / n), 6)
    sure = {"rate": round(rate, 6), "n": n, "error": error, "promise": promise, "broken": bool(broken)}
    return {"what": what, **where, **sure}


def second_plans(
    plan: Plan, margin: float | None, going: np.ndarray, d: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, Decisions]]:
    """Judge the candidates that are ``going``, (studies, candidates), on fresh (studies, candidates, rounds) ``d``.

    Returns (studies, candidates judged there, decisions) for each number of candidates that a study is left with.
    """
    count, found = going.sum(axis=1), []
    for m in np.unique(count[count > 0]):
        rows = np.flatnonzero(count == m)
        columns = np.argsort(~going[rows], axis=1, kind="stable")[:, :m]
        x = np.take_along_axis(d[rows][:, :, : plan.rounds], columns[:, :, None], axis=1)
        found.append((rows, columns, decide(x, plan.design(int(m), margin, SECOND))))
    return found


def unsettled(made: Decisions) -> np.ndarray:
    """Return which candidates a person might plan for again."""
    return ~np.isin(made.label, (BETTER, WORSE, EQUIVALENT))


def again(plan: Plan, margin: float | None, going: np.ndarray, d: np.ndarray, wrong: Wrong) -> np.ndarray:
    """Return (studies,) whether a second plan says of any candidate what is ``wrong``."""
    hit = np.zeros(len(going), dtype=bool)
    for rows, _, made in second_plans(plan, margin, going, d):
        hit[rows] = wrong(made).any(axis=1)
    return hit


def errors(plan: Plan, first: np.ndarray, second: np.ndarray) -> Counter[tuple[Any, ...]]:
    """Count the studies that say anything false, after one plan and after two; the candidates equal their baseline.

    ``first`` are (studies, candidates, rounds) differences, ``second`` those of a second plan, twice as many: the
    latter half joins in it.
    """
    candidates, hits = first.shape[1], Counter()
    for margin in (MARGIN, None):
        made = decide(first[:, :, : plan.rounds], plan.design(candidates, margin))
        one, going = false_verdict(made).any(axis=1), unsettled(made)
        two = one | again(plan, margin, going, second[:, :candidates], false_verdict)
        more = np.concatenate([going, np.ones_like(going)], axis=1)
        joined = one | again(plan, margin, more, second, false_verdict)
        for plans, hit in (("one", one), ("two", two), ("two, new candidates", joined)):
            hits["false better or worse", 0.0, margin, plans] = int(hit.sum())
    made_at = {e: decide(first[:, :, : plan.rounds] + e, plan.design(candidates, MARGIN)) for e in (MARGIN, -MARGIN)}
    for what, effect, wrong in CLAIMS:
        made = made_at[effect]
        one = wrong(made).any(axis=1)
        two = one | again(plan, MARGIN, unsettled(made), second[:, :candidates] + effect, wrong)
        for plans, hit in (("one", one), ("two", two)):
            hits[what, effect, MARGIN, plans] = int(hit.sum())
    return hits


def covered(plan: Plan, d: np.ndarray) -> Counter[tuple[Any, ...]]:
    """Count the intervals, each as it is shown where its candidate stopped, and those that hold the truth."""
    hits: Counter[tuple[Any, ...]] = Counter()
    for margin in (MARGIN, None):
        for effect in EFFECTS:
            made = decide(d[:, :, : plan.rounds] + effect, plan.design(d.shape[1], margin))
            held = (made.low <= effect) & (effect <= made.high)
            for index, label in enumerate(LABELS):
                of = made.label == index
                hits[effect, margin, label, "all"] = int(of.sum())
                hits[effect, margin, label, "held"] = int((of & held).sum())
    return hits


def world(
    noise: str, candidates: int, studies: int, plans: tuple[Plan, ...], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return the rows of one kind of noise and number of candidates: all plans judge the same runs."""
    plans = tuple(p for p in plans if p.how != "race" or candidates > 2)
    most = max(p.rounds for p in plans)
    wrong: dict[Plan, Counter[tuple[Any, ...]]] = {p: Counter() for p in plans}
    held: dict[Plan, Counter[tuple[Any, ...]]] = {p: Counter() for p in plans}
    for part in np.array_split(np.arange(studies), max(1, studies // 5_000)):
        first = worlds.differences(noise, len(part), candidates, most, rng)
        second = worlds.differences(noise, len(part), 2 * candidates, most, rng)
        for plan in plans:
            wrong[plan].update(errors(plan, first, second))
            held[plan].update(covered(plan, first))
    rows = []
    for plan in plans:
        at = {"noise": noise, "candidates": candidates, "rounds": plan.rounds, "how": plan.how}
        for (what, effect, margin, kind), hits in wrong[plan].items():
            rows.append(cell(what, hits, studies, FALSE, **at, margin=margin, effect=effect, plans=kind))
        rows += _coverage_rows(held[plan], studies, candidates, at)
    return rows


def _coverage_rows(
    held: Counter[tuple[Any, ...]], studies: int, candidates: int, at: dict[str, Any]
) -> list[dict[str, Any]]:
    """Make one row of each margin and effect; candidates of a study share runs, so n is that of the studies."""
    rows = []
    for margin, effect in dict.fromkeys((m, e) for e, m, _, _ in held):
        by = {label: (held[effect, margin, label, "held"], held[effect, margin, label, "all"]) for label in LABELS}
        hits = round(sum(h for h, _ in by.values()) / candidates)
        row = cell("coverage", hits, studies, COVERED, at_least=True, **at, margin=margin, effect=effect)
        rows.append(row | {"by_label": {label: [round(h / n, 5), n] for label, (h, n) in by.items() if n >= SHOWN}})
    return rows


def population(studies: int, images: int, sizes: tuple[int, ...], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal accuracy in the population of images, one look; beside it the seeds-only test misread as that claim.

    The statistic must reach the t quantile at FIRST / candidates: of a step-down test all that matters under the null.
    """
    rows = []
    for seeds in sizes:
        for candidates in (1, 5):
            wrong = np.zeros(2, dtype=int)
            critical = st.t.isf(FIRST / candidates / 2, seeds - 1)
            for _ in range(studies):
                x = worlds.correctness(candidates, seeds, images, rng)
                mean = x.mean(axis=(1, 2), dtype=np.float64)
                wide = np.array([paired.population_error(one)[0] for one in x])
                alone = paired.t_tests(x.mean(axis=2, dtype=np.float64), images)["se"]
                wrong += [(np.abs(mean) / se).max() >= critical for se in (wide, alone)]
            at = {"candidates": candidates, "seeds": seeds, "images": images}
            rows.append(cell("false in the population", int(wrong[0]), studies, FALSE, **at))
            rows.append(cell("seeds-only test misread", int(wrong[1]), studies, None, **at))
    return rows


def selection(studies: int, rng: np.random.Generator, trials: int = 50, top: int = 3) -> list[dict[str, Any]]:
    """Sweeps of configs all equal to the baseline: the estimate of the best, and what confirming makes of it."""
    plan = Plan(12)
    val_sd = math.sqrt(worlds.RUN_SD**2 + worlds.FLIPS / 5000)
    validation = val_sd * rng.standard_normal((studies, trials + 1))
    in_sweep = np.sort(validation[:, 1:] - validation[:, :1], axis=1)[:, -top:]
    made = decide(worlds.differences("normal", studies, top, plan.rounds, rng), plan.design(top, MARGIN))
    wrong = false_verdict(made).any(axis=1)
    at = {"trials": trials, "candidates": top, "rounds": plan.rounds}
    looks_better = cell("best single trial looks better", int((in_sweep[:, -1] > 0).sum()), studies, None, **at)
    looks_better |= {"promised": float(in_sweep[:, -1].mean()), "confirmed": float(made.estimate[:, -1].mean())}
    return [looks_better, cell("false after confirming", int(wrong.sum()), studies, FALSE, **at)]


def limits(studies: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """What no test can hold: equal means by a steady gain and a ruin too rare to be seen; few runs that are skewed.

    One candidate without a margin, two plans.
    """
    rows = []
    for noise in (worlds.RARE, worlds.BARE):
        first, second = (worlds.differences(noise, studies, 1, MOST, rng) for _ in range(2))
        for plan in (p for p in PLANS if p.how != "race"):
            made = decide(first[:, :, : plan.rounds], plan.design(1, None))
            one = false_verdict(made).any(axis=1)
            two = one | again(plan, None, unsettled(made), second, false_verdict)
            for plans, hit in (("one", one), ("two", two)):
                at = {"noise": noise, "candidates": 1, "rounds": plan.rounds, "how": plan.how, "plans": plans}
                rows.append(cell("limit", int(hit.sum()), studies, None, **at))
    return rows


def tasks(quick: bool) -> list[tuple[Callable[..., list[dict[str, Any]]], tuple[Any, ...]]]:
    """Return what is to be simulated: functions and their arguments, but for the generator."""
    many = 2_000 if quick else 10_000
    noises = ("normal", "unequal", "noisier baseline") if quick else tuple(worlds.NOISES)
    found: list[tuple[Callable[..., list[dict[str, Any]]], tuple[Any, ...]]] = []
    for candidates in (1, 3) if quick else CANDIDATES:
        found += [(world, (noise, candidates, many, QUICK if quick else PLANS)) for noise in noises]
    found.append((population, (80, 1_000, (3, 6)) if quick else (2_000, 4_000, (3, 6, 10, 20))))
    return [*found, (selection, (many,)), (limits, (many,))]


def _do(task: tuple[int, Callable[..., list[dict[str, Any]]], tuple[Any, ...]]) -> list[dict[str, Any]]:
    number, function, arguments = task
    return function(*arguments, rng=np.random.default_rng([SEED, number]))


def place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells a row of a world from all others."""
    return tuple(row.get(k) for k in ("what", "noise", "candidates", "rounds", "how", "margin", "effect", "plans"))


def beyond(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the rows of worlds that came out beyond their promise, be it by chance."""
    found = [r for r in rows if "noise" in r and r["promise"] is not None]
    return {place(r): r for r in found if (r["rate"] < r["promise"] if r["what"] == "coverage" else r["rate"] > FALSE)}


def sharper(rows: list[dict[str, Any]], studies: int = AGAIN) -> list[dict[str, Any]]:
    """Return the rows, those beyond their promise simulated again with more studies and fresh numbers: these count."""
    doubtful, fresh = beyond(rows), {}
    for noise, candidates in dict.fromkeys((r["noise"], r["candidates"]) for r in doubtful.values()):
        of = [r for r in doubtful.values() if (r["noise"], r["candidates"]) == (noise, candidates)]
        plans = tuple(dict.fromkeys(Plan(r["rounds"], r["how"]) for r in of))
        rng = np.random.default_rng([SEED, 1_000 + list(worlds.NOISES).index(noise), candidates])
        fresh |= {place(r): r for r in world(noise, candidates, studies, plans, rng)}
    return [fresh[place(r)] if place(r) in doubtful else r for r in rows]


def run(quick: bool, jobs: int = 1) -> list[dict[str, Any]]:
    """Return all rows; each task has a seeded generator of its own, so two calls agree, whatever ``jobs``."""
    numbered = [(number, *task) for number, task in enumerate(tasks(quick))]
    if jobs == 1:
        rows = [row for task in numbered for row in _do(task)]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            rows = [row for found in pool.map(_do, numbered) for row in found]
    return rows if quick else sharper(rows)


def main(argv: list[str] | None = None) -> int:
    """Print every rate; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer studies, under half a minute; writes nothing")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows = run(args.quick, args.jobs)
    seconds = time.perf_counter() - start
    for row in rows:
        print(show(row))
    broken = [row for row in rows if row["broken"]]
    print(f"{len(rows)} rates, {len(broken)} broken promises, {seconds:.0f} s")
    if not args.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(row) for row in rows)
        RESULTS.write_text(f'{{"margin": {MARGIN}, "alpha": [{FIRST}, {SECOND}], "rows": [\n{lines}\n]}}\n')
        write_docs(DOCS, markdown(rows))
        write_docs(STATISTICS, summary(rows))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
