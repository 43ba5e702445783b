"""Importance: it finds a planted knob, stays silent where it must, and never moves by itself."""

from __future__ import annotations

import numpy as np

from results.importance import LEAST, importance, varying


def planted(n: int, seed: int = 0) -> tuple[list[dict], list[float]]:
    rng = np.random.default_rng(seed)
    configs = [
        {
            "rate": float(10 ** rng.uniform(-4, -1)),
            "inert": float(rng.uniform(0, 1)),
            "kind": str(rng.choice(["a", "b", "c"])),
            "fixed": 3,
        }
        for _ in range(n)
    ]
    scores = [0.8 - 0.1 * (np.log10(c["rate"]) + 2.5) ** 2 + float(rng.normal(0, 0.01)) for c in configs]
    return configs, scores


def test_the_planted_knob_comes_first_and_the_shares_sum_to_one() -> None:
    found = importance(*planted(60))
    assert found[0].field == "rate"
    assert found[0].share > 0.6
    assert abs(sum(i.share for i in found) - 1) < 1e-9
    assert {i.field for i in found} == {"rate", "inert", "kind"}
    assert all(0 <= i.low <= i.high <= 1 for i in found)


def test_below_the_least_number_of_trials_nothing_is_said() -> None:
    configs, scores = planted(LEAST)
    assert importance(configs, scores)
    assert importance(configs[:-1], scores[:-1]) == []


def test_trials_that_all_score_alike_have_no_importance() -> None:
    configs, _ = planted(30)
    assert importance(configs, [0.5] * 30) == []


def test_the_same_trials_give_the_same_numbers() -> None:
    assert importance(*planted(30)) == importance(*planted(30))


def test_mixed_missing_and_listed_values_count_as_names() -> None:
    configs, scores = planted(30)
    for i, config in enumerate(configs):
        config["odd"] = [None, "x", 3, [1, 2]][i % 4]
    assert {i.field for i in importance(configs, scores)} == {"rate", "inert", "kind", "odd"}


def test_varying_names_what_takes_more_than_one_value() -> None:
    assert varying([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 0}]) == ["b", "c"]
