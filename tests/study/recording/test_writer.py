"""What a killed writer left is removed by the next one; what anything might still name stays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from results.outcome import Epoch, Outcome, Predictions
from study.engine.messages import Held
from study.jobs import Job
from study.recording.records import Context, Trace, ended
from study.recording.writer import Writer

ANSWERS = Predictions((np.eye(3)[np.zeros(300, int)] * 0.4 + 0.2).astype(np.float32), np.zeros(300, int))
EPOCH = Epoch(1, {"val_loss": 1.0, "val_accuracy": 1.0}, 1.0, np.diag([300, 0, 0]))


def written(study: Any, *seeds: int) -> list[str]:
    """Runs that have ended, with predictions and a record each."""
    writer, found = Writer(study, 3, [], lambda text: None), []
    for seed in seeds:
        outcome = Outcome("complete", [EPOCH], 1, {"test_accuracy": 1.0}, ANSWERS, ANSWERS, ANSWERS.correct)
        outcome.weights = {"w": np.ones(2)}
        job = Job("baseline", study.meta.baseline, seed)
        record = ended(study, job, outcome, Trace([], [], None, None), Context())
        writer.end(record, outcome, Held(outcome.weights))
        found.append(record.run_id)
    writer.close()
    return found


def files(study: Any, folder: str) -> set[str]:
    return {path.name for path in (study.path / folder).iterdir()}


@pytest.mark.parametrize("status", ["no record", "pruned"])
def test_what_a_kill_left_before_its_record_goes_with_the_next_writer(make_study: Any, status: str) -> None:
    study, _ = make_study()
    good, lost = written(study, 1, 2)
    (study.path / "predictions" / "mine.npz").write_bytes(b"somebody's own")
    lines = study.records_path.read_text().splitlines(keepends=True)
    if status == "no record":
        study.records_path.write_text(lines[0])
    else:  # killed after its predictions, it came back and was stopped
        record = json.loads(lines[1])
        pruned = {**record, "status": "pruned", "test": {}, "test_confusion": None, "test_examples": None}
        study.records_path.write_text(lines[0] + json.dumps(pruned) + "\n")
    Writer(study, 3, [], lambda text: None).close()
    assert files(study, "predictions") == {f"{good}.npz", "mine.npz"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("damage", ['"seed":2', '"run_id"'])
def test_a_record_that_is_ignored_keeps_its_files(make_study: Any, damage: str) -> None:
    study, _ = make_study()
    runs = written(study, 1, 2)
    text = study.records_path.read_text()
    study.records_path.write_text(text.replace(damage, damage[:-1], 1))
    Writer(study, 3, [], lambda text: None).close()
    assert files(study, "predictions") == {f"{run}.npz" for run in runs}


@pytest.mark.filterwarnings("ignore")
def test_once_recorded_again_a_run_keeps_its_weights_only_if_they_rank(make_study: Any) -> None:
    study, _ = make_study()
    (torn,) = written(study, 1)
    text = study.records_path.read_text()
    study.records_path.write_text(text[: len(text) // 2])
    (second, again) = written(study, 2, 1)  # the baseline's weights are those of its first whole record
    assert again == torn and files(study, "weights") == {f"{second}.safetensors"}
