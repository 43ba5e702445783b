"""Many trainings at once on Ray Tune: the one path of every command that trains more than once.

Tune schedules: it starts, reuses and ends the worker processes. What runs (a Source), when to stop a training (the
Source again), and what becomes of it (records, by a Writer) is decided here, from Tune's Searcher, TrialScheduler and
Callback.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import results
import search_spaces
import study as toolkit
from results.errors import UserError
from results.files import writing
from results.outcome import Outcome
from results.record import Record
from results.store import Study
from study.engine import cluster
from study.engine.driver import Driver
from study.engine.mailbox import Mailbox
from study.engine.messages import ObjectReference, Setup
from study.engine.resources import Options, Plan, gpus_for, jobs_left, plan_for
from study.engine.signals import interrupts
from study.engine.states import States
from study.engine.surroundings import Surroundings
from study.jobs import Model, Source
from study.recording import checkpoints
from study.recording.provenance import usable_cpus
from study.recording.records import Context
from study.recording.writer import Writer
from study.terminal.live import LiveView
from study.terminal.log import Log, reserved

After = Callable[[Record, Outcome], None]


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
) -> Summary:
    """Run every job of ``source`` and append a record for each to ``study``, which the caller has locked.

    Args:
        study: where records and files go.
        model: what is trained; its data are put into shared memory once, and workers read them without copying.
        source: what to run.
        options: how many at a time, limits, and the like; threads follow from the plan.
        context: what every record says of this command.
        after: called, in the writer's thread, with each record on the disk and its outcome.

    Raises:
        UserError: what was asked for cannot be had, or the disk refuses. Records written so far stay.
        Exception: what the source raised. Records written so far stay.
    """
    options = options or Options()
    context = context or Context(device=model.runtime.device, precision=model.runtime.precision)
    with writing(study.path):
        log = Log(study.files)
    try:
        with interrupts() as interrupted, reserved(log) as screen:
            try:
                view = LiveView(screen, options.title or study.meta.name, options.quiet)
                summary = _Launch(study, model, source, options).run(context, after, log, view, interrupted)
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
    """One start of Ray, and all that runs on it."""

    study: Study
    model: Model
    source: Source
    options: Options

    def run(
        self, context: Context, after: Sequence[After], log: Log, view: LiveView, interrupted: threading.Event
    ) -> Summary:
        checkpoint_after = checkpoints.seconds_before()
        with self._ray() as (folder, plan):
            import ray  # noqa: PLC0415 - Ray must find its environment when it is imported

            writer = Writer(self.study, self.options.keep_weights, after, log)
            surroundings = Surroundings(
                study=self.study,
                context=replace(context, environment={**context.environment, "threads": plan.cpus_per_trial}),
                writer=writer,
                states=States(self.study, Mailbox.open(), log),
                view=view,
                log=log,
                folder=folder,
                kill=ray.kill,
            )
            setup = self._setup(plan, checkpoint_after, ObjectReference(ray.put(self.model.data)))
            driver = Driver(self.source, setup, plan.concurrency, surroundings, self.options, interrupted)
            with view:
                view.say(str(plan))
                try:
                    from study.engine.hooks import run_tune  # noqa: PLC0415 - it imports Ray

                    drive(driver, lambda: run_tune(driver, plan, folder))
                finally:
                    log.collect(folder)
                    writer.close(drop_checkpoints=True)
            return _summary(driver, plan, log)

    @contextlib.contextmanager
    def _ray(self) -> Iterator[tuple[Path | None, Plan]]:
        """Start Ray or join it; yield its folder and what runs on it side by side."""
        options, runtime, jobs = self.options, self.model.runtime, jobs_left(self.source)
        plan = None if options.address else plan_for(options, jobs, usable_cpus(), gpus_for(runtime), runtime)
        environment = {"OMP_NUM_THREADS": str(plan.cpus_per_trial if plan else options.cpus_per_trial or 1)}
        environment |= getattr(self.model.trainable, "PROCESS_ENVIRONMENT", {})
        with cluster.started(
            address=options.address,
            cpus=max(plan.cpus, plan.concurrency * plan.cpus_per_trial) if plan else 0,
            gpus=plan.gpus if plan else 0,
            worker_env=environment,
            modules=_modules(self.model.trainable) if options.address else None,
        ) as folder:
            if plan is None:
                import ray  # noqa: PLC0415 - Ray must find its environment when it is imported

                have = ray.cluster_resources()
                plan = plan_for(options, jobs, int(have.get("CPU", 0)), int(have.get("GPU", 0)), runtime)
            yield folder, plan

    def _setup(self, plan: Plan, checkpoint_after: float, data: ObjectReference) -> Setup:
        return Setup(
            trainable=_importable(self.model.name),
            module=self.model.trainable.__name__,
            source=_source(self.model.name),
            paths=tuple(os.path.abspath(p) for p in sys.path if p == "" or os.path.isdir(p)),
            runtime=replace(self.model.runtime, threads=plan.cpus_per_trial),
            checkpoint_after=checkpoint_after,
            data=data,
        )


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


def drive(driver: Driver, run: Callable[[], None]) -> None:
    """Have ``run``, one start of Tune, do everything; start it again where it gives up over a worker.

    Raises what made the driver fail, or what Tune said last where starting it again leads nowhere.
    """
    with contextlib.suppress(driver.Stop):
        while True:
            try:
                return run()
            except Exception as error:  # noqa: BLE001 - Tune may raise anything
                if not driver.aborted(error):
                    raise
    if driver.error is not None:
        raise driver.error


def _importable(name: str) -> str:
    return str(Path(name).resolve()) if name.endswith(".py") else name


def _source(name: str) -> str | None:
    return Path(name).read_text(encoding="utf-8") if name.endswith(".py") else None


def _modules(trainable: ModuleType) -> list[str]:
    """Return the package folders that a cluster's nodes need a copy of: ours and the trainable's, unless installed."""
    folders = []
    own = trainable.__name__.split(".")[0]
    for name in dict.fromkeys((toolkit.__name__, results.__name__, search_spaces.__name__, "alexnet", own)):
        module = sys.modules.get(name)  # AlexNet's package only where the trainable has imported it
        path = Path(str(getattr(module, "__file__", "")))
        if path.name == "__init__.py" and not any(part in ("site-packages", "dist-packages") for part in path.parts):
            folders.append(str(path.parent))
    return folders
