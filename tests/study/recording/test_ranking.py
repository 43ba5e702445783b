"""Whose weights are kept, against sorting all runs by hand."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from study.recording.ranking import Ranking


def run(number: int, config: str, accuracy: float | None, status: str = "complete") -> Any:
    return SimpleNamespace(run_id=f"run{number}", config_hash=config, score=accuracy, status=status)


@pytest.mark.parametrize("keep", [0, 1, 3])
@pytest.mark.parametrize("seed", range(10))
def test_the_best_configs_by_their_first_runs_and_the_first_baseline(keep: int, seed: int) -> None:
    rng = random.Random(seed)
    runs = [
        run(i, rng.choice(["base", *map(str, range(12))]), rng.choice([None, *(n / 8 for n in range(8))]))
        for i in range(40)
    ]
    ranking = Ranking(keep, "base")
    for i, each in enumerate(runs, start=1):
        before = ranking.threshold(each.config_hash)
        ranks = ranking.add(each)
        scored = [r for r in runs[:i] if r.score is not None]
        first = {r.config_hash: r for r in reversed(scored)}  # the first of each config
        others = sorted((-r.score, r.config_hash, r.run_id) for r in first.values() if r.config_hash != "base")
        expected = {run_id for _, _, run_id in others[:keep]} | ({first["base"].run_id} if "base" in first else set())
        assert ranking.kept == expected and ranks == (each.run_id in expected)
        assert not ranks or each.score >= before  # whoever trusted the threshold threw nothing away


def test_what_did_not_complete_ranks_nowhere() -> None:
    ranking = Ranking(3, "base")
    assert not ranking.add(run(1, "base", 0.9, "pruned")) and not ranking.add(run(2, "a", 0.9, "failed"))
    assert ranking.kept == set()
