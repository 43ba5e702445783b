"""The driver's decisions without Ray: a fake Tune calls what the hooks call."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.outcome import Epoch, Outcome
from results.record import Record
from study.engine import Context, FixedJobs, Job, Options
from study.engine.driver import Driver
from study.engine.failures import RESTARTS, Death
from study.engine.messages import Message
from study.engine.states import States
from study.engine.surroundings import Surroundings
from study.engine.tune import drive
from study.recording import records
from study.recording.writer import Writer
from study.terminal.log import Log

ROW = Epoch(1, {"val_loss": 1.0, "val_accuracy": 1.0}, 0.1, np.eye(3, dtype=int))
NOTHING: Any = SimpleNamespace(drop=lambda key: None, put=lambda *a: None, take=lambda *a: None)
SILENT: Any = SimpleNamespace(
    update=lambda progress: None,
    job_ended=lambda record, progress: None,
    epoch_ended=lambda job, epoch: None,
    say=lambda text: None,
)


class Outside:
    """A driver, and the study that it writes."""

    def __init__(self, study: Any, source: Any, **options: Any) -> None:
        self.study, self.log = study, Log(study.files)
        self.writer = Writer(study, 3, [], self.log)
        self.killed: list[Any] = []
        surroundings = Surroundings(
            study, Context(), self.writer, States(study, NOTHING, self.log), SILENT, self.log, None, self.killed.append
        )
        setup: Any = None
        self.driver = Driver(source, setup, 2, surroundings, Options(**options), threading.Event())
        self.starts = 0

    def drive(self, once: Callable[[Driver], None]) -> None:
        def counted() -> None:
            self.starts += 1
            assert self.starts < 50, "Tune is started again without end"
            once(self.driver)

        try:
            with contextlib.suppress(Driver.Stop):
                drive(self.driver, counted)
        finally:
            self.writer.close()
        if self.driver.error is not None:
            raise self.driver.error

    def records(self) -> list[Record]:
        return self.study.records()


@pytest.fixture
def outside(make_study) -> Callable[..., Outside]:
    study, _ = make_study(epochs=3)
    jobs = [Job("baseline", study.meta.baseline, seed) for seed in range(4)]
    return lambda source=None, **options: Outside(study, source or FixedJobs(jobs), **options)


def test_a_tune_that_always_gives_up_is_started_three_times_again(outside) -> None:
    one = outside()

    def gives_up(driver: Driver) -> None:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        one.drive(gives_up)
    assert one.starts == 1 + RESTARTS


def test_an_epoch_reached_before_is_no_progress(outside) -> None:
    """Each Tune gets as far as the first epoch of the same job and gives up: heard of, and yet for nothing."""
    one = outside()

    def gives_up(driver: Driver) -> None:
        assert driver.next("x") is not None
        driver.on_start("x", "a worker")
        driver.on_report("x", Message(epoch=ROW))
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        one.drive(gives_up)
    assert one.starts <= 4 * (1 + RESTARTS)  # the four jobs take turns


def test_with_progress_it_goes_on(outside) -> None:
    one = outside()

    def one_job_each(driver: Driver) -> None:
        driver.next("x")
        driver.on_report("x", Message(error="ValueError: no"))
        if driver.finished():
            driver.tick()
        raise RuntimeError("no memory")

    one.drive(one_job_each)
    assert one.driver.why_stopped == "finished"
    assert [r.status for r in one.records()] == ["failed"] * 4


def test_an_outcome_that_cannot_be_recorded_fails_its_job_alone(outside, monkeypatch) -> None:
    one, ended = outside(), records.ended

    def picky(study, job, *others):
        if job.seed == 1:
            raise ValueError("Out of range float values are not JSON compliant")
        return ended(study, job, *others)

    monkeypatch.setattr(records, "ended", picky)

    def tune(driver: Driver) -> None:
        while not driver.finished():
            driver.next("x")
            driver.on_report("x", Message(outcome=SimpleNamespace(open=lambda: Outcome("diverged", [ROW]))))  # type: ignore[arg-type]

    one.drive(tune)
    assert one.starts == 1
    assert {r.seed: r.status for r in one.records()} == {0: "diverged", 1: "failed", 2: "diverged", 3: "diverged"}
    assert "cannot be recorded: ValueError: Out of range" in next(r.error for r in one.records() if r.seed == 1)


@pytest.mark.parametrize("where", ["next", "exhausted", "epoch", "done"])
def test_a_source_that_raises_ends_the_run_and_what_ended_is_kept(outside, make_study, where) -> None:
    pytest.importorskip("ray")
    from study.engine.hooks import DriverCallback, DriverScheduler, DriverSearcher  # Ray's classes, no Ray started

    one = outside()
    source = one.driver._source
    hooks = DriverSearcher(one.driver), DriverScheduler(one.driver), DriverCallback(one.driver, {}, None)

    def tune(driver: Driver) -> None:
        searcher, scheduler, callback = hooks
        for number in range(8):
            if number == 2:
                setattr(source, where, lambda *a: (_ for _ in ()).throw(ZeroDivisionError("in the sampler")))
            callback.on_step_begin(1, [])
            trial = SimpleNamespace(trial_id=str(number))
            if searcher.suggest(trial.trial_id) is not None:
                scheduler.on_trial_result(None, trial, {"message": Message(epoch=ROW)})
                scheduler.on_trial_result(None, trial, {"message": Message(error="ValueError: no")})
                searcher.on_trial_complete(trial.trial_id)
        raise AssertionError("the source's exception came to nothing")

    with pytest.raises(ZeroDivisionError, match="in the sampler"):
        one.drive(tune)
    assert one.starts == 1
    assert len(one.records()) == (3 if where == "done" else 2)


def test_a_worker_that_says_nothing_is_killed_unless_the_driver_was_away(outside, monkeypatch) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("study.engine.driver.time", clock)
    monkeypatch.setattr("study.engine.slots.time", clock)
    one = outside(trial_timeout=30.0)
    one.driver.next("x")
    one.driver.on_start("x", "a worker")
    now[0] += 100  # the driver itself was held up
    one.driver.tick()
    assert not one.killed
    for _ in range(40):
        now[0] += 0.9
        one.driver.tick()
    assert one.killed == ["x"]
    one.driver.on_worker_exit("x", Death("killed"))
    one.writer.close()
    (record,) = one.records()
    assert (record.status, record.error) == ("failed", "it said nothing for 30 seconds (--trial-timeout)")
