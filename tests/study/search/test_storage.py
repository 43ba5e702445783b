"""optuna.db says what the records say, whoever wrote it before and whenever its writer dies."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest

from results.outcome import Outcome
from results.record import Record
from results.store import Study
from search_spaces import choice, log_float
from study.jobs import Job
from study.search import storage
from study.search.sampler import as_trial
from study.search.storage import Database
from tests.support.processes import bytes_read
from tests.support.studies import make_toy_study
from tests.support.sweep_records import record_of, space_of
from tests.support.sweep_toy import SEED

PARTS = ("number", "state", "values", "params", "distributions", "intermediate_values", "user_attrs", "system_attrs")
NOTHING = Outcome("stopped", [])


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_toy_study(tmp_path / "toy", epochs=9)[0]


@pytest.fixture
def made(toy: Any, study: Study) -> Callable[..., Database]:
    """Return a function that gives a database of the study as a new start would."""
    return lambda space=None: Database(study, space or space_of(toy, study.meta.baseline), SEED)


def records(study: Study, count: int, first: int = 0) -> list[Record]:
    """Runs of a sweep, of every status."""
    found = []
    for number, status in zip(range(count), itertools.cycle(("complete", "pruned", "failed", "diverged"))):
        config = study.meta.baseline | {"learning_rate": 0.001 + (first + number) / 100_000, "noise": 0.3, "epochs": 12}
        epochs = 12 if status == "complete" else 1 + number % 5
        found.append(record_of(Job("sweep", config, SEED, first + number), status, 0.5, epochs))
    return found


def content(path: Path) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name="toy", storage=f"sqlite:///{path}").trials


def counted(path: Path) -> list[int]:
    """How many parameters each trial has; Optuna itself takes milliseconds a trial."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = "SELECT count(param_name) FROM trials LEFT JOIN trial_params USING (trial_id) GROUP BY trial_id"
        return [count for (count,) in connection.execute(found)]


def check(study: Study, wanted: Iterable[Record], toy: Any, space: Any = None) -> None:
    """Compare with what Optuna itself makes of the same trials."""
    expected = study.path.parent / "expected.db"
    expected.unlink(missing_ok=True)
    by_optuna = optuna.create_study(study_name="toy", storage=f"sqlite:///{expected}", direction="maximize")
    by_optuna.add_trials([as_trial(space or space_of(toy, study.meta.baseline), r) for r in wanted])
    ours, theirs = content(study.path / "optuna.db"), content(expected)
    for part in PARTS:
        assert [getattr(t, part) for t in ours] == [getattr(t, part) for t in theirs], part
    copy = optuna.load_study(study_name="toy", storage=f"sqlite:///{study.path / 'optuna.db'}")
    assert copy.direction == by_optuna.direction
    if any(r.status == "complete" for r in wanted):
        assert copy.best_trial.number == by_optuna.best_trial.number


def test_it_holds_what_optuna_would_write(study: Study, toy: Any, made: Callable[..., Database]) -> None:
    baseline = study.meta.baseline
    own = record_of(Job("baseline", baseline, SEED), accuracy=0.7)
    mine = [own, *records(study, 9)]
    others = [
        record_of(Job("baseline", baseline, SEED + 1)),
        record_of(Job("confirm", baseline | {"noise": 1.0}, SEED)),
        record_of(Job("sweep", baseline | {"batch_size": 7}, SEED, 40)),  # the space does not hold it
    ]
    for record in [*others, *mine]:
        study.append(record)
    before = datetime.now().replace(microsecond=0)
    made().sync()
    check(study, mine, toy)
    for trial in content(study.path / "optuna.db"):
        assert trial.datetime_start is not None and trial.datetime_complete is not None
        assert before <= trial.datetime_start <= trial.datetime_complete <= datetime.now()


def test_what_is_missing_is_added_to_what_is_there(study: Study, toy: Any, made: Callable[..., Database]) -> None:
    told = records(study, 6)
    study.append(told[0])
    database = made()
    database.after(told[1], NOTHING)
    database.sync()
    optuna.load_study(study_name="toy", storage=f"sqlite:///{database.path}").set_user_attr("mine", "stays")
    for record in told[2:4]:
        database.after(record, NOTHING)
    database.sync()
    check(study, told[:4], toy)
    for record in told[1:]:
        study.append(record)
    again = made()
    again.sync()
    again.sync()
    check(study, told, toy)
    assert optuna.load_study(study_name="toy", storage=f"sqlite:///{again.path}").user_attrs == {"mine": "stays"}


def spoil(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    elif how == "garbage":
        path.write_bytes(b"no database")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "another trial":
        optuna.load_study(study_name="toy", storage=f"sqlite:///{path}").ask()
    elif how == "no study":
        optuna.delete_study(study_name="toy", storage=f"sqlite:///{path}")


@pytest.mark.parametrize("how", ["gone", "garbage", "cut", "empty", "another trial", "no study"])
@pytest.mark.parametrize("when", ["before", "while it runs"])
def test_what_somebody_changed_is_made_anew(
    study: Study, toy: Any, made: Callable[..., Database], how: str, when: str
) -> None:
    told = records(study, 5)
    for record in told[:3]:
        study.append(record)
    database = made()
    database.sync()
    spoil(database.path, how)
    if when == "before":
        database = made()
    for record in told[3:]:
        database.after(record, NOTHING)
    database.sync()
    check(study, told, toy)


def test_a_space_that_was_widened_makes_it_anew(study: Study, toy: Any, made: Callable[..., Database]) -> None:
    told = records(study, 4)
    for record in told:
        study.append(record)
    made().sync()
    wider = {"learning_rate": log_float(1e-6, 1.0), "noise": choice(0.0, 0.3, 0.5), "epochs": choice(3, 9, 12)}
    space = space_of(toy, study.meta.baseline, wider)
    made(space).sync()
    check(study, told, toy, space)


def test_a_killed_writers_journal_is_not_rolled_back_into_the_new_file(
    study: Study, toy: Any, made: Callable[..., Database]
) -> None:
    told = records(study, 12)
    for record in told[:6]:
        study.append(record)
    database = made()
    database.sync()
    connection = sqlite3.connect(database.path)
    connection.execute("PRAGMA cache_size = 1")  # so that it writes, and keeps what was there in a journal
    connection.execute("UPDATE trial_user_attributes SET value_json = '\"" + "x" * 3000 + "\"'")
    journal = database.path.with_name("optuna.db-journal")
    assert journal.stat().st_size > 5_000
    kept = shutil.copy(journal, study.path.parent / "journal")
    connection.close()
    shutil.copy(kept, journal)
    for record in told[6:]:
        study.append(record)
    database.path.unlink()  # as docs/sweep.md says
    made().sync()
    check(study, told, toy)


@pytest.mark.long
def test_a_writer_killed_at_any_moment_leaves_all_of_a_sync_or_none(
    study: Study, toy: Any, made: Callable[..., Database]
) -> None:
    told, batch = records(study, 100), 5
    database, seen = made(), set()

    def write() -> None:
        for at in range(0, len(told), batch):
            for record in told[at : at + batch]:
                database.after(record, NOTHING)
            database.sync()

    for _ in range(8):
        database.path.unlink(missing_ok=True)
        writer = multiprocessing.get_context("fork").Process(target=write)
        writer.start()
        while writer.is_alive() and not database.path.exists():
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.15))
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        if database.path.exists():
            trials = counted(database.path)
            assert len(trials) % batch == 0 and set(trials) <= {3}  # parameters
            seen.add(len(trials))
    assert len(seen) > 1, seen
    for record in told:
        study.append(record)
    made().sync()
    check(study, told, toy)


def test_after_asks_for_a_sync_now_and_then(
    study: Study, made: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(storage, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    told = iter(records(study, 10))
    database = made()
    first = database.after(next(told), NOTHING)
    assert first is not None
    clock[0] += 60
    assert database.after(next(told), NOTHING) is None  # one waits
    first()
    assert database.after(next(told), NOTHING) is None  # one was just made
    clock[0] += storage.SYNC_SECONDS
    second = database.after(next(told), NOTHING)
    assert second is not None
    second()
    assert len(content(database.path)) == 4


def test_adding_reads_neither_all_trials_nor_all_records(study: Study, made: Callable[..., Database]) -> None:
    told = records(study, 1500)
    study.records_path.write_text("".join(r.line() + "\n" for r in told))
    database = made()
    database.sync()
    size = database.path.stat().st_size + study.records_path.stat().st_size
    new = dataclasses.replace(Job("sweep", told[-1].config, SEED, 1500), config=told[-1].config | {"noise": 1.0})
    database.after(record_of(new), NOTHING)
    before = bytes_read()
    database.sync()
    assert bytes_read() - before < size / 10
