"""The driver's side of running jobs: what each running job has shown so far, and what becomes of it.

Called from one thread, by Tune's hooks (hooks.py). Decides nothing about *what* runs or stops: that is the Source.
"""

from __future__ import annotations

import functools
import math
import re
import threading
import time
import traceback
from collections import Counter, deque
from datetime import UTC, datetime
from typing import Any, NoReturn

from results.errors import named
from results.outcome import Epoch, Outcome
from results.record import Record
from study.engine.failures import DEATHS, Deaths, Restarts
from study.engine.messages import Message, ObjectReference, Setup, TrialSpec
from study.engine.resources import Options
from study.engine.slots import Run, Slots
from study.engine.surroundings import Surroundings
from study.jobs import Job, Source
from study.recording import records
from study.recording.outcomes import not_finite
from study.terminal.live import Progress

AWAY = 1.0  # seconds between ticks, usually a tenth, beyond which the driver was held up (a slow disk, Ctrl-Z)
COLLECT_EVERY = 20.0  # seconds between looks at what workers print


class Driver:
    """See the module. ``Stop`` leaves Tune's loop at once; the caller suppresses it and raises ``error``, if any."""

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
        self.slots = Slots(concurrency)
        self._again: deque[Job] = deque()  # jobs whose worker died
        self._deaths, self._restarts = Deaths(), Restarts()
        self._begin = self._collected = self._ticked = time.monotonic()
        self.records: list[Record] = []
        self.why_stopped: str | None = None
        self.error: Exception | None = None
        self.ended = Counter(getattr(source, "earlier", {}))

    # -- from the searcher -----------------------------------------------------------------------------------------

    def next(self, trial_id: str) -> TrialSpec | None:
        """Return what a new Tune trial is to do; None where nothing is to be started now."""
        if self.slots.full:
            return None
        job = self._again.popleft() if self._again else self._source.next()
        if job is None:
            return None
        run = Run(job, [], [], time.monotonic())
        if not self._at.states.send(run):
            self._again.append(job)
            return None
        self.slots.running[trial_id] = run
        return TrialSpec(self._setup, job.run_id, job.config, job.seed, bool(run.resumed_at))

    def finished(self) -> bool:
        """Whether nothing runs and nothing will."""
        return not self.slots.running and not self._again and self._source.exhausted()

    # -- from the callback and the scheduler -----------------------------------------------------------------------

    def on_start(self, trial_id: str, actor_id: str) -> None:
        """A worker took the job up."""
        run = self.slots.running.get(trial_id)
        if run is not None:
            run.actor_id = actor_id
            run.last_report, run.held_up = time.monotonic(), 0.0
            run.started = datetime.now(UTC).isoformat(timespec="seconds")

    def on_report(self, trial_id: str, message: Message) -> bool:
        """Take a worker's report; return whether its training is to stop."""
        run = self.slots.running.get(trial_id)
        if run is None:
            return True
        run.worked = message.worked
        run.last_report, run.held_up = time.monotonic(), 0.0
        if message.epoch is not None:
            return self._epoch(trial_id, run, message.epoch, message.has_state)
        if message.outcome is not None:
            self._outcome(trial_id, run, message.outcome)
        else:
            self._at.log(f"{run.name} failed\n{message.traceback or message.error}")
            self._end(trial_id, run, self._stopped(run, "failed", message.error))
        return False

    def on_worker_exit(self, trial_id: str, error: str | None) -> None:
        """A Tune trial ended, with Tune's words where it failed. Where its job has not ended, its worker died."""
        run = self.slots.running.get(trial_id)
        if run is None:
            return
        if run.kill_reason is not None:
            self._end(trial_id, run, self._stopped(run, "failed", run.kill_reason))
            return
        self._at.log.collect(self._at.folder)
        times, failed = self._deaths.count(run.job.run_id, error)
        self._at.log(f"{run.name} lost its worker ({times} of {DEATHS}): {error}")
        if failed is not None:
            self._end(trial_id, run, self._stopped(run, "failed", failed))
            return
        self._at.writer.flush()  # its last checkpoint may still be on the way to the disk
        self._hand_out_again(trial_id, run)

    def aborted(self, error: Exception) -> bool:
        """Tune gave up; return whether to go on with a new one. What ran is handed out again.

        Tune does so where Ray itself kills a worker to save memory, for it knows only of workers that die otherwise.
        Ray's words name the victims; the others were merely interrupted.
        """
        self._at.writer.check()
        self._at.log(f"Tune gave up: {error}")
        self._at.writer.flush()
        victims = set(re.findall(r"Selected to kill: \(Actor\(([0-9a-f]+)\)", str(error)))
        for trial_id, run in list(self.slots.running.items()):
            if run.actor_id in victims:
                self.on_worker_exit(trial_id, str(error))
            else:
                self._hand_out_again(trial_id, run)
        return self._restarts.again()

    def failed(self, error: Exception) -> NoReturn:
        """End: what a hook raised is the Source's doing, the disk's or our own, and a new Tune would meet it again."""
        self.error = error
        self._stop("error")

    def tick(self, trials: list[Any]) -> None:
        """Look at the clock, the keyboard and the disk. Raises Stop to end early, or what writing raised."""
        self._at.writer.check()
        now = time.monotonic()
        away, self._ticked = now - self._ticked, now
        if away > AWAY:  # reports wait to be taken: the silence is not the workers'
            self.slots.held_up(away)
        if self._interrupted.is_set():
            self._stop("interrupted")
        if self.finished():
            self._stop("finished")
        if self.elapsed >= (self._options.time_limit or math.inf):
            self._stop("time limit")
        timeout = self._options.trial_timeout or math.inf
        for trial in trials:
            run = self.slots.running.get(trial.trial_id)
            if run is not None and run.kill_reason is None and run.silent(now) > timeout:
                self._kill(trial, run)
        if now - self._collected > COLLECT_EVERY:
            self._collected = now
            self._at.log.collect(self._at.folder)
        self._at.view.update(self.progress())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _epoch(self, trial_id: str, run: Run, epoch: Epoch, has_state: bool) -> bool:
        if run.startup is None:
            run.startup = max(0.0, time.monotonic() - run.asked - epoch.seconds)
        if epoch.epoch == 1:
            run.resumed_at = []  # the state was lost on its way, and it began anew
        run.history = [e for e in run.history if e.epoch < epoch.epoch] + [epoch]
        self._restarts.progress(run.job.run_id, epoch.epoch)
        diverged = not_finite(epoch)
        if diverged is not None:
            self._end(trial_id, run, self._stopped(run, "diverged", diverged))
            return True
        if self._source.epoch(run.job, run.history):
            self._end(trial_id, run, self._stopped(run, "pruned", None))
            return True
        if has_state:
            self._at.writer.checkpoint(run.job.run_id, functools.partial(self._at.states.take, run))
        return False

    def _outcome(self, trial_id: str, run: Run, reference: ObjectReference) -> None:
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
        self._end(trial_id, run, (record, outcome))

    def _stopped(self, run: Run, status: str, error: str | None) -> tuple[Record, Outcome]:
        trace = run.trace()
        record = records.stopped(self._at.study, run.job, status, error, trace, self._at.context)
        return record, Outcome("stopped", trace.history)

    def _end(self, trial_id: str, run: Run, result: tuple[Record, Outcome]) -> None:
        record, outcome = result
        self._leave(trial_id, run)
        self._at.writer.end(record, outcome)
        self._restarts.progress(run.job.run_id)
        self.records.append(record)
        self.ended[record.status] += 1
        self._source.done(run.job, record)
        if record.status == "failed":
            self._at.log.collect(self._at.folder)
        self._at.view.job_ended(record, self.progress())

    def _hand_out_again(self, trial_id: str, run: Run) -> None:
        self._leave(trial_id, run)
        self._again.append(run.job)

    def _leave(self, trial_id: str, run: Run) -> None:
        self.slots.leave(trial_id)
        self._at.states.drop(run)

    def _kill(self, trial: Any, run: Run) -> None:
        actor = trial.temporary_state.ray_actor
        if actor is not None:  # else it still waits for a place
            run.kill_reason = f"it said nothing for {self._options.trial_timeout:g} seconds (--trial-timeout)"
            self._at.kill(actor)

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
