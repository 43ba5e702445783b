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
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from results.errors import UserError
from results.files import writing
from results.outcome import Outcome, Runtime
from results.record import Record
from results.store import Study
from study.engine import cluster
from study.engine.driver import Engine
from study.engine.mailbox import Mailbox
from study.engine.messages import ObjectReference, Setup
from study.engine.resources import Options, Plan, gpus_for, jobs_left, plan_for
from study.engine.signals import interrupts
from study.jobs import Source
from study.recording.provenance import usable_cpus
from study.recording.records import Context
from study.recording.writer import Writer
from study.terminal.live import View
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
    trainable: ModuleType,
    trainable_name: str,
    data: Any,
    source: Source,
    *,
    runtime: Runtime,
    options: Options | None = None,
    context: Context | None = None,
    after: list[After] | None = None,
) -> Summary:
    """Run every job of ``source`` and append a record for each to ``study``, which the caller has locked.

    Args:
        study: where records and files go.
        trainable: the model's module.
        trainable_name: what ``load_trainable`` took, so that workers can load it too.
        data: put into shared memory once; workers read it without copying.
        source: what to run.
        runtime: device and precision; threads follow from the plan.
        options: how many at a time, limits, and the like.
        context: what every record says of this command.
        after: called, in the writer's thread, with each record on the disk and its outcome.

    Raises:
        UserError: what was asked for cannot be had, or the disk refuses. Records written so far stay.
    """
    options = options or Options()
    context = context or Context(device=runtime.device, precision=runtime.precision)
    with writing(study.path):
        log = Log(study.path / "study.log")
    try:
        with interrupts() as interrupted, reserved(log) as screen:
            try:
                summary = _run(
                    study,
                    trainable,
                    trainable_name,
                    data,
                    source,
                    runtime,
                    options,
                    context,
                    after or [],
                    log,
                    screen,
                    interrupted,
                )
                summary.interrupted = interrupted.is_set()  # maybe while the last files were written
                return summary
            except UserError:
                raise
            except Exception:
                import traceback

                log(traceback.format_exc())
                raise
    finally:
        log.close()


def _run(
    study: Study,
    trainable: ModuleType,
    trainable_name: str,
    data: Any,
    source: Source,
    runtime: Runtime,
    options: Options,
    context: Context,
    after: list[After],
    log: Log,
    screen: Any,
    interrupted: threading.Event,
) -> Summary:
    plan = None if options.address else plan_for(options, jobs_left(source), usable_cpus(), gpus_for(runtime), runtime)
    environment = {"OMP_NUM_THREADS": str(plan.cpus_per_trial if plan else options.cpus_per_trial or 1)}
    environment |= getattr(trainable, "PROCESS_ENVIRONMENT", {})
    with cluster.started(
        address=options.address,
        cpus=max(plan.cpus, plan.concurrency * plan.cpus_per_trial) if plan else 0,
        gpus=plan.gpus if plan else 0,
        worker_env=environment,
        modules=_modules(trainable) if options.address else None,
    ) as folder:
        import ray

        if plan is None:
            have = ray.cluster_resources()
            plan = plan_for(options, jobs_left(source), int(have.get("CPU", 0)), int(have.get("GPU", 0)), runtime)
        context = replace(context, environment={**context.environment, "threads": plan.cpus_per_trial})
        setup = Setup(
            trainable=_importable(trainable_name),
            module=trainable.__name__,
            source=_source(trainable_name),
            paths=tuple(os.path.abspath(p) for p in sys.path if p == "" or os.path.isdir(p)),
            device=runtime.device,
            precision=runtime.precision,
            threads=plan.cpus_per_trial,
            data=ObjectReference(ray.put(data)),
        )
        writer = Writer(study, options.keep_weights, after, log)
        view = View(screen, options.title or study.meta.name, options.quiet)
        engine = Engine(
            study,
            source,
            writer,
            setup,
            Mailbox.open(),
            plan,
            view,
            log,
            context,
            folder=folder,
            trial_timeout=options.trial_timeout,
            time_limit=options.time_limit,
            interrupted=interrupted,
        )
        with view:
            view.say(str(plan))
            try:
                _fit(engine, plan, folder)
            finally:
                log.collect(folder)
                writer.close(drop_checkpoints=True)
        return Summary(
            records=engine.records,
            plan=plan,
            seconds=engine.elapsed,
            timed_out=engine.why_stopped == "time limit",
            log=log.path,
            busy=engine.busy(),
            overhead=engine.overhead(),
            startup=engine.startup(),
        )


def _fit(engine: Engine, plan: Plan, folder: Path | None) -> None:
    """Have Tune run everything; start it again where it gives up over a worker."""
    with contextlib.suppress(engine.Stop):
        while True:
            try:
                from study.engine.hooks import run_tune  # here: Ray reads its environment when it is imported

                run_tune(engine, plan, folder)
                return
            except Exception as error:
                if not engine.aborted(error):
                    raise


def _importable(name: str) -> str:
    return str(Path(name).resolve()) if name.endswith(".py") else name


def _source(name: str) -> str | None:
    return Path(name).read_text(encoding="utf-8") if name.endswith(".py") else None


def _modules(trainable: ModuleType) -> list[str]:
    """Return the package folders that a cluster's nodes need a copy of: ours and the trainable's, unless installed."""
    import results
    import search_spaces
    import study

    folders = []
    own = trainable.__name__.split(".")[0]
    for name in dict.fromkeys((study.__name__, results.__name__, search_spaces.__name__, "alexnet", own)):
        module = sys.modules.get(name)  # AlexNet's package only where the trainable has imported it
        path = Path(str(getattr(module, "__file__", "")))
        if path.name == "__init__.py" and not any(part in ("site-packages", "dist-packages") for part in path.parts):
            folders.append(str(path.parent))
    return folders
