"""What must hold of a study of the toy at the end of its commands, whatever happened on the way."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna

from results.errors import IgnoredRecord
from results.outcome import Runtime
from results.record import Record
from results.store import Study
from search_spaces import load_space
from study.jobs import Model
from study.protocol import load_trainable
from study.search.sampler import STATES
from study.training.loop import train
from tests.support import TOY, toy

KEPT = 3  # configs whose weights are kept beside the baseline's, where a sweep does not say


def check_whole(path: Path, space: dict[str, Any], torn: Sequence[str] = ()) -> list[Record]:
    """Return the records. Raise AssertionError where something is lost, there twice, half there, or left over.

    ``torn``: runs whose record's line was cut; their files are kept, unless they were run and recorded again.
    """
    study = Study.open(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredRecord)
        reading = study.read()
    records = reading.records
    recorded = {r.run_id for r in records}
    complete = [r for r in records if r.status == "complete"]
    kept = set(torn) - recorded
    assert len(reading.ignored) == len(set(torn)), [str(line) for line in reading.ignored]
    assert len(recorded) == len(records)
    assert len({(r.config_hash, r.seed) for r in complete}) == len(complete), "a complete run was trained again"
    for record in records:
        _check_record(study, record)
    trials = [r.trial for r in records if r.kind == "sweep"]
    assert sorted(trials) == list(range(len(trials)))
    assert names(path, "predictions") - kept == {r.run_id for r in complete}
    assert names(path, "weights") - kept == _ranking(study, complete)
    assert not names(path, "checkpoints"), "checkpoints of runs that have ended"
    assert not list(path.rglob("*.tmp"))
    if study.meta.sweep is not None:
        check_database(study, space)
    return records


def names(path: Path, folder: str) -> set[str]:
    return {p.stem for p in (path / folder).glob("*")}


def _check_record(study: Study, record: Record) -> None:
    assert record.status in ("complete", "pruned"), (record.run_id, record.status, record.error)
    assert [row.epoch for row in record.history] == list(range(1, len(record.history) + 1)), record.run_id
    if record.status == "complete":
        assert len(record.history) == record.config["epochs"]
        assert study.predictions(record.run_id, "test") is not None
        assert record.test_score is not None
    else:
        assert len(record.history) < record.config["epochs"] and record.test_score is None
        assert str(len(record.history)) in record.val_confusion


def _ranking(study: Study, complete: Sequence[Record]) -> set[str]:
    """The first run of each of the best configs, and the baseline's first."""
    first: dict[str, Record] = {}
    for record in complete:
        first.setdefault(record.config_hash, record)
    baseline = first.pop(study.meta.baseline_hash, None)
    best = sorted(first.values(), key=lambda r: (-(r.score or 0), r.config_hash))[:KEPT]
    return {r.run_id for r in best} | ({baseline.run_id} if baseline else set())


def check_database(study: Study, space: dict[str, Any]) -> None:
    """optuna.db says what the records of the sweep say, and of baselines of its seed."""
    records = study.records()
    seed = next(r.seed for r in records if r.kind == "sweep")
    found = load_space("toy", toy.Config, study.meta.baseline, {}, {"toy": space})
    wanted = [r for r in records if r.kind == "sweep" or (r.kind == "baseline" and r.seed == seed)]
    wanted = [r for r in wanted if found.params_for(r.config) is not None]  # a baseline may lie outside
    copy = optuna.load_study(study_name=study.meta.name, storage=f"sqlite:///{study.path / 'optuna.db'}")
    assert [t.user_attrs["run_id"] for t in copy.trials] == [r.run_id for r in wanted]
    for record, trial in zip(wanted, copy.trials, strict=True):
        assert trial.state == STATES[record.status]
        assert found.config(found.suggest(optuna.trial.FixedTrial(trial.params))) == record.config
        assert list(trial.intermediate_values) == [row.epoch for row in record.history]
        if record.status == "complete":
            assert trial.value == record.score


def check_same_as_uninterrupted(path: Path) -> int:
    """A training that was interrupted and went on ends where one that was not would. Return how many there were."""
    toy = load_trainable(TOY)
    data = toy.hooks["load_data"]("600", Path("."))
    data.train_points.flags.writeable = False  # as in a worker
    model = Model(toy, TOY, data, Runtime())
    resumed = [r for r in Study.open(path).records() if r.resumed_at]
    for record in resumed:
        config = record.config | {"pause": 0.0, "epochs": len(record.history)}
        whole = train(model, config, record.seed, lambda epoch, state, last: False)
        seen = [(row.epoch, row.values) for row in record.history]
        assert seen == [(row.epoch, row.values) for row in whole.history], record.run_id
        if record.status == "complete":
            assert record.test == whole.test_values, record.run_id
    return len(resumed)
