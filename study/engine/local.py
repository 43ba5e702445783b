"""One training in this process, on all its cores. Several go through ``study.engine``, to the same records."""

from __future__ import annotations

import math
import time
import traceback
from types import ModuleType

from results.outcome import Epoch, Outcome, Runtime, State
from results.record import Record
from results.store import Study
from study.jobs import Job
from study.protocol import Data, fit
from study.recording import checkpoints
from study.recording.artefacts import keep_pictures
from study.recording.checkpoints import Interrupted
from study.recording.provenance import command_line, environment, now
from study.recording.records import Context, Trace, ended, stopped
from study.recording.writer import Writer
from study.terminal.log import Log
from study.terminal.progress import RunProgress


class _Diverged(Exception):
    """Ends a training whose loss is not finite, as the engine does."""


def run_here(
    study: Study,
    trainable: ModuleType,
    data: Data,
    job: Job,
    runtime: Runtime,
    progress: RunProgress,
    keep_weights: int = 3,
) -> Record:
    """Train ``job``, going on from its checkpoint if it was interrupted, and record how it ended.

    An exception of the training is recorded as a failed run, with its traceback in the study's log; a loss that is
    not finite ends it as diverged; an interrupt leaves the last checkpoint and passes.

    Args:
        study: locked by the caller.
        runtime: device, precision and threads.
        keep_weights: how many of the best configs keep their weights, beside the baseline's.

    Raises:
        UserError: the disk refuses a record.
        KeyboardInterrupt: Ctrl-C; the same command goes on later.
    """
    begun = time.monotonic()
    earlier = checkpoints.load(study, job.run_id)
    before, state = earlier if earlier else (Interrupted(job, []), None)
    trace = Trace(list(before.history), list(before.resumed_at), now(), None)
    if before.history:
        trace.resumed_at.append(before.history[-1].epoch)
    context = Context(command_line(), {**environment(), "threads": runtime.threads}, runtime.device, runtime.precision)
    log = Log(study.path / "study.log")
    writer = Writer(study, keep_weights, [keep_pictures(study, trainable, data)], log)

    latest: list[
        tuple[Interrupted, State]
    ] = []  # of the last finished epoch, for an interrupt in the middle of the next

    def on_epoch(epoch: Epoch, snapshot) -> bool:  # type: ignore[no-untyped-def]
        trace.history.append(epoch)
        if not (math.isfinite(epoch.val_loss) and math.isfinite(epoch.train_loss)):
            raise _Diverged(f"loss not finite in epoch {epoch.epoch}")
        kept = Interrupted(job, list(trace.history), trace.resumed_at), snapshot()
        latest[:] = [kept]
        writer.checkpoint(job.run_id, lambda: kept)  # written only where that is cheap against the epoch
        progress.epoch(epoch)  # last: what has been shown is kept, whenever an interrupt comes
        writer.check()
        return False

    try:
        progress.begin(job, trace.history)
        trace.startup_seconds = time.monotonic() - begun
        outcome: Outcome | None = None
        try:
            outcome = fit(trainable, trainable.Config(**job.config), job.seed, data, on_epoch, state, runtime)
            record = ended(study, job, outcome, trace, context)
        except _Diverged as error:
            record = stopped(study, job, "diverged", str(error), trace, context)
        except (Exception, SystemExit) as error:
            writer.check()
            log(f"{job.run_id} failed\n{traceback.format_exc()}")
            text = f"{type(error).__name__}: {str(error).strip().splitlines()[-1] if str(error).strip() else ''}"
            record = stopped(study, job, "failed", text.removesuffix(": "), trace, context)
        writer.end(record, outcome or Outcome("diverged", trace.history))
        latest.clear()
    except KeyboardInterrupt:
        writer.flush()
        for interrupted in latest:
            checkpoints.save(study, *interrupted)
        raise
    finally:
        progress.end()
        try:
            writer.close()
        except KeyboardInterrupt:  # what has ended is still written; a second Ctrl-C ends at once
            writer.flush()  # not close(): in Python 3.11 a join() that was interrupted takes the thread for ended
            raise
        finally:
            log.close()
    return record
