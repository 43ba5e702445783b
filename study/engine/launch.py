"""Running jobs: the one path of every command that trains.

What runs (a Source), when to stop a training (the Source again), and what becomes of it (records, by a Writer) is
decided by the Driver. An executor runs it: Ray Tune (tune.py), or one process on this machine (here.py).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import results
import search_spaces
import study as toolkit
from results.code import absolute, file_and_name, is_in_file
from results.errors import UserError
from results.files import writing
from results.record import Record
from results.store import Study
from study.engine import cluster
from study.engine.choice import Choice, for_jobs
from study.engine.driver import Driver
from study.engine.here import on_here
from study.engine.messages import Mailbox, Reference, Setup
from study.engine.resources import Options, Plan, jobs_left, plan_side_by_side
from study.engine.signals import interrupts
from study.engine.states import States
from study.engine.surroundings import Start, Surroundings
from study.engine.tune import on_ray
from study.jobs import Model, Source
from study.protocol import Trainable
from study.recording import checkpoints
from study.recording.records import Context
from study.recording.writer import After, Writer
from study.terminal.live import LiveView
from study.terminal.log import Log, reserved


class Executor(Protocol):
    """What runs jobs, and where both sides leave what is big."""

    plan: Plan
    folder: Path | None  # where workers print to; None on a cluster
    mailbox: Mailbox

    def share(self, data: Any) -> Reference:
        """Put the data where all workers reach them."""

    def kill(self, trial_id: str) -> None:
        """End the process of a trial's worker at once."""

    def run(self, driver: Driver) -> None:
        """Run what the driver hands out, until it raises Stop."""


EXECUTORS: dict[str, Callable[[Start], contextlib.AbstractContextManager[Executor]]] = {"here": on_here, "ray": on_ray}
"""By name. Each takes a surroundings.Start."""


@dataclass
class Summary:
    """How an engine ended."""

    records: list[Record]  # of this start, in order of ending
    plan: Plan
    seconds: float
    interrupted: bool = False  # by Ctrl-C or a signal
    timed_out: bool = False  # by the time limit
    busy: float | None = None  # share of the slots' time spent training, once all had started
    overhead: float | None = None  # mean seconds per training, after each slot's first, that were not training
    startup: float | None = None  # mean seconds from being scheduled to the first step
    log: Path | None = None

    @property
    def figures(self) -> list[str]:
        """What running the trainings took beside them, a line each: for who tunes a cluster, or the toolkit."""
        lines = []
        if self.startup is not None:
            lines.append(f"start-up {self.startup:.2f} s per training, from being scheduled to its first step")
        if self.overhead is not None:
            busy = "" if self.busy is None else f"; slots busy {self.busy:.0%} of the time"
            lines.append(f"overhead {self.overhead:.2f} s per training after each slot's first{busy}")
        return lines

    @property
    def all_failed(self) -> bool:
        """Whether there was something to do and none of it worked."""
        return bool(self.records) and all(r.status in ("failed", "diverged") for r in self.records)


def run_jobs(
    study: Study,
    model: Model,
    source: Source,
    *,
    options: Options | None = None,
    context: Context | None = None,
    after: Sequence[After] = (),
    choice: Choice | None = None,
) -> Summary:
    """Run every job of ``source`` and append a record for each to ``study``, which the caller has locked.

    Args:
        study: where records and files go.
        model: what is trained; its data are put into shared memory once, and workers read them without copying.
        source: what to run.
        options: how many at a time, limits, and the like; threads follow from the plan.
        context: what every record says of this command.
        after: called, in the writer's thread, with each record on the disk and its outcome.
        choice: of the executor; None leaves it to ``options`` and to how many jobs there are.

    Raises:
        UserError: what was asked for cannot be had, or the disk refuses. Records written so far stay.
        Exception: what the source raised. Records written so far stay.
    """
    options = options or Options()
    context = context or Context(device=model.runtime.device, precision=model.runtime.precision)
    if choice is None:
        left = jobs_left(source) or 2
        choice = for_jobs(options, left, plan_side_by_side(options, left, model.runtime).concurrency, None)
    with writing(study.path):
        log = Log(study.files)
    try:
        with interrupts() as interrupted, reserved(log) as screen:
            try:
                view = LiveView(screen, options.title or study.meta.name, study.meta.metric.plain, options.quiet)
                launch = _Launch(study, model, source, options, log, view, interrupted)
                summary = launch.run(choice, context, after)
                summary.interrupted = interrupted.is_set()  # maybe while the last files were written
                return summary
            except UserError:
                raise
            except Exception:
                log(traceback.format_exc())
                raise
    finally:
        log.close()


@dataclass(frozen=True)
class _Launch:
    """One start of an executor, and all that runs on it."""

    study: Study
    model: Model
    source: Source
    options: Options
    log: Log
    view: LiveView
    interrupted: threading.Event

    def run(self, choice: Choice, context: Context, after: Sequence[After]) -> Summary:
        checkpoint_after = checkpoints.seconds_before()
        with contextlib.ExitStack() as stack:
            try:
                executor = stack.enter_context(self._executor(choice))
            except cluster.CannotStart as error:
                if not choice.fallback or self.model.runtime.device != "cpu":
                    raise
                choice = Choice("here", "Ray did not start")
                self.log(str(error))
                executor = stack.enter_context(self._executor(choice))
            writer = Writer(self.study, self.options.keep_weights, after, self.log)
            try:
                driver = self._driver(executor, writer, context, checkpoint_after)
                with self.view:
                    self.view.say(f"{choice}: {executor.plan}")
                    try:
                        with contextlib.suppress(driver.Stop):
                            executor.run(driver)
                    finally:
                        self.log.collect(executor.folder)
            finally:
                writer.close()
            if driver.error is not None:
                raise driver.error
            return _summary(driver, executor.plan, self.log)

    def _driver(self, executor: Executor, writer: Writer, context: Context, checkpoint_after: float) -> Driver:
        plan = executor.plan
        surroundings = Surroundings(
            study=self.study,
            context=replace(context, environment={**context.environment, "threads": plan.cpus_per_trial}),
            writer=writer,
            states=States(self.study, executor.mailbox, self.log),
            view=self.view,
            log=self.log,
            folder=executor.folder,
            kill=executor.kill,
        )
        setup = Setup(
            trainable=_importable(self.model.name),
            module=getattr(self.model.trainable.module, "__name__", ""),
            script=self.model.trainable.script,
            source=_source(self.model.name),
            paths=tuple(os.path.abspath(p) for p in sys.path if p == "" or os.path.isdir(p)),
            runtime=replace(self.model.runtime, threads=plan.cpus_per_trial),
            checkpoint_after=checkpoint_after,
            data=executor.share(self.model.data),
        )
        return Driver(self.source, setup, plan.concurrency, surroundings, self.options, self.interrupted)

    def _executor(self, choice: Choice) -> contextlib.AbstractContextManager[Executor]:
        modules, jobs = _modules(self.model.trainable), jobs_left(self.source)
        start = Start(self.options, jobs, self.model.runtime, self._environment, modules, self.view)
        return EXECUTORS[choice.engine](start)

    def _environment(self, threads: int) -> Mapping[str, str]:
        """Return the variables of worker processes with so many threads each."""
        return {"OMP_NUM_THREADS": str(threads)} | dict(self.model.trainable.environment)


def _summary(driver: Driver, plan: Plan, log: Log) -> Summary:
    waited = [r.startup_seconds for r in driver.records if r.startup_seconds is not None]
    return Summary(
        records=driver.records,
        plan=plan,
        seconds=driver.elapsed,
        timed_out=driver.why_stopped == "time limit",
        log=log.path,
        busy=driver.slots.busy(),
        overhead=driver.slots.overhead(),
        startup=sum(waited) / len(waited) if waited else None,
    )


def _importable(name: str) -> str:
    return absolute(name) if is_in_file(name) else name


def _source(name: str) -> str | None:
    return file_and_name(name)[0].read_text(encoding="utf-8") if is_in_file(name) else None


def _modules(trainable: Trainable) -> list[str]:
    """Return the package folders that a cluster's nodes need a copy of: ours and the trainable's, unless installed."""
    folders = []
    own = getattr(trainable.module, "__name__", "").split(".")[0]
    for name in dict.fromkeys((toolkit.__name__, results.__name__, search_spaces.__name__, "alexnet", own)):
        module = sys.modules.get(name)  # AlexNet's package only where the trainable has imported it
        path = Path(str(getattr(module, "__file__", "")))
        if path.name == "__init__.py" and not any(part in ("site-packages", "dist-packages") for part in path.parts):
            folders.append(str(path.parent))
    return folders
