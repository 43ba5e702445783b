"""What is said of luck before a sweep, against simulated sweeps of unchanged configs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from results.analysis.evidence import Evidence
from results.metric import Metric
from study.planning.noise import before_sweep
from tests.support.runs import meta, run

SCORES = (0.70, 0.71, 0.73, 0.715, 0.705)
TRIALS = 20


def leads(seeds: int) -> np.ndarray:
    """How far the best of unchanged configs leads the mean of its own baseline, in that baseline's deviations."""
    rng = np.random.default_rng(0)
    baseline, best = rng.normal(size=(100_000, seeds)), rng.normal(size=(100_000, TRIALS)).max(axis=1)
    return (best - baseline.mean(axis=1)) / baseline.std(axis=1, ddof=1)


@pytest.mark.parametrize("goal", ["max", "min"])
def test_half_and_one_in_twenty_of_simulated_sweeps_reach_what_is_said(goal: str) -> None:
    metric = Metric("val_loss", goal=goal, margin=0.001) if goal == "min" else None
    tag = {} if metric is None else {"metric": metric}
    scores = [v if goal == "max" else -v for v in SCORES]
    known = [run(seed, val=v, kind="baseline", **tag) for seed, v in enumerate(scores)]
    said = before_sweep(Evidence(known, meta(metric) if metric else meta()), TRIALS)
    side, scale = ("above", 100) if goal == "max" else ("below", 1)
    assert f"{side} the baseline's mean in half of all such sweeps" in said and "from 5 baseline seeds" in said
    half, rare = (float(x) for x in re.findall(r"at least (\d+\.\d+) ", said))
    reached = scale * np.std(SCORES, ddof=1) * leads(len(SCORES))
    assert np.mean(reached >= half) == pytest.approx(0.5, abs=0.01)
    assert np.mean(reached >= rare) == pytest.approx(0.05, abs=0.003)


def test_without_a_measured_deviation_it_is_assumed_and_the_baseline_is_one_run() -> None:
    said = before_sweep(Evidence([], meta()), TRIALS)
    rng, sd = np.random.default_rng(0), float(re.search(r"over seeds (\d+\.\d+), assumed", said)[1])  # type: ignore[index]
    reached = sd * (rng.normal(size=(100_000, TRIALS)).max(axis=1) - rng.normal(size=100_000))
    half, rare = (float(x) for x in re.findall(r"at least (\d+\.\d+) ", said))
    assert "above one run of the baseline in half" in said
    assert np.mean(reached >= half) == pytest.approx(0.5, abs=0.015)
    assert np.mean(reached >= rare) == pytest.approx(0.05, abs=0.005)


def test_seeds_that_all_agree_measure_no_luck() -> None:
    same = [run(seed, val=0.7, kind="baseline") for seed in range(3)]
    said = before_sweep(Evidence(same, meta()), TRIALS)
    assert "not known yet" in said and "the best of 20 unchanged configs" in said
