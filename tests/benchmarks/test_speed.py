"""The benchmarks measure what they say: the work in a step, paired differences, one round end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import classic, precision
from benchmarks.epoch import EPOCH_IMAGES
from benchmarks.gemm import TRAINING_FLOP


def test_work_of_a_training_step_as_torch_counts_it() -> None:
    model = classic.AlexNet(10)
    with FlopCounterMode(display=False) as counter:
        model(torch.randn(4, 3, 32, 32))[0].sum().backward()
    assert counter.get_total_flops() / 4 == TRAINING_FLOP


def test_interval_of_paired_differences_is_scipys() -> None:
    random = np.random.default_rng(0)
    first = random.normal(94, 1, 12)
    second = first - random.normal(0.3, 0.5, 12)
    result = precision.compare(first.tolist(), second.tolist(), margin=1.0)
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    np.testing.assert_allclose(result["interval95"], expected, rtol=1e-9)
    expected = stats.ttest_rel(first, second).confidence_interval(0.90)
    np.testing.assert_allclose(result["interval90"], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("mean", "deviation", "verdict"),
    [(0, 0.5, "equivalent"), (0.6, 0.5, "different, within the margin"), (3, 0.5, "different"), (0.5, 4, "undecided")],
)
def test_verdicts(mean: float, deviation: float, verdict: str) -> None:
    difference = stats.norm.ppf((np.arange(20) + 0.5) / 20, mean, deviation)
    assert precision.compare(difference.tolist(), [0.0] * 20, margin=1.0)["verdict"] == verdict


def test_two_pairs_are_the_least() -> None:
    with pytest.raises(ValueError, match="at least two pairs"):
        precision.compare([1.0], [2.0], 1.0)


def test_pairs_already_trained_are_kept_only_for_the_same_question(tmp_path: Path) -> None:
    document = {"settings": {"epochs": 8}, "dataset": "abc", "threads": 1}
    path = tmp_path / "precision.json"
    assert precision.kept_runs(path, document) == []
    path.write_text(json.dumps({**document, "runs": [{"seed": 1}], "result": {}}))
    assert precision.kept_runs(path, document) == [{"seed": 1}]
    assert precision.kept_runs(path, {**document, "threads": 2}) == []


@pytest.mark.long
def test_one_round_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "epoch.json"
    command = [sys.executable, "-m", "benchmarks.epoch", "--threads", "1", "--rounds", "1", "--steps", "1"]
    done = subprocess.run([*command, "--json", str(out)], capture_output=True, text=True, timeout=300, check=True)
    (result,) = json.loads(out.read_text())["comparisons"]
    ours = result[f"ours-{result['default_precision']}"]
    for row in (result["classic"], ours):
        assert row["median_seconds"] > 0 and row["peak_mib"] > 100
        share = TRAINING_FLOP * EPOCH_IMAGES / row["median_seconds"] / row["gemm_gflops"] / 1e9
        assert row["share_of_gemm"] == pytest.approx(share, rel=0.02)
    assert ours["ratio"] == pytest.approx(result["classic"]["median_seconds"] / ours["median_seconds"], rel=0.01)
    assert f"n = {result['rounds']} rounds" in done.stdout
