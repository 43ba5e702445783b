"""The benchmark of the chance of luck: right where it should be, and its rates are those of the docs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import luck
from tests.support import ROOT


def test_of_normal_noise_it_is_right_and_a_tail_to_the_better_is_noticed() -> None:
    rng = np.random.default_rng(3)
    right, heavy, mirrored = (luck.rate(n, 4000, 7, rng) for n in ("normal", "heavy", "skewed to the better"))
    assert right["rate"] == pytest.approx(0.05, abs=0.015)
    assert heavy["rate"] > 0.15 and mirrored["rate"] > 0.15


def test_what_trials_share_is_shared() -> None:
    baseline, best = luck.draws("shared", 20_000, 2, np.random.default_rng(4))
    assert np.corrcoef(baseline[:, 0], best)[0, 1] > 0.4 > abs(np.corrcoef(baseline[:, 1], best)[0, 1]) + 0.3


def test_the_docs_have_the_committed_rates() -> None:
    found = json.loads(luck.OUT.read_text())
    said = (ROOT / "docs/statistics-more.md").read_text().partition("benchmarks.luck")[2].partition("\n\n")[0]
    rates = {row["noise"]: row["rate"] for row in found["rows"] if row["seeds"] == 7}
    assert (found["tried"], found["sweeps"]) == (49, 20_000) and set(rates) == set(luck.NOISES)
    for noise, rate in rates.items():
        assert f"{100 * rate:.1f} %" in said, noise
