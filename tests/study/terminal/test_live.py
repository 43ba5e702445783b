"""What the screen says of trainings under way and ended, from numbers counted by hand, whatever the metric."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from results.metric import Metric
from results.outcome import Epoch
from results.schema1 import ACCURACY
from study.jobs import Job
from study.terminal.console import lines_of
from study.terminal.live import LiveView, Progress, Running, describe, sentence
from study.terminal.runs import runs_table
from tests.study.report.declared import FOREST, LOSS, REGRESSION, RMSE, Kind, Made

VALUES = {"train_loss": 0.51234, "train_accuracy": 0.7512, "val_loss": 0.61234, "val_accuracy": 0.74}


def row(epoch: int, values: dict[str, float] | None = None) -> Epoch:
    return Epoch(epoch, values or VALUES, 1.0)


def running(*epochs: int, of: int | None = 25) -> list[Running]:
    return [Running(f"job {i}", of, row(epoch) if epoch else None) for i, epoch in enumerate(epochs)]


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        (running(0, 0), ""),
        (running(3, 3), ", at epoch 3 of 25"),
        (running(5, 3, 4), ", at epoch 3 to 5 of 25"),
        (running(0, 2, of=None), ", at epoch 0 to 2"),
        (running(0, 1, of=None), ""),  # one measurement of nobody knows how many: it may have no epochs
        (running(1) + running(2, of=10), ", at epoch 1 to 2"),
        ([], ""),
    ],
)
def test_a_plain_line_says_where_the_running_jobs_are(jobs: list[Running], said: str) -> None:
    assert Progress(4, running=jobs).where == said


@pytest.mark.parametrize(
    ("metric", "values", "said"),
    [
        (ACCURACY, VALUES, "train loss 0.5123 accuracy 75.1 % | validation loss 0.6123 accuracy 74.0 %"),
        (RMSE, {"val_rmse": 3.1234, "train_rmse": 2.5}, "train RMSE 2.500 mpg | validation RMSE 3.123 mpg"),
        (Metric("val_loss", "min"), {"val_loss": 1.2345}, "validation loss 1.234"),
        (Metric("score"), {"score": 0.5, "seen": 3.0}, "validation score 0.5000"),
        (Metric("val_auc"), {"train_loss": 2.0, "val_auc": 0.75}, "train loss 2.0000 | validation AUC 0.7500"),
    ],
)
def test_an_epoch_in_a_line(metric: Metric, values: dict[str, float], said: str) -> None:
    assert sentence(row(1, values), metric) == said


def shown(metric: Metric, *epochs: Epoch, of: int | None) -> str:
    stream = io.StringIO()
    view = LiveView(stream, "mine", metric)
    config = {} if of is None else {"epochs": of}
    for epoch in epochs:
        view.epoch_ended(Job("baseline", config, 1), epoch)
    return stream.getvalue()


def test_a_training_without_epochs_is_not_said_to_have_any() -> None:
    assert shown(RMSE, row(1, {"val_rmse": 3.0}), of=None) == "validation RMSE 3.000 mpg | 1.0 s\n"
    assert shown(RMSE, row(1, {"val_rmse": 3.0}), of=2).startswith("epoch 1/2 | validation RMSE")
    assert shown(RMSE, row(2, {"val_rmse": 3.0}), of=None).startswith("epoch 2/? | validation RMSE")


@pytest.mark.parametrize(
    ("kind", "ended"),
    [
        (REGRESSION, "{:.3f} mpg validation (6 epochs, 4.8 s)"),
        (LOSS, "{:.4g} validation (6 epochs, 4.8 s)"),
        (FOREST, "{:.2f} °C validation (2.4 s)"),
    ],
)
def test_an_ended_job_is_told_by_its_metrics_value(kind: Kind, ended: str) -> None:
    record = Made(kind).run(kind.config(), kind="baseline")
    value = record.val[kind.metric.name]
    assert describe(record, kind.metric) == f"baseline {record.run_id[:6]} seed 1: {ended.format(value)}"


def test_the_table_of_runs_has_columns_for_what_there_is() -> None:
    def heads(kind: Kind) -> list[str]:
        return [str(c.header) for c in runs_table([Made(kind).run(kind.config())], kind.metric).columns]

    assert heads(REGRESSION) == ["run", "seed", "epoch", "validation", "test", "time"]
    assert heads(LOSS) == ["run", "seed", "epoch", "validation", "time"]
    assert heads(FOREST) == ["run", "seed", "validation", "test", "time"]


def test_the_live_view_breaks_no_word_at_eighty_columns() -> None:
    names = [f"trial {i} (0123ab)" for i in (1, 22)] + ["confirm 0123ab seed 2147483647"]
    at = [Running(name, 25, row(12)) for name in names]
    view = LiveView(io.StringIO(), "sweep of a-study-with-a-name", ACCURACY)
    ended = Counter({"complete": 20, "pruned": 100, "failed": 3, "diverged": 2})
    shown = lines_of(view._table(Progress(1000, ended, at, 36000.0, 7200.0, "best so far: trial 18, " * 4)), 80)
    assert all(len(line) <= 80 for line in shown) and len(shown) == 8
    assert [line for line in shown if "seed 2147483647" in line and "epoch 12/25" in line and "validation" in line]
    assert "125/1000 done, 3 running, 100 pruned, 3 failed, 2 diverged" in shown
