"""Over a thousand odd trainables through the door of results, in this process: one record each, and it is consistent.

``tests/support/odd_trainables.py`` is the table. Seeds are fixed; how the cases ended is printed at the end.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from results.meta import StudyMeta, StudyMetric
from results.outcome import Runtime
from results.record import Record
from results.store import Study
from study.engine import FixedJobs, Job, Model, Options, run_jobs
from study.engine.launch import EXECUTORS
from study.recording.data import describe_data
from tests.support.in_process import in_process
from tests.support.odd_trainables import METRIC, Config, Parts, cases, data, trainable

CASES = cases()
SAMPLE = ["nothing odd", "epoch.val_loss=None", *random.Random(11).sample(sorted(CASES), 20)]
BOUND = 60  # seconds a case may take: milliseconds are usual


def consistent(study: Study, record: Record) -> None:
    """Two ways to say the same thing agree, in a record that says complete."""
    correct, predicted = record.per_example(), study.predictions(record.run_id, "test")
    assert correct is not None and predicted is not None and record.test_confusion is not None
    assert record.test_score == correct.mean() == predicted.accuracy
    assert record.test_examples.n == len(correct) == np.sum(record.test_confusion) == study.meta.dataset.test_examples
    assert [h.epoch for h in record.history] == list(range(1, len(record.history) + 1))
    best = record.history[record.best_epoch - 1]
    assert best.values == record.val
    if str(record.best_epoch) in record.val_confusion:
        matrix = np.array(record.val_confusion[str(record.best_epoch)])
        assert np.trace(matrix) / matrix.sum() == record.score
    assert record.parameters is None or 0 <= record.parameters <= 2**53
    weights = study.weights_path(record.run_id)
    assert not weights.exists() or study.load_state(weights)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS, "here", in_process)


def one(name: str, folder: Path, counts: Counter[str], capfd: pytest.CaptureFixture[str]) -> None:
    parts = Parts()
    CASES[name](parts)
    images = data()
    meta = StudyMeta(
        name="odd",
        trainable="odd",
        dataset=describe_data("odd", images, "odd", None),
        metric=StudyMetric.of(METRIC),
        baseline=Config().model_dump(),
        device="cpu",
        precision="fp32",
    )
    study = Study.create(folder / "study", meta)
    odd = trainable(parts)
    sys.modules["odd"] = odd.module  # where a worker finds it by name
    outside = folder / "outside"
    outside.mkdir()
    before = os.getcwd(), sys.getrecursionlimit(), np.geterr()
    os.chdir(outside)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115 - to be closed
    started = time.monotonic()
    try:
        with study.lock():
            run_jobs(
                study,
                Model(odd, "odd", images, Runtime()),
                FixedJobs([Job("baseline", study.meta.baseline, 1)]),
                options=Options(engine="here"),
            )
        assert time.monotonic() - started < BOUND / 2  # what pytest-timeout raises would count as the trainable's doing
        print("still heard", flush=True)
        print("still heard", file=sys.stderr, flush=True)
        assert (os.getcwd(), sys.getrecursionlimit(), np.geterr()) == (str(outside), *before[1:])
    finally:
        del sys.modules["odd"]
        sys.stdout, sys.stderr = streams
        os.chdir(before[0])
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err and "still heard" in out and "still heard" in err
    assert len(err) < 20_000
    assert list(outside.iterdir()) == [] and {p.name for p in folder.iterdir()} == {"study", "outside"}
    reading = Study.open(study.path).read()
    assert reading.ignored == []  # the door of results lets nothing pass that the door of files refuses
    (record,) = reading.records
    counts[f"odd trainables: {record.status}"] += 1
    assert (record.status == "complete") == (record.test_score is not None)
    if record.status == "complete":
        consistent(study, record)
    else:
        assert record.status == "pruned" or (record.error and "\n" not in record.error)
        assert record.status != "failed" or not record.val
    assert not list((study.path / "checkpoints").glob("*"))


@pytest.mark.timeout(BOUND)
@pytest.mark.parametrize("name", SAMPLE)
def test_some(name: str, tmp_path: Path, counts: Counter[str], capfd: pytest.CaptureFixture[str]) -> None:
    one(name, tmp_path, counts, capfd)


@pytest.mark.long
@pytest.mark.timeout(BOUND)
@pytest.mark.parametrize("name", CASES)
def test_all(name: str, tmp_path: Path, counts: Counter[str], capfd: pytest.CaptureFixture[str]) -> None:
    one(name, tmp_path, counts, capfd)
