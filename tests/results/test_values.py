"""Which named values are shown, and how: written down by hand."""

from __future__ import annotations

import pytest

from results.metric import Metric
from results.names import is_training
from results.schema1 import ACCURACY
from results.values import chosen_by, curves, validation_values, value_name, value_text, values_of_test

RMSE = Metric("val_rmse", "min", "mpg", margin=0.05, test="test_rmse")
NAMES = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


def test_the_metric_comes_first_then_what_selects_then_losses() -> None:
    assert validation_values(ACCURACY, NAMES) == ["val_accuracy", "val_loss"]
    assert validation_values(RMSE, ["val_loss", "seen", "aux_loss", "train_loss", "test_loss"]) == [
        "val_rmse",
        "val_loss",
        "aux_loss",
    ]
    chosen = Metric("val_auc", select="val_brier:min")
    assert validation_values(chosen, ["val_brier", "val_auc", "val_f1"]) == ["val_auc", "val_brier"]


def test_without_a_test_value_nothing_of_the_test_set_is_shown() -> None:
    assert values_of_test(ACCURACY, ["test_loss", "test_accuracy", "test_f1"]) == ["test_accuracy", "test_loss"]
    assert values_of_test(Metric("val_loss", "min"), ["test_loss"]) == []


@pytest.mark.parametrize(
    ("metric", "names", "drawn"),
    [
        (ACCURACY, NAMES, {"accuracy": ("train_accuracy", "val_accuracy"), "loss": ("train_loss", "val_loss")}),
        (RMSE, ["val_rmse", "train_loss"], {"RMSE": (None, "val_rmse"), "loss": ("train_loss", None)}),
        (Metric("loss", "min"), ["loss", "loss/train"], {"loss": ("loss/train", "loss")}),
        (Metric("val_auc"), ["val_auc", "seen", "val_f1"], {"AUC": (None, "val_auc")}),
    ],
)
def test_curves_lay_training_beside_validation(metric: Metric, names: list[str], drawn: dict) -> None:
    assert curves(metric, names) == drawn


@pytest.mark.parametrize(
    ("metric", "name", "value", "said"),
    [
        (RMSE, "val_rmse", 3.14159, "3.142 mpg"),
        (RMSE, "train_rmse", 3.14159, "3.142 mpg"),
        (RMSE, "val_loss", 3.14159, "3.1416"),
        (RMSE, "val_accuracy", 0.5, "50.00 %"),
        (RMSE, "train_acc", 0.5, "50.00 %"),
        (RMSE, "val_r2", 0.123456, "0.1235"),
        (RMSE, "val_r2", None, "-"),
        (ACCURACY, "val_accuracy", 0.7648, "76.48 %"),
    ],
)
def test_each_value_is_written_as_its_kind_is(metric: Metric, name: str, value: float | None, said: str) -> None:
    assert value_text(metric, name, value) == said


def test_names_are_words() -> None:
    assert [value_name(ACCURACY, n) for n in NAMES] == [
        "training loss",
        "training accuracy",
        "validation loss",
        "validation accuracy",
    ]
    assert value_name(Metric("score", test="final"), "final") == "test score"
    assert value_name(RMSE, "aux_loss") == "aux loss"
    assert is_training("train/loss") and is_training("loss_train") and not is_training("strained_loss")


def test_what_selects_the_epoch_is_said() -> None:
    assert chosen_by(ACCURACY) == "lowest validation loss"
    assert chosen_by(Metric("val_auc")) == "highest validation AUC"
    assert chosen_by(Metric("val_auc", select="last")) is None
