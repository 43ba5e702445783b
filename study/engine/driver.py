"""The driver's side of running jobs: what each running job has shown so far, and what becomes of it.

Called from one thread, by an executor (here.py, tune.py). Decides nothing about *what* runs or stops: that is the
Source. Nothing in it waits for a disk: what does is the writer's.
"""

from __future__ import annotations

import functools
import math
import queue
import threading
import time
import traceback
from collections import Counter, deque
from datetime import UTC, datetime
from typing import NoReturn

from results.errors import named
from results.outcome import Epoch, Outcome
from results.record import Record
from study.engine.failures import Death, Deaths, Restarts
from study.engine.messages import Message, Reference, Setup, TrialSpec
from study.engine.resources import Options
from study.engine.slots import Run, Slots
from study.engine.surroundings import Surroundings
from study.jobs import Job, Source
from study.recording import records
from study.recording.outcomes import not_finite
from study.terminal.live import Progress

TICK = 0.05  # seconds between looks at the clock: executors call more often
AWAY = 1.0  # seconds between ticks, usually a tenth, beyond which the driver was held up (a slow disk, Ctrl-Z)
FLUSH = 10.0  # seconds for the writer where the process is abandoned
COLLECT_EVERY = 20.0  # seconds between looks at what workers print


class Driver:
    """See the module. ``Stop`` leaves the executor at once; the caller suppresses it and raises ``error``, if any."""

    class Stop(BaseException):
        """Not an Exception, so that Tune does not wait for running epochs on the way out."""

    def __init__(
        self,
        source: Source,
        setup: Setup,
        concurrency: int,
        surroundings: Surroundings,
        options: Options,
        interrupted: threading.Event,
    ) -> None:
        self._source, self._setup, self._at, self._options = source, setup, surroundings, options
        self._interrupted = interrupted
        self._metric = surroundings.study.meta.metric.plain
        self.slots = Slots(concurrency)
        self._again: deque[Job] = deque()  # jobs whose worker died
        self._sending = 0  # jobs whose states the writer's thread is sending ahead
        self._sent: queue.SimpleQueue[tuple[Run, bool]] = queue.SimpleQueue()
        self._deaths, self._restarts = Deaths(), Restarts()
        self._begin = self._collected = self._ticked = time.monotonic()
        self.records: list[Record] = []
        self.why_stopped: str | None = None
        self.error: Exception | None = None
        self.ended = Counter(getattr(source, "earlier", {}))

    # -- from the executor: starting -------------------------------------------------------------------------------

    def next(self, trial_id: str) -> TrialSpec | None:
        """Return what a new trial is to do; None where nothing is to be started now."""
        run = self._sent_ahead()
        if run is None and not self.slots.full(self._sending):
            run = self._begun(self._again.popleft() if self._again else self._source.next())
        if run is None:
            return None
        run.asked = time.monotonic()
        self.slots.running[trial_id] = run
        threshold = self._at.writer.threshold(run.job.config_hash)
        job = run.job
        return TrialSpec(self._setup, job.run_id, job.config, job.seed, bool(run.resumed_at), threshold)

    def finished(self) -> bool:
        """Whether nothing runs and nothing will."""
        return not (self.slots.running or self._again or self._sending) and self._source.exhausted()

    # -- from the executor: reports --------------------------------------------------------------------------------

    def on_start(self, trial_id: str, worker: str) -> None:
        """A worker took the job up."""
        run = self.slots.running.get(trial_id)
        if run is not None:
            run.worker = worker
            run.last_report, run.held_up = time.monotonic(), 0.0
            run.started = datetime.now(UTC).isoformat(timespec="seconds")
            if run.resumed_at:
                self._at.view.say(f"{run.name}: going on after epoch {run.resumed_at[-1]}")

    def on_report(self, trial_id: str, message: Message) -> bool:
        """Take a worker's report; return whether its training is to stop."""
        run = self.slots.running.get(trial_id)
        if run is None:
            return True
        run.worked = message.worked
        run.last_report, run.held_up = time.monotonic(), 0.0
        if message.epoch is not None and self._epoch(trial_id, run, message.epoch, message):
            return True
        if message.outcome is not None:
            self._outcome(trial_id, run, message.outcome, message.weights)
        elif message.error is not None:
            self._at.log(f"{run.name} failed\n{message.traceback or message.error}")
            self._end(trial_id, run, self._stopped(run, "failed", message.error))
        return False

    def on_worker_exit(self, trial_id: str, death: Death) -> None:
        """A trial ended. Where its job has not ended, its worker died."""
        run = self.slots.running.get(trial_id)
        if run is None:
            return
        if run.kill_reason is not None:
            self._end(trial_id, run, self._stopped(run, "failed", run.kill_reason))
            return
        self._at.log.collect(self._at.folder)
        times, failed = self._deaths.count(run.job.run_id, death)
        self._at.log(f"{run.name} lost its worker ({times} of {death.most}): {death.told or death.reason}")
        if failed is not None:
            self._end(trial_id, run, self._stopped(run, "failed", failed))
        else:
            self._hand_out_again(trial_id)

    def aborted(self, error: Exception, victims: set[str]) -> bool:
        """The executor gave up; return whether to go on with a new one. What ran is handed out again.

        ``victims``: the workers that died and why it gave up; the others were merely interrupted.
        """
        self._at.writer.check()
        self._at.log(f"the scheduler gave up: {error}")
        for trial_id, run in list(self.slots.running.items()):
            if run.worker in victims:
                self.on_worker_exit(trial_id, Death.by_ray(str(error)))
            else:
                self._hand_out_again(trial_id)
        return self._restarts.again()

    def failed(self, error: Exception) -> NoReturn:
        """End: what a hook raised is the Source's doing, the disk's or our own, and a new start would meet it again."""
        self.error = error
        self._stop("error")

    def abandoned(self) -> None:
        """Have what is finished recorded, called from another thread: the process is about to end."""
        written = threading.Thread(target=self._at.writer.flush, daemon=True)
        written.start()
        written.join(FLUSH)
        self._at.view.close()

    def tick(self) -> None:
        """Look at the clock, the keyboard and the disk. Raises Stop to end early, or what writing raised."""
        now = time.monotonic()
        if self._interrupted.is_set():
            self._stop("interrupted")
        if self.finished():
            self._stop("finished")
        away = now - self._ticked
        if away < TICK:
            return
        self._at.writer.check()
        self._ticked = now
        if away > AWAY:  # reports wait to be taken: the silence is not the workers'
            self.slots.held_up(away)
        if self.elapsed >= (self._options.time_limit or math.inf):
            self._stop("time limit")
        timeout = self._options.trial_timeout or math.inf
        for trial_id, run in self.slots.running.items():
            if run.kill_reason is None and run.worker and run.silent(now) > timeout:  # else it waits for a place
                run.kill_reason = f"it said nothing for {timeout:g} seconds (--trial-timeout)"
                self._at.kill(trial_id)
        if now - self._collected > COLLECT_EVERY:
            self._collected = now
            self._at.log.collect(self._at.folder)
        self._at.view.update(self.progress)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _begun(self, job: Job | None) -> Run | None:
        """Return the job's run; None where there is no job, or the writer is to send its state ahead."""
        if job is None:
            return None
        run = Run(job, [], [], time.monotonic())
        if not self._at.writer.may_resume(job.run_id):
            return run
        self._sending += 1
        self._at.writer.after_checkpoint(job.run_id, lambda: self._sent.put((run, self._at.states.send(run))))
        return None

    def _sent_ahead(self) -> Run | None:
        try:
            run, sent = self._sent.get_nowait()
        except queue.Empty:
            return None
        self._sending -= 1
        if sent:
            return run
        self._again.append(run.job)
        return None

    def _epoch(self, trial_id: str, run: Run, epoch: Epoch, message: Message) -> bool:
        has_state = message.has_state
        if run.startup is None:
            run.startup = max(0.0, time.monotonic() - run.asked - epoch.seconds)
        if epoch.epoch == 1:
            run.resumed_at = []  # the state was lost on its way, and it began anew
        run.history = [e for e in run.history if e.epoch < epoch.epoch] + [epoch]
        run.left_state |= has_state
        self._restarts.progress(run.job.run_id, epoch.epoch)
        diverged = not_finite(epoch, self._metric)
        if diverged is not None:
            self._end(trial_id, run, self._stopped(run, "diverged", diverged))
            return True
        if self._source.epoch(run.job, run.history) and message.outcome is None:  # what has ended is not pruned
            self._end(trial_id, run, self._stopped(run, "pruned", None))
            return True
        if self._source.total == 1:
            self._at.view.epoch_ended(run.job, epoch)
        if has_state:
            fetch = functools.partial(self._at.states.take, run)
            self._at.writer.checkpoint(run.job.run_id, fetch, len(self.slots.running))
        return False

    def _outcome(self, trial_id: str, run: Run, reference: Reference, weights: Reference | None) -> None:
        try:
            outcome = reference.open()
            if outcome is None:  # lost with its worker, killed just now: on_worker_exit() hears of that
                self._at.log(f"{run.name}: its outcome was lost")
                return
            record = records.ended(self._at.study, run.job, outcome, run.trace(), self._at.context)
        except Exception as error:  # noqa: BLE001 - one job's, whatever it is
            self._at.log(f"{run.name}: its outcome cannot be recorded\n{traceback.format_exc()}")
            self._end(trial_id, run, self._stopped(run, "failed", f"its outcome cannot be recorded: {named(error)}"))
            return
        self._end(trial_id, run, (record, outcome), weights)

    def _stopped(self, run: Run, status: str, error: str | None) -> tuple[Record, Outcome]:
        trace = run.trace()
        record = records.stopped(self._at.study, run.job, status, error, trace, self._at.context)
        return record, Outcome("stopped", trace.history)

    def _end(self, trial_id: str, run: Run, result: tuple[Record, Outcome], weights: Reference | None = None) -> None:
        record, outcome = result
        self.slots.leave(trial_id)
        self._at.writer.end(record, outcome, weights)
        if run.left_state:
            self._at.states.drop(run)
        self._restarts.progress(run.job.run_id)
        self.records.append(record)
        self.ended[record.status] += 1
        self._source.done(run.job, record)
        if record.status == "failed":
            self._at.log.collect(self._at.folder)
        self._at.view.job_ended(record, self.progress)
        for line in getattr(self._source, "news", list)():
            self._at.view.say(line)

    def _hand_out_again(self, trial_id: str) -> None:
        self._again.append(self.slots.running[trial_id].job)
        self.slots.leave(trial_id)

    def _stop(self, why: str) -> NoReturn:
        self.why_stopped = why
        raise self.Stop

    # -- numbers ---------------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Seconds since the driver was made."""
        return time.monotonic() - self._begin

    def progress(self) -> Progress:
        """Return a snapshot for the view."""
        total, source = self._source.total, self._source
        left = None if total is None else self.slots.remaining(total - sum(self.ended.values()), source.prunes)
        best = getattr(source, "best_line", lambda: "")()
        return Progress(total, self.ended, self.slots.shown(), self.elapsed, left, best)
