"""One training in this process, on all its cores. Several go through ``study.engine``, to the same records."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from results.errors import named
from results.outcome import Epoch, Outcome, State
from results.record import Record
from results.store import Study
from study.engine.contained import contained
from study.engine.training import reason, train
from study.jobs import Job, Model
from study.recording import checkpoints
from study.recording.artefacts import keep_pictures
from study.recording.checkpoints import Interrupted
from study.recording.provenance import command_line, environment, now
from study.recording.records import Context, Trace, ended, stopped
from study.recording.writer import Writer
from study.terminal.log import Log
from study.terminal.progress import RunProgress


def run_here(study: Study, model: Model, job: Job, progress: RunProgress, keep_weights: int = 3) -> Record:
    """Train ``job``, going on from its checkpoint if it was interrupted, and record how it ended.

    Whatever the training raises is recorded as a failed run, with its traceback in the study's log; a loss that is
    not finite ends it as diverged; an interrupt leaves the last checkpoint and passes.

    Args:
        study: locked by the caller.
        model: what is trained; threads are its runtime's.
        keep_weights: how many of the best configs keep their weights, beside the baseline's.

    Raises:
        UserError: the disk refuses a record.
        KeyboardInterrupt: Ctrl-C; the same command goes on later.
    """
    log = Log(study.files)
    writer = Writer(study, keep_weights, [keep_pictures(study, model.trainable, model.data)], log)
    here = _Here(study, model, job, progress, writer, log)
    try:
        here.run()
    except KeyboardInterrupt:
        writer.flush()
        here.keep_state()
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
    return here.record


class _Here:
    """A training at work in this process."""

    record: Record

    def __init__(self, study: Study, model: Model, job: Job, progress: RunProgress, writer: Writer, log: Log) -> None:
        self._study, self._model, self._job = study, model, job
        self._progress, self._writer, self._log = progress, writer, log
        self._started = time.monotonic()
        self._earlier = checkpoints.load(study, job.run_id)
        before = self._earlier[0] if self._earlier else Interrupted(job, [])
        self._trace = Trace(list(before.history), list(before.resumed_at), now(), None)
        if before.history:
            self._trace.resumed_at.append(before.history[-1].epoch)
        self._latest: tuple[Interrupted, State] | None = None  # an interrupt may come in the middle of the next epoch

    def run(self) -> None:
        """Train, and give the writer how it ended."""
        study, job, runtime, trace = self._study, self._job, self._model.runtime, self._trace
        facts = {**environment(), "threads": runtime.threads}
        context = Context(command_line(), facts, runtime.device, runtime.precision)
        self._progress.begin(job, trace.history)
        trace.startup_seconds = time.monotonic() - self._started
        outcome = Outcome("diverged", trace.history)
        try:
            with contained():
                earlier = (trace.history[-1].epoch, self._earlier[1]) if self._earlier else None
                outcome = train(self._model, job.config, job.seed, self._on_epoch, earlier)
            self.record = ended(study, job, outcome, trace, context)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a trainable raises is its result
            self._writer.check()
            self._log(f"{job.run_id} failed\n{''.join(traceback.format_exception(error))}")
            self.record = stopped(study, job, "failed", reason(error, self._model.trainable), trace, context)
        self._writer.end(self.record, outcome)
        self._latest = None

    def keep_state(self) -> None:
        """Write the state after the last finished epoch, if there is one."""
        if self._latest is not None:
            checkpoints.save(self._study, *self._latest)

    def _on_epoch(self, epoch: Epoch, snapshot: Callable[[], State]) -> bool:
        trace = self._trace
        if epoch.epoch == 1:
            trace.resumed_at = []  # it began anew
        trace.history = [e for e in trace.history if e.epoch < epoch.epoch] + [epoch]
        try:
            kept = Interrupted(self._job, trace.history, trace.resumed_at), snapshot()
        except Exception as error:  # noqa: BLE001 - as in a worker: a training does not end for want of a checkpoint
            self._log(f"{self._job.run_id}: no checkpoint after epoch {epoch.epoch}: {named(error)}")
        else:
            self._latest = kept
            self._writer.checkpoint(self._job.run_id, lambda: kept)  # written only where that is cheap
        self._progress.epoch(epoch)  # last: what has been shown is kept, whenever an interrupt comes
        self._writer.check()
        return False
