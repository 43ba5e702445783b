"""Importance: it finds a planted hyperparameter, stays silent where it must, and never moves by itself."""

from __future__ import annotations

import numpy as np
import pytest

from results.analysis.importance import LEAST, comparable, importance, shares, varying
from results.record import Record
from tests.support.histories import run


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


def test_the_planted_hyperparameter_comes_first_and_the_shares_sum_to_one() -> None:
    found = importance(*planted(60))
    assert found[0].field == "rate"
    assert found[0].share > 0.6
    assert abs(sum(i.share for i in found) - 1) < 1e-9
    assert {i.field for i in found} == {"rate", "inert", "kind"}
    assert shares(*planted(60)) == {i.field: i.share for i in found}
    assert all(0 <= i.low <= i.high <= 1 for i in found)


def test_an_inert_hyperparameter_of_four_numbers_does_not_outweigh_a_real_one() -> None:
    first = []
    for seed in range(20):
        configs, scores = planted(36, seed)
        rng = np.random.default_rng(100 + seed)
        for config in configs:
            config["batch"] = int(rng.choice([64, 128, 256, 512]))
        first.append(importance(configs, scores)[0].field)
    assert first.count("rate") >= 19


def test_fanova_agrees_on_what_matters_most() -> None:
    optuna = pytest.importorskip("optuna")
    configs, scores = planted(60)
    distributions = {
        "rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "inert": optuna.distributions.FloatDistribution(0, 1),
        "kind": optuna.distributions.CategoricalDistribution(["a", "b", "c"]),
    }
    study = optuna.create_study(direction="maximize")
    for config, score in zip(configs, scores, strict=True):
        params = {f: config[f] for f in distributions}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=score))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    theirs = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert max(theirs, key=theirs.__getitem__) == importance(configs, scores)[0].field == "rate"


def test_a_sweep_that_pruned_most_is_read_at_the_most_epochs_that_enough_trials_had() -> None:
    def trials(n: int, epochs: int, status: str) -> list[Record]:
        pairs = [(1.0 / e, 0.1 * e) for e in range(1, epochs + 1)]
        return [run(pairs, status=status, learning_rate=(n + i) / 1e4, epochs=epochs) for i in range(n)]

    many = trials(15, 1, "pruned") + trials(14, 3, "pruned") + trials(6, 5, "complete") + trials(9, 4, "failed")
    alike = comparable(many, True)
    assert alike is not None and alike.epochs == 3, "20 of them had three epochs or more"
    assert len(alike.records) == len(alike.scores) == 20 and alike.scores == pytest.approx([0.3] * 20)
    assert all("epochs" not in c for c in alike.configs), "within equal epochs it cannot matter"
    whole = comparable(many + trials(LEAST, 5, "complete"), True)
    assert whole is not None and whole.epochs is None and len(whole.records) == LEAST + 6
    assert comparable(many[:15], True) is None


def test_where_no_prefix_is_claimed_importance_within_equal_epochs_is_of_one_length() -> None:
    def trials(n: int, epochs: int) -> list[Record]:
        return [
            run([(1.0, 0.1)], status="pruned", learning_rate=(epochs * 100 + i) / 1e4, epochs=epochs) for i in range(n)
        ]

    few = trials(LEAST - 1, 10) + trials(LEAST - 1, 25)
    assert comparable(few, True) is not None and comparable(few, False) is None
    alike = comparable(few + trials(LEAST, 30), False)
    assert alike is not None and {r.config["epochs"] for r in alike.records} == {30}


def test_below_the_least_number_of_trials_nothing_is_said() -> None:
    configs, scores = planted(LEAST)
    assert importance(configs, scores)
    assert importance(configs[:-1], scores[:-1]) == [] and shares(configs[:-1], scores[:-1]) == {}


def test_trials_that_all_score_alike_have_no_importance() -> None:
    configs, _ = planted(30)
    assert importance(configs, [0.5] * 30) == [] and shares(configs, [0.5] * 30) == {}


def test_the_same_trials_give_the_same_numbers() -> None:
    assert importance(*planted(30)) == importance(*planted(30))


def test_mixed_missing_and_listed_values_count_as_names() -> None:
    configs, scores = planted(30)
    for i, config in enumerate(configs):
        config["odd"] = [None, "x", 3, [1, 2]][i % 4]
    assert {i.field for i in importance(configs, scores)} == {"rate", "inert", "kind", "odd"}


def test_varying_names_what_takes_more_than_one_value() -> None:
    assert varying([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 0}]) == ["b", "c"]
