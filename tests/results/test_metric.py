"""The metric: which epoch speaks for a run, and how its numbers are written, in any unit and direction."""

from __future__ import annotations

import math

import pytest

from results.errors import UserError
from results.metric import Metric
from results.outcome import Epoch
from results.record import HistoryRow, finite
from results.schema1 import ACCURACY
from results.selection import best_so_far, selected

RMSE = Metric("val_rmse", "min", "mpg", 0.05, "test_rmse")


def epoch(number: int, loss: float, accuracy: float = 0.8) -> Epoch:
    return Epoch(number, {"val_loss": loss, "val_accuracy": accuracy}, 1.5)


@pytest.mark.parametrize(
    ("losses", "best"),
    [([3, 1, 2], 2), ([2, 1, 1], 2), ([math.nan, 2, 3], 2), ([math.inf, math.nan], None), ([], None)],
)
def test_the_selected_epoch_is_the_first_of_the_lowest_finite_losses(losses: list[float], best: int | None) -> None:
    row = selected([epoch(n, loss) for n, loss in enumerate(losses, start=1)], ACCURACY)
    assert (row and row.epoch) == best


@pytest.mark.parametrize(
    ("metric", "best"),
    [
        (Metric("val_accuracy"), 3),
        (Metric("val_loss", "min"), 2),
        (Metric("val_accuracy", select="last"), 5),
        (Metric("val_loss", "min", select="val_accuracy:min"), 1),
        (Metric("val_loss", "min", select="val_loss:max"), 4),
    ],
)
def test_the_rule_selects_the_epoch(metric: Metric, best: int) -> None:
    rows = [epoch(1, 2.0, 0.1), epoch(2, 1.0, 0.5), epoch(3, 1.5, 0.9), epoch(4, 3.0, 0.9), epoch(5, 2.0, 0.7)]
    found = selected(rows, metric)
    assert found is not None and found.epoch == best


def test_the_objective_is_the_score_at_the_epoch_selected_so_far() -> None:
    losses, accuracies = [2.0, 1.0, math.nan, 1.5, 1.0, 0.5], [0.1, 0.2, 0.9, 0.8, 0.9, 0.15]
    rows = [
        HistoryRow(epoch=n, values={"val_loss": finite(v), "val_accuracy": a}, seconds=1)
        for n, (v, a) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]
    assert best_so_far(rows, ACCURACY) == [0.1, 0.2, 0.2, 0.2, 0.2, 0.15]
    assert best_so_far(rows, Metric("val_loss", "min")) == [-2.0, -1.0, -1.0, -1.0, -1.0, -0.5]
    assert math.isnan(best_so_far([epoch(1, math.inf)], ACCURACY)[0])


def test_numbers_are_written_in_the_metrics_unit_and_direction() -> None:
    assert (ACCURACY.text(0.7648), ACCURACY.with_unit(0.019)) == ("76.48 %", "+1.90 percentage points")
    assert ACCURACY.interval(-0.001, 0.02) == ("-0.10", "+2.00")
    assert (RMSE.text(-2.5), RMSE.with_unit(0.2), RMSE.with_unit(0.2, signed=False)) == (
        "2.500 mpg", "-0.200 mpg", "0.200 mpg")  # fmt: skip
    assert RMSE.interval(-0.1, 0.3) == ("-0.300", "+0.100")  # gains of -0.1 to 0.3 are differences of 0.1 to -0.3
    error = Metric("val_error", "min", "%", 0.005)
    assert (error.text(-0.25), error.difference(0.01), error.difference(0.01, signed=False)) == (
        "25.00 %", "-1.00", "1.00")  # fmt: skip
    plain = Metric("val_loss", "min")
    assert (plain.text(-1.23456), plain.with_unit(0.0123456), plain.difference(0)) == ("1.235", "-0.0123", "0")
    assert (ACCURACY.amount(0.01), ACCURACY.amount(0.01, short=True)) == ("one percentage point", "one point")
    assert (ACCURACY.amount(0.012), RMSE.amount(0.1)) == ("1.20 percentage points", "0.100 mpg")
    assert (RMSE.text(-1e90), RMSE.with_unit(-2e90)) == ("1.000e+90 mpg", "+2.00e+90 mpg")  # not in ninety digits
    assert (ACCURACY.largest, error.largest, RMSE.largest) == (1, 1, math.inf)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"goal": "maximise"}, "valid: max, min"),
        ({"margin": 0}, "not a number above 0"),
        ({"margin": 1e101}, r"at most 1e\+100"),
        ({"unit": "%", "margin": 0.5 + 0.5}, "half a percentage point is 0.005"),
        ({"select": "val_loss"}, "not 'last'"),
        ({"test": "val_x"}, "the same value"),
        ({"test": "no name"}, "not a name"),
    ],
)
def test_what_is_no_metric_is_refused(options: dict, why: str) -> None:
    with pytest.raises(UserError, match=why):
        Metric(**{"name": "val_x", **options})
