"""Records made by hand: scores without any training."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.config import config_hash, run_id
from results.meta import DatasetInfo, StudyMeta, StudyMetric
from results.metric import Metric
from results.record import DatasetTag, Examples, HistoryRow, MetricTag, Record
from results.schema1 import ACCURACY

DATASET = DatasetTag(name="made-up", fingerprint="f00d")
TAG = MetricTag(**ACCURACY.tag)
BASE: dict[str, Any] = {"rate": 0.1, "width": 8, "depth": 2, "epochs": 3}
SWEEP_SEED = 504


def meta(metric: Metric = ACCURACY, **extra: Any) -> StudyMeta:
    info = DatasetInfo(
        name="made-up",
        fingerprint="f00d",
        class_names=["a", "b"],
        train_examples=900,
        test_examples=1000,
        pictures=True,
    )
    given = {"dataset": info, "baseline": BASE, "prefix": True, **extra}
    return StudyMeta(name="s", trainable="toy", metric=StudyMetric.of(metric), device="cpu", precision="fp32", **given)


def run(seed: int, test: float | None = 0.75, val: float | None = 0.75, kind: str = "confirm", status: str = "complete",
        trial: int | None = None, correct: np.ndarray | None = None, metric: Metric = ACCURACY,
        **changed: Any) -> Record:  # fmt: skip
    """Return a run with these values of the metric, on test and validation. ``correct``: of each test example.

    Without ``correct`` an accuracy is of 1,000 examples, as a test set of bits has it.
    """
    config = BASE | changed
    whole = status == "complete"
    if correct is not None:
        test = float(correct.mean())
    elif metric.is_accuracy and whole and test is not None:
        correct = np.arange(1000) < round(1000 * test)
    rest = {"train_loss": 1.0, "val_loss": 1.0} if metric.select == ACCURACY.select else {}
    values = {**rest, metric.name: val}
    return Record(
        run_id=run_id(config, seed),
        kind=kind,
        config=config,
        config_hash=config_hash(config),
        seed=seed,
        dataset=DATASET,
        metric=MetricTag(**metric.tag),
        status=status,
        history=[HistoryRow(epoch=e, values=values, seconds=2.0) for e in (1, 2, 3)],
        best_epoch=1 if whole and val is not None else None,
        val=values if whole else {},
        test={metric.test: test} if whole and metric.test else {},
        test_examples=Examples.of(correct) if correct is not None and whole else None,
        seconds=6.0,
        parameters=100,
        trial=trial,
    )


def hash_of(**changed: Any) -> str:
    return config_hash(BASE | changed)


def scored(val_accuracy: float = 0.5, images: int = 2) -> dict[str, Any]:
    """Return what a complete record over two classes must have to be read again: one test image of all is wrong."""
    values = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "val_accuracy": val_accuracy}
    return {
        "history": [HistoryRow(epoch=1, values=values, seconds=2.0)],
        "best_epoch": 1,
        "val": values,
        "test": {"test_loss": 1.0, "test_accuracy": 1 - 1 / images},
        "test_examples": Examples.of(np.arange(images) > 0),
        "test_confusion": [[0, 1], [0, images - 1]],
    }


def record(seed: int = 1, **fields) -> Record:
    config = {"a": 1}
    about = {"run_id": run_id(config, seed), "config": config, "config_hash": config_hash(config), "metric": TAG}
    about["dataset"] = DatasetTag(name="d", fingerprint="f")
    whole = scored() if fields.get("status", "complete") == "complete" else {}
    return Record(**{"kind": "sweep", "seed": seed, "status": "complete", **about, **whole, **fields})
