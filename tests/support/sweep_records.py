"""Records of a sweep of the toy, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from results.config import config_hash
from results.record import DatasetTag, Examples, HistoryRow, Record
from search_spaces import Space, load_space
from study.jobs import Job
from tests.support.runs import TAG
from tests.support.sweep_toy import SPACES


def space_of(toy: Any, baseline: dict[str, Any], definition: Any = "toy", fixed: dict[str, Any] | None = None) -> Space:
    spaces = SPACES if isinstance(definition, str) else {"own": definition}
    return load_space(definition if isinstance(definition, str) else "own", toy.Config, baseline, fixed or {}, spaces)


def record_of(job: Job, status: str = "complete", accuracy: float = 0.5, epochs: int | None = None) -> Record:
    """Return what a study can hold of a job that got steadily better."""
    epochs = epochs or job.config["epochs"]
    rows = [
        HistoryRow(
            epoch=e,
            values={"train_loss": 1, "train_accuracy": 0, "val_loss": 1 / e, "val_accuracy": accuracy * e / epochs},
            seconds=1,
        )
        for e in range(1, epochs + 1)
    ]
    scored: dict[str, Any] = {}
    if status in ("complete", "pruned"):
        scored = {"val": rows[-1].values, "best_epoch": epochs}
    if status == "complete":
        scored |= {"test": {"test_accuracy": 200 / 300}, "test_examples": Examples.of(np.arange(300) >= 100)}
        scored |= {"test_confusion": [[0, 100, 0], [0, 100, 0], [0, 0, 100]]}
    return Record(
        run_id=job.run_id,
        kind=job.kind,
        config=job.config,
        config_hash=config_hash(job.config),
        seed=job.seed,
        dataset=DatasetTag(name="toy", fingerprint="0"),
        metric=TAG,
        status=status,
        history=rows,
        trial=job.trial,
        **scored,
    )
