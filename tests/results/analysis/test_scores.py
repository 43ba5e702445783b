"""Runs against the baseline: the right run, the right epoch, the right difference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from results.analysis.scores import (
    against_baseline,
    curve,
    curve_so_far,
    expected_best,
    frontier,
    score_within,
)
from results.config import changes
from tests.support.histories import run


def test_the_score_is_the_accuracy_at_the_lowest_loss_the_first_of_equals() -> None:
    record = run([(0.9, 0.1), (0.5, 0.2), (0.5, 0.9), (0.7, 0.95)])
    assert score_within(record) == 0.2
    assert score_within(record, 1) == 0.1


def test_an_epoch_without_a_finite_loss_is_never_the_best() -> None:
    record = run([(None, 0.9), (0.5, 0.2)])
    assert score_within(record) == 0.2


def test_at_equal_epochs_both_are_cut_to_the_shorter_history() -> None:
    base = run([(0.9, 0.1), (0.8, 0.3), (0.7, 0.5)])
    longer = run([(0.9, 0.2), (0.8, 0.4), (0.6, 0.6), (0.5, 0.8)], batch_size=64)
    found = against_baseline(longer, [base], True)
    assert found.equal_epochs == 3
    assert found.at_equal == pytest.approx(0.6 - 0.5)
    assert found.as_configured == pytest.approx(0.8 - 0.5)


def test_a_pruned_run_is_compared_at_its_own_epoch_and_has_no_other_comparison() -> None:
    base = run([(0.9, 0.1), (0.8, 0.3), (0.7, 0.5)])
    found = against_baseline(run([(0.9, 0.2), (0.8, 0.4)], status="pruned", batch_size=64), [base], True)
    assert (found.equal_epochs, found.as_configured, found.test) == (2, None, None)
    assert found.at_equal == pytest.approx(0.1)


def test_where_no_prefix_is_claimed_only_trainings_of_one_length_compare_at_equal_epochs() -> None:
    base = run([(0.9, 0.1), (0.8, 0.3)], epochs=2)
    pruned = run([(0.9, 0.2)], status="pruned", epochs=2, batch_size=64)
    longer = run([(0.9, 0.2), (0.8, 0.4), (0.7, 0.6)], epochs=3)
    assert against_baseline(pruned, [base], False).at_equal == pytest.approx(0.1)
    found = against_baseline(longer, [base], False)
    assert (found.at_equal, found.equal_epochs) == (None, None) and found.as_configured == pytest.approx(0.3)
    assert against_baseline(longer, [base], True).equal_epochs == 2


def test_a_curve_has_the_score_of_each_epoch_and_of_the_best_so_far() -> None:
    record = run([(0.9, 0.1), (0.5, 0.2), (0.7, 0.3)])
    assert curve(record) == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert curve_so_far(record) == [0.1, 0.2, 0.2]


@pytest.mark.parametrize("status", ["failed", "diverged"])
def test_a_run_without_a_score_has_no_comparison_whatever_its_history(status: str) -> None:
    found = against_baseline(run([(0.5, 0.9)], status=status, batch_size=64), [run([(0.9, 0.1)])], True)
    assert (found.as_configured, found.at_equal, found.equal_epochs) == (None, None, None)


def test_the_baseline_of_the_same_seed_is_taken_else_the_lowest_seed() -> None:
    bases = [run([(0.9, 0.1)], seed=3), run([(0.9, 0.2)], seed=7)]
    assert against_baseline(run([(0.9, 0.5)], seed=7, batch_size=64), bases, True).baseline is bases[1]
    assert against_baseline(run([(0.9, 0.5)], seed=9, batch_size=64), bases, True).baseline is bases[0]
    assert against_baseline(run([(0.9, 0.5)], seed=9, batch_size=64), [], True).baseline is None


def test_changes_name_every_field_that_differs() -> None:
    assert changes({"a": 1, "b": 2, "new": 5}, {"a": 1, "b": 3, "gone": 4}) == {
        "b": (3, 2), "gone": (4, None), "new": (None, 5),
    }  # fmt: skip


def test_the_expected_best_is_the_mean_over_all_draws_with_replacement() -> None:
    scores = [0.3, 0.7, 0.7, 0.1]
    for k, value in enumerate(expected_best(scores), 1):
        assert value == pytest.approx(np.mean([max(draw) for draw in itertools.product(scores, repeat=k)]))


def test_the_frontier_is_what_nothing_beats_in_both() -> None:
    rng = np.random.default_rng(1)
    costs, scores = rng.integers(1, 9, 40).tolist(), rng.integers(1, 9, 40).tolist()
    kept = frontier(costs, scores)
    for i in range(40):
        beaten = any(
            costs[j] <= costs[i] and scores[j] >= scores[i] and (costs[j], scores[j]) != (costs[i], scores[i])
            for j in range(40)
        )
        if i in kept:
            assert not beaten
        elif not beaten:  # left out only because its twin is in
            assert any((costs[j], scores[j]) == (costs[i], scores[i]) for j in kept)
