"""A checkpoint whose note could not become a record is no checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.outcome import Epoch
from study.jobs import Job
from study.recording import checkpoints

FORGED: list[dict[str, Any]] = [
    {"seconds": np.inf},
    {"epoch": 1.5},
    {"epoch": 5},
    {"epoch": -3},
    {"values": {"val_loss": 10**400, "val_accuracy": 1.0}},
    {"values": {"val_loss": 1.0, "val_accuracy": 7.0}},
    {"values": {"val_loss": 1.0, "val_accuracy": 1.0, "no name": 1.0}},
    {"values": [1.0]},
    {"values": {"val_loss": "1", "val_accuracy": 1.0}},
]


@pytest.mark.parametrize("forged", [{}, *FORGED, {"val_confusion": np.arange(5)}], ids=lambda f: str(f)[:40])
def test_a_forged_note_is_no_checkpoint(make_study: Any, forged: dict[str, Any]) -> None:
    study, _ = make_study()
    classes = len(study.meta.dataset.class_names)
    honest = {"epoch": 1, "values": {"val_loss": 1.0, "val_accuracy": 1.0}, "seconds": 1.0}
    honest |= {"val_confusion": np.eye(classes, dtype=int)}
    job = Job("baseline", study.meta.baseline, 1)
    checkpoints.save(study, checkpoints.Interrupted(job, [Epoch(**honest | forged)]), {"w": np.zeros(1)})
    assert (checkpoints.load(study, job.run_id) is None) == bool(forged)


def test_one_of_before_the_config_got_a_field_is_none(make_study: Any) -> None:
    """Its state is of another model."""
    study, _ = make_study()
    row = Epoch(1, {"val_loss": 1.0, "val_accuracy": 1.0}, 1.0, None)
    job = Job("baseline", {name: v for name, v in study.meta.baseline.items() if name != "noise"}, 1)
    checkpoints.save(study, checkpoints.Interrupted(job, [row]), {"w": np.zeros(1)})
    assert checkpoints.load(study, job.run_id) is not None
    study.meta.introduced["noise"] = 0.0
    assert checkpoints.load(study, job.run_id) is None
