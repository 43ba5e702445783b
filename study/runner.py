"""One training in this process, on all its cores. Several go through ``study.engine``, to the same records."""

from __future__ import annotations

import time
from types import ModuleType

from results.outcome import Epoch, Outcome, Runtime, State
from results.record import Record
from results.store import Study
from study.engine import checkpoints
from study.engine.checkpoints import CutOff
from study.engine.jobs import Job
from study.engine.keeper import Keeper
from study.engine.records import Context, Trace, ended, stopped
from study.environment import command_line, environment, now
from study.pictures import keep_pictures
from study.progress import RunProgress
from study.trainable import Data, fit

KEEP_WEIGHTS = 3  # best configs whose weights stay, beside the baseline's


def run_here(
    study: Study, trainable: ModuleType, data: Data, job: Job, runtime: Runtime, progress: RunProgress
) -> Record:
    """Train ``job``, going on from its checkpoint if it was cut off, and record how it ended.

    An exception of the training is recorded as a failed run; an interrupt leaves the last checkpoint and passes.

    Raises:
        UserError: the disk refuses a record.
        KeyboardInterrupt: Ctrl-C; the same command goes on later.
    """
    begun = time.monotonic()
    earlier = checkpoints.load(study, job.run_id)
    cut, state = earlier if earlier else (CutOff(job, []), None)
    trace = Trace(list(cut.history), list(cut.resumed_at), now(), None)
    if cut.history:
        trace.resumed_at.append(cut.history[-1].epoch)
    context = Context(command_line(), {**environment(), "threads": runtime.threads}, runtime.device, runtime.precision)
    keeper = Keeper(study, KEEP_WEIGHTS, [keep_pictures(study, trainable, data)], lambda text: None)

    latest: list[tuple[CutOff, State]] = []  # of the last finished epoch, for an interrupt in the middle of the next

    def on_epoch(epoch: Epoch, snapshot) -> bool:  # type: ignore[no-untyped-def]
        trace.history.append(epoch)
        latest[:] = [(CutOff(job, list(trace.history), trace.resumed_at), snapshot())]
        keeper.checkpoint(*latest[0])  # written only where that is cheap against the epoch
        progress.epoch(epoch)  # last: what has been shown is kept, whenever an interrupt comes
        keeper.check()
        return False

    try:
        progress.begin(job, trace.history)
        trace.startup_seconds = time.monotonic() - begun
        outcome: Outcome | None = None
        try:
            outcome = fit(trainable, trainable.Config(**job.config), job.seed, data, on_epoch, state, runtime)
            record = ended(study, job, outcome, trace, context)
        except Exception as error:
            keeper.check()
            text = f"{type(error).__name__}: {str(error).strip().splitlines()[-1] if str(error).strip() else ''}"
            record = stopped(study, job, "failed", text.removesuffix(": "), trace, context)
        latest.clear()
        keeper.end(record, outcome or Outcome("diverged", trace.history))
    except KeyboardInterrupt:
        keeper.flush()
        for interrupted in latest:
            checkpoints.save(study, *interrupted)
        raise
    finally:
        progress.end()
        keeper.close()
    return record
