"""Records made by hand: scores without any training."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.config import config_hash, run_id
from results.meta import DatasetInfo, StudyMeta
from results.record import DatasetTag, HistoryRow, Record, pack_bits

DATASET = DatasetTag(name="made-up", fingerprint="f00d")
BASE: dict[str, Any] = {"rate": 0.1, "width": 8, "depth": 2, "epochs": 3}
SWEEP_SEED = 504


def meta(**extra: Any) -> StudyMeta:
    info = DatasetInfo(name="made-up", fingerprint="f00d", class_names=["a", "b"], train_images=900, test_images=1000)
    return StudyMeta(name="s", trainable="toy", dataset=info, baseline=BASE, device="cpu", precision="fp32", **extra)


def run(seed: int, test: float | None = 0.75, val: float | None = 0.75, kind: str = "confirm", status: str = "complete",
        trial: int | None = None, correct: np.ndarray | None = None, **changed: Any) -> Record:  # fmt: skip
    config = BASE | changed
    whole = status == "complete"
    if correct is not None:
        test = float(correct.mean())
    numbers = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "val_accuracy": val, "seconds": 2.0}
    return Record(
        run_id=run_id(config, seed),
        kind=kind,
        config=config,
        config_hash=config_hash(config),
        seed=seed,
        dataset=DATASET,
        status=status,
        history=[HistoryRow(epoch=e, **numbers) for e in (1, 2, 3)],
        val_loss=1.0,
        val_accuracy=val if whole else None,
        test_accuracy=test if whole else None,
        test_images=(len(correct) if correct is not None else 1000) if whole else None,
        test_correct=pack_bits(correct) if correct is not None else None,
        seconds=6.0,
        parameters=100,
        trial=trial,
    )


def hash_of(**changed: Any) -> str:
    return config_hash(BASE | changed)


def scored(val_accuracy: float = 0.5, images: int = 2) -> dict[str, Any]:
    """Return what a complete record over two classes must have to be read again: one test image of all is wrong."""
    numbers = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "val_accuracy": val_accuracy, "seconds": 2.0}
    return {
        "history": [HistoryRow(epoch=1, **numbers)],
        "best_epoch": 1,
        "val_loss": 1.0,
        "val_accuracy": val_accuracy,
        "test_loss": 1.0,
        "test_accuracy": 1 - 1 / images,
        "test_images": images,
        "test_correct": pack_bits(np.arange(images) > 0),
        "test_confusion": [[0, 1], [0, images - 1]],
    }


def record(seed: int = 1, **fields) -> Record:
    config = {"a": 1}
    about = {"run_id": run_id(config, seed), "config": config, "config_hash": config_hash(config)}
    about["dataset"] = DatasetTag(name="d", fingerprint="f")
    whole = scored() if fields.get("status", "complete") == "complete" else {}
    return Record(**{"kind": "sweep", "seed": seed, "status": "complete", **about, **whole, **fields})
