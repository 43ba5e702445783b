"""What scripts print becomes the epochs that a person would read in it."""

from __future__ import annotations

import json
import math

import pytest

from results.checks import VALUES
from study.scripts.measure import Measuring
from study.scripts.parse import Parser


def read(text: str, metric: str = "val_acc", test: str | None = "test_acc") -> tuple[list[dict[str, float]], Measuring]:
    """The epochs of an output, a line of which may hold ``\\r``."""
    measuring, parser = Measuring(metric, test), Parser.of(None)
    found = [measuring.line(parser.values(line), "\r" in line) for line in text.split("\n")]
    return [epoch for epoch in found if epoch is not None], measuring


def test_a_line_per_epoch_and_one_at_the_end() -> None:
    epochs, measuring = read("start lr=0.1\nloss=3 val_acc=0.5\nloss=2 val_acc=0.6\ntest_acc=0.55 seconds=3")
    assert epochs == [{"lr": 0.1, "loss": 3, "val_acc": 0.5}, {"loss": 2, "val_acc": 0.6}]
    assert measuring.final == {"test_acc": 0.55, "seconds": 3}
    assert measuring.names == {"lr": 0.1, "loss": 2, "val_acc": 0.6, "test_acc": 0.55, "seconds": 3}


def test_several_lines_per_epoch() -> None:
    epochs, measuring = read("loss=3\nloss=2.5\nval_loss=1\nval_acc=0.5\nloss=2\nval_acc=0.6\n")
    assert epochs == [{"loss": 2.5, "val_loss": 1, "val_acc": 0.5}, {"loss": 2, "val_acc": 0.6}]
    assert measuring.final == {}


def test_a_script_that_measures_once() -> None:
    epochs, measuring = read("val_acc=0.5 test_acc=0.4")
    assert epochs == [{"val_acc": 0.5}]
    assert measuring.final == {"test_acc": 0.4}


def test_tested_at_each_epoch_the_last_counts() -> None:
    epochs, measuring = read("val_acc=0.5 test_acc=0.4\nval_acc=0.6 test_acc=0.5\nval_acc=0.7 test_acc=0.3")
    assert [epoch["val_acc"] for epoch in epochs] == [0.5, 0.6, 0.7]
    assert measuring.final == {"test_acc": 0.3}


def test_a_summary_of_both_is_no_epoch() -> None:
    epochs, measuring = read("val_acc=0.5\nval_acc=0.7\nbest val_acc=0.7 test_acc=0.65 params=9")
    assert [epoch["val_acc"] for epoch in epochs] == [0.5, 0.7]
    assert measuring.final == {"params": 9, "test_acc": 0.65, "best_val_acc": 0.7}


def test_no_test_metric() -> None:
    epochs, measuring = read("val_acc=0.5 test_acc=0.4\nval_acc=0.5", test=None)
    assert epochs == [{"val_acc": 0.5, "test_acc": 0.4}, {"val_acc": 0.5}]
    assert measuring.final == {}


def test_a_metric_that_never_comes() -> None:
    epochs, measuring = read("acc=0.5\nacc=0.6")
    assert epochs == [] and measuring.final == {"acc": 0.6} and "val_acc" not in measuring.names


@pytest.mark.parametrize("value", ["0.5", "nan", "inf"])
def test_a_progress_bar_drawn_again_is_one_epoch(value: str) -> None:
    bar = "".join(f"\r{step}/9 val_acc={value}\n" for step in range(9))
    epochs, _ = read(f"{bar}\r9/9 val_acc=0.625\n\r9/9 val_acc=0.625")
    assert len(epochs) == 2 and epochs[1] == {"val_acc": 0.625}


def test_lines_that_stay_are_epochs_though_nothing_changes() -> None:
    epochs, _ = read("val_acc=0.5\nval_acc=0.5\nval_acc=0.5")
    assert len(epochs) == 3


def test_values_that_are_not_finite_end_epochs_too() -> None:
    epochs, _ = read("val_acc=nan\nval_acc=inf")
    assert math.isnan(epochs[0]["val_acc"]) and epochs[1] == {"val_acc": math.inf}


def test_what_is_given_is_not_changed() -> None:
    values = {"val_acc": 0.5, "test_acc": 0.4}
    Measuring("val_acc", "test_acc").line(values)
    assert values == {"val_acc": 0.5, "test_acc": 0.4}


def test_one_name_for_both_is_the_validation_metric() -> None:
    epochs, measuring = read("val_acc=0.5\nval_acc=0.6", test="val_acc")
    assert len(epochs) == 2 and measuring.final == {}


def test_what_is_no_name_of_a_value_is_left_out() -> None:
    """A training that prints more than we keep has done nothing wrong."""
    long = "x" * 200
    epochs, measuring = read(f'{{"epoch time": 3, "": 1, "val_acc": 0.5}}\n{long}=1\nval_acc=0.6 test_acc=0.5')
    assert epochs == [{"val_acc": 0.5}] and measuring.final == {"test_acc": 0.5}  # a summary at the end
    assert set(measuring.names) == {"val_acc", "test_acc"}


def test_of_ever_new_names_only_so_many_are_read() -> None:
    lines = "\n".join(f"file{i}: 1" for i in range(3000))
    objects = json.dumps({f"key{i}": 1 for i in range(3000)})
    epochs, measuring = read(f"{lines}\n{objects}\nval_acc=0.5\n{lines}\ntest_acc=0.4")
    assert len(epochs) == 1 and epochs[0]["val_acc"] == 0.5 and measuring.final["test_acc"] == 0.4
    assert all(len(values) <= VALUES for values in (*epochs, measuring.final, measuring.names))


def test_words_before_a_name_are_part_of_it() -> None:
    """A line with 'final test accuracy' is no further epoch of 'accuracy'."""
    epochs, measuring = read("accuracy: 85.5%\naccuracy: 86%\nfinal test accuracy: 90.5%", metric="accuracy", test=None)
    assert [epoch["accuracy"] for epoch in epochs] == [0.855, 0.86]
    assert measuring.final == {"test_accuracy": 0.905}


def test_a_bar_of_the_same_value_and_another_epoch_is_another_epoch() -> None:
    measuring = Measuring("rmse")
    lines = [{"epoch": 1, "rmse": 0.5}, {"epoch": 1, "rmse": 0.5}, {"epoch": 2, "rmse": 0.5}]
    assert [measuring.line(values, redrawn=True) is not None for values in lines] == [True, False, True]
