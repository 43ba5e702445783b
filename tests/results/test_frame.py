"""The table of a study: right values, and the same columns and dtypes for any study."""

from __future__ import annotations

import pandas as pd
import pytest

from results.config import config_hash, run_id
from results.frame import COLUMNS, frame
from results.meta import DatasetInfo, StudyMeta, StudyMetric
from results.metric import Metric
from results.record import DatasetTag, HistoryRow, MetricTag, Record
from results.schema1 import ACCURACY

BASELINE = {"rate": 0.1, "epochs": 2, "norm": "channel", "shuffle": True}


def meta(metric: Metric = ACCURACY, **baseline: object) -> StudyMeta:
    data = DatasetInfo(name="toy", fingerprint="0", class_names=["a", "b"], train_examples=4, test_examples=2)
    about = {"name": "t", "trainable": "toy", "metric": StudyMetric.of(metric), "device": "cpu", "precision": "fp32"}
    return StudyMeta(dataset=data, baseline=baseline or BASELINE, **about)


def record(config: dict, seed: int = 0, **fields: object) -> Record:
    fields = {"kind": "sweep", "status": "complete", "metric": MetricTag(**ACCURACY.tag)} | fields
    tag = DatasetTag(name="toy", fingerprint="0")
    return Record(
        run_id=run_id(config, seed), config=config, config_hash=config_hash(config), seed=seed, dataset=tag, **fields
    )


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in table.dtypes.items()}


def test_a_row_holds_what_its_record_says() -> None:
    rows = [HistoryRow(epoch=i, values={"val_loss": 1, "val_accuracy": 0}, seconds=1) for i in (1, 2)]
    complete = record(
        BASELINE | {"rate": 0.2}, 7, trial=3, history=rows, best_epoch=2, val={"val_loss": 0.5, "val_accuracy": 0.75},
        test={"test_loss": 0.6, "test_accuracy": 0.5}, parameters=12, seconds=2.5, startup_seconds=0.1, device="cpu",
        precision="fp32", environment={"threads": 2}, started="2026-01-02T03:04:05+00:00",
    )  # fmt: skip
    table = frame([complete], meta())
    row = table.iloc[0].to_dict()
    assert row["run_id"] == complete.run_id
    assert (row["seed"], row["trial"], row["epochs_run"], row["best_epoch"], row["threads"]) == (7, 3, 2, 2, 2)
    assert (row["val_loss"], row["val_accuracy"], row["test_loss"], row["test_accuracy"]) == (0.5, 0.75, 0.6, 0.5)
    assert (row["parameters"], row["seconds"], row["startup_seconds"]) == (12, 2.5, 0.1)
    assert (row["device"], row["precision"], row["started"]) == ("cpu", "fp32", "2026-01-02T03:04:05+00:00")
    assert {k: row[f"config.{k}"] for k in BASELINE} == BASELINE | {"rate": 0.2}
    assert (row["metric"], row["goal"]) == ("val_accuracy", "max")
    values = ["val_loss", "val_accuracy", "test_accuracy", "test_loss"]
    assert list(table.columns) == [*COLUMNS, *values, *(f"config.{name}" for name in BASELINE)]


def test_values_are_raw_and_their_columns_tell_the_split_where_names_do_not() -> None:
    metric = Metric("seed", "min", "mpg", test="rmse")
    values = {"seed": 2.5, "loss": 1.0, "config.rate": 3.0, "val.seed": 4.0}
    run = record(BASELINE, val=values, test={"rmse": 2.25, "loss": 0.5}, metric=MetricTag(**metric.tag))
    row = frame([run], meta(metric)).iloc[0].to_dict()
    assert run.score == -2.5 and (row["seed"], row["val.seed"], row["rmse"]) == (0, 2.5, 2.25)
    assert (row["val.loss"], row["test.loss"], row["goal"]) == (1.0, 0.5, "min")
    assert (row["config.rate"], row["val.config.rate"], row["val.val.seed"]) == (0.1, 3.0, 4.0)


def test_a_run_without_a_score_has_none_and_not_zero() -> None:
    failed = record(BASELINE, status="failed", error="out of memory")
    table = frame([failed], meta())
    scores = ["trial", "best_epoch", "val_loss", "val_accuracy", "test_accuracy", "parameters", "threads"]
    assert table[scores].isna().all(axis=None)
    assert table.loc[0, "error"] == "out of memory"


def test_dtypes_are_the_same_for_no_records_some_and_all_failed() -> None:
    none = frame([], meta())
    some = frame([record(BASELINE, 1), record(BASELINE | {"epochs": 5}, 1, status="pruned")], meta())
    failed = frame([record(BASELINE, status="failed")], meta())
    assert len(none) == 0
    assert dtypes(none) == dtypes(some) == dtypes(failed)
    assert {k: v for k, v in dtypes(none).items() if k in COLUMNS} == COLUMNS
    assert [str(none[f"config.{k}"].dtype) for k in BASELINE] == ["float64", "Int64", "str", "boolean"]


def test_the_baseline_is_known_by_its_config_whatever_asked_for_the_run() -> None:
    swept = record(BASELINE, kind="sweep")
    called_so = record(BASELINE | {"rate": 1}, kind="baseline")
    assert frame([swept, called_so], meta())["is_baseline"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((1, 2.5), "float64"),
        ((1, "auto"), "object"),
        (([1], [2]), "object"),
        ((None, 3), "Int64"),
        ((None, None), "object"),
    ],
)
def test_mixed_config_values_keep_their_meaning(values: tuple, dtype: str) -> None:
    table = frame([record({"x": v}, i) for i, v in enumerate(values)], meta(y=1))
    assert str(table["config.x"].dtype) == dtype
    assert table["config.y"].isna().all()
    for got, want in zip(table["config.x"], values, strict=True):
        assert got == want or (want is None and pd.isna(got))
