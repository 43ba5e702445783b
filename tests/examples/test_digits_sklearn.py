"""The second trainable: accurate but not at its ceiling, quick, and its ``replicate`` a matter of luck alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind
from sklearn.metrics import accuracy_score, log_loss

from alexnet.config import Config
from results.outcome import Outcome, State
from search_spaces import load_ablations, load_space
from study.protocol import load_trainable
from study.training.same import differing_part
from tests.support import ROOT
from tests.support.trainings import run

EXAMPLES = ROOT / "examples"
TRAINABLE = load_trainable(str(EXAMPLES / "digits_sklearn.py"))
DATA = TRAINABLE.hooks["load_data"]()


def train(seed: int = 0, **settings: Any) -> Outcome:
    return run(TRAINABLE, seed, DATA, **settings)


def accuracies(seeds: int, **settings: Any) -> np.ndarray:
    return np.array([train(seed, **settings).test.accuracy for seed in range(seeds)])


def test_a_run_stopped_after_any_epoch_and_continued_equals_an_uninterrupted_one() -> None:
    states: dict[int, State] = {}
    whole = run(TRAINABLE, 5, DATA, states=states, epochs=6)
    for after in range(1, 6):
        stopped = run(TRAINABLE, 5, DATA, leave_after=after, epochs=6)
        assert (stopped.status, len(stopped.history), stopped.test) == ("stopped", after, None)
        assert differing_part(run(TRAINABLE, 5, DATA, earlier=(after, states[after]), epochs=6), whole) is None


def test_the_baseline_leaves_room_above_and_below() -> None:
    found = accuracies(10)
    assert 0.93 < found.mean() < 0.97
    assert accuracies(10, features=400).mean() > found.mean() + 0.005
    assert accuracies(10, features=25).mean() < found.mean() - 0.05
    assert accuracies(10, learning_rate=0.02).mean() < found.mean() - 0.02


def test_what_it_reports_is_what_scikit_learn_measures() -> None:
    outcome = train(1)
    p, test = outcome.test.probabilities, outcome.test_values
    assert test["test_accuracy"] == accuracy_score(DATA.test_y, p.argmax(1))
    assert test["test_loss"] == pytest.approx(log_loss(DATA.test_y, p), rel=1e-4)
    losses = [e.values["val_loss"] for e in outcome.history]
    assert losses[outcome.best_epoch - 1] == min(losses)


def test_replicate_changes_every_draw_and_nothing_else() -> None:
    assert differing_part(train(1), train(1, replicate=0)) is None
    assert differing_part(train(1), train(1, replicate=1)) is not None
    one, other = (train(1, replicate=r) for r in (1, 2))
    assert not np.array_equal(one.weights["coef"], other.weights["coef"])  # of other features
    assert not np.array_equal(one.val.labels, other.val.labels)  # split
    found = [np.array([train(s, replicate=r).test.accuracy for s in range(12)]) for r in (0, 1)]
    assert ttest_ind(*found).pvalue > 0.01  # seeds are fixed: this cannot fail by chance, only by a change


@pytest.mark.parametrize("name", TRAINABLE.spaces)
def test_its_own_spaces_hold_its_baseline(name: str) -> None:
    space = load_space(name, TRAINABLE.Config, {}, own=TRAINABLE.spaces)
    assert space.warnings == []
    assert TRAINABLE.Config().model_dump() in space


def test_the_example_space_file_is_one() -> None:
    for name in ("schedule", "regularisation"):
        assert load_space(f"{EXAMPLES / 'my_space.py'}:{name}", Config, {}).warnings == []
    assert len(load_ablations(str(EXAMPLES / "my_space.py"), Config)) == 3
