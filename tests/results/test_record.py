"""A record is what it says after a round trip, and a run is named by what it is."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from results.checks import checked
from results.config import config_hash, run_id
from results.outcome import Epoch, Outcome, Predictions
from results.record import pack_bits, scores, unpack_bits
from results.schema1 import ACCURACY
from tests.support.runs import record, scored


def epoch(number: int, val_loss: float, classes: int = 3) -> Epoch:
    values = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": val_loss, "val_accuracy": 1 / classes}
    return Epoch(number, values, 2.0, np.full((classes, classes), number))


def test_a_record_survives_its_line() -> None:
    about = {"error": 'tags <b> "quotes" \n newline \u202e right to left', "started": None}
    before = record(**about, test=scored()["test"] | {"test_loss": 0.1 + 0.2})
    line = before.line()
    assert "\n" not in line and checked(line.encode()) == before
    assert json.loads(line)["schema"] == 2


def test_a_field_of_a_newer_version_survives() -> None:
    value = json.loads(record().line()) | {"invented_later": [1, 2]}
    assert json.loads(checked(json.dumps(value).encode()).line())["invented_later"] == [1, 2]


def test_a_loss_that_is_no_number_becomes_null_not_zero() -> None:
    fields = scores(
        Outcome("diverged", [epoch(1, 2.0), epoch(2, math.nan)], error="why"), ACCURACY, every_confusion=False
    )
    line = record(**fields).line()
    assert "NaN" not in line
    again = checked(line.encode())
    assert again.history[1].values["val_loss"] is None and again.score is None and again.test_score is None


def test_scores_belong_to_the_epoch_of_lowest_validation_loss() -> None:
    test = Predictions(np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], np.array([0, 1, 1, 2]))
    outcome = Outcome("complete", [epoch(1, 3.0), epoch(2, 1.0), epoch(3, 2.0)], 2, {"test_accuracy": 0.5}, test, test)
    fields = scores(outcome, ACCURACY, every_confusion=False)
    assert (fields["best_epoch"], fields["val"]["val_loss"], fields["test"]["test_accuracy"]) == (2, 1.0, 0.5)
    assert set(fields["val_confusion"]) == {"2", "3"}
    assert fields["test_confusion"] == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]  # counted by hand
    assert set(scores(outcome, ACCURACY, every_confusion=True)["val_confusion"]) == {"1", "2", "3"}


def test_a_pruned_run_has_validation_scores_and_no_test_scores() -> None:
    fields = scores(Outcome("stopped", [epoch(1, 3.0), epoch(2, 4.0)]), ACCURACY, every_confusion=False)
    assert fields["status"] == "pruned" and fields["best_epoch"] == 1 and "test" not in fields


@given(arrays.arrays(bool, some.integers(0, 40)))
def test_bits_survive_packing(bits: np.ndarray) -> None:
    assert np.array_equal(unpack_bits(pack_bits(bits), len(bits)), bits)


def test_a_run_is_named_by_its_config_and_seed() -> None:
    assert config_hash({"a": 1, "b": "x"}) == config_hash({"b": "x", "a": 1.0})
    assert config_hash({"a": True}) != config_hash({"a": 1})
    assert config_hash({"a": 0.5}) == hashlib.sha256(b'{"a": 0.5}').hexdigest()[:12]
    assert run_id({"a": 0.5}, 7) == config_hash({"a": 0.5}) + "-s7"
    assert run_id({"a": 0.5}, 7, attempt=2).endswith("-s7-2")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"run_id": 3}', "\x00\x00"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        checked(text.encode())
