"""The driver's side of running jobs: what each running job has shown so far, and what becomes of it.

Called from one thread, by Tune's hooks (tuning.py). Decides nothing about *what* runs or stops: that is the Source.
"""

from __future__ import annotations

import functools
import math
import re
import threading
import time
from collections import Counter, deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from results.outcome import Epoch, Outcome, State
from results.record import Record
from results.store import Study
from study.engine.failures import DEATHS, Died, out_of_memory, reason_of
from study.engine.mailbox import Mailbox
from study.engine.messages import Message, ObjectReference, Setup, TrialSpec
from study.engine.resources import Plan
from study.engine.slots import Run, Spent, mean
from study.jobs import Job, Source
from study.recording import checkpoints, records
from study.recording.checkpoints import Interrupted
from study.recording.records import Context, Trace
from study.recording.writer import Writer
from study.terminal.live import Progress, Running, View, job_name
from study.terminal.log import Log

AWAY = 1.0  # seconds between ticks, usually a tenth, beyond which the driver was held up (a slow disk, Ctrl-Z)
COLLECT_EVERY = 20.0  # seconds between looks at what workers print


class Engine:
    """See the module. ``Stop`` leaves Tune's loop at once; the caller suppresses it."""

    class Stop(BaseException):
        """Not an Exception, so that Tune does not wait for running epochs on the way out."""

    def __init__(
        self,
        study: Study,
        source: Source,
        writer: Writer,
        setup: Setup,
        mailbox: Mailbox,
        plan: Plan,
        view: View,
        log: Log,
        context: Context,
        *,
        folder: Path | None = None,
        trial_timeout: float | None = None,
        time_limit: float | None = None,
        interrupted: threading.Event | None = None,
    ) -> None:
        self._study, self._source, self._writer, self._setup = study, source, writer, setup
        self._plan, self._view, self._log, self._context = plan, view, log, context
        self._mailbox = mailbox
        self._folder = folder
        self._trial_timeout, self._time_limit = trial_timeout, time_limit
        self._interrupted = interrupted or threading.Event()
        self._running: dict[str, Run] = {}  # by Tune's trial id
        self._again: deque[Job] = deque()  # jobs whose worker died
        self._died: dict[str, Died] = {}
        self._spent: list[Spent] = []
        self._begin = time.monotonic()
        self._collected = self._ticked = self._begin
        self._slots_started = 0
        self.records: list[Record] = []
        self.why_stopped: str | None = None
        self._idle_aborts = 0  # times that Tune gave up since a worker last reported
        self.ended = Counter(getattr(source, "earlier", {}))

    # -- from the searcher -----------------------------------------------------------------------------------------

    def next(self, trial_id: str) -> TrialSpec | None:
        """Return what a new Tune trial is to do; None where nothing is to be started now."""
        if len(self._running) >= self._plan.concurrency:
            return None
        job = self._again.popleft() if self._again else self._source.next()
        if job is None:
            return None
        run = Run(job, [], [], time.monotonic())
        try:
            if self._study.checkpoint_path(job.run_id).exists():
                self._go_on(run)
        except BaseException:  # the source has handed it out and will not again
            self._again.append(job)
            raise
        self._running[trial_id] = run
        return TrialSpec(self._setup, job.run_id, job.config, job.seed, bool(run.resumed_at))

    def finished(self) -> bool:
        """Whether nothing runs and nothing will."""
        return not self._running and not self._again and self._source.exhausted()

    def _go_on(self, run: Run) -> None:
        found = checkpoints.load(self._study, run.job.run_id)
        if found is not None:
            interrupted, state = found
            run.history = interrupted.history
            run.resumed_at = [*interrupted.resumed_at, interrupted.history[-1].epoch]
            try:
                self._mailbox.put(f"to {run.job.run_id}", interrupted.history[-1].epoch, state)
            except Exception as error:
                self._log(f"{self._name(run.job)} begins anew, its state could not be sent: {error}")
                run.history, run.resumed_at = [], []

    # -- from the callback and the scheduler -----------------------------------------------------------------------

    def on_start(self, trial_id: str, actor_id: str) -> None:
        """A worker took the job up."""
        run = self._running.get(trial_id)
        if run is not None:
            run.actor_id = actor_id
            run.last_report = time.monotonic()
            run.held_up = 0.0
            run.started = datetime.now(UTC).isoformat(timespec="seconds")

    def on_report(self, trial_id: str, message: Message) -> bool:
        """Take a worker's report; return whether its training is to stop."""
        run = self._running.get(trial_id)
        if run is None:
            return True
        run.worked = message.worked
        run.last_report, run.held_up = time.monotonic(), 0.0
        self._idle_aborts = 0
        if message.epoch is not None:
            return self._epoch(trial_id, run, message.epoch, message.has_state)
        if message.outcome is not None:
            self._outcome(trial_id, run, message.outcome)
        else:
            self._log(f"{self._name(run.job)} failed\n{message.traceback or message.error}")
            self._end(trial_id, run, self._stopped(run, "failed", message.error))
        return False

    def on_worker_exit(self, trial_id: str, error: str | None) -> None:
        """A Tune trial ended, with Tune's words where it failed. Where its job has not ended, its worker died."""
        run = self._running.get(trial_id)
        if run is None:
            return
        if run.kill_reason is not None:
            self._end(trial_id, run, self._stopped(run, "failed", run.kill_reason))
            return
        reason = reason_of(error)
        died = self._died.setdefault(run.job.run_id, Died())
        died.count += 1
        died.reasons.append(reason)
        self._log.collect(self._folder)
        self._log(f"{self._name(run.job)}: {reason} ({died.count} of {DEATHS}): {error}")
        if died.count >= DEATHS or (died.count >= 2 and out_of_memory(error)):
            times = f" ({died.count} times)" if len(set(died.reasons)) == 1 else f"; before that: {died.reasons[0]}"
            self._end(trial_id, run, self._stopped(run, "failed", reason + times))
            return
        self._writer.flush()  # its last checkpoint may still be on the way to the disk
        self._leave(trial_id, run)
        self._again.append(run.job)

    def aborted(self, error: Exception) -> bool:
        """Tune gave up; return whether to go on with a new one. What ran is handed out again.

        Tune does so where Ray itself kills a worker to save memory, for it knows only of workers that die otherwise.
        Ray's words name the victims; the others were merely interrupted.
        """
        self._writer.check()
        self._log(f"Tune gave up: {error}")
        self._idle_aborts += 1
        self._writer.flush()
        victims = set(re.findall(r"Selected to kill: \(Actor\(([0-9a-f]+)\)", str(error)))
        for trial_id, run in list(self._running.items()):
            if run.actor_id in victims:
                self.on_worker_exit(trial_id, str(error))
            else:
                self._leave(trial_id, run)
                self._again.append(run.job)
        return self._idle_aborts < DEATHS

    def tick(self, trials: list[Any]) -> None:
        """Look at the clock, the keyboard and the disk. Raises Stop to end early, or what writing raised."""
        self._writer.check()
        now = time.monotonic()
        away, self._ticked = now - self._ticked, now
        if away > AWAY:  # reports wait to be taken: the silence is not the workers'
            for waiting in self._running.values():
                waiting.held_up += away
        if self._interrupted.is_set():
            self._stop("interrupted")
        if self.finished():
            self._stop("finished")
        if self._time_limit is not None and now - self._begin >= self._time_limit:
            self._stop("time limit")
        if self._trial_timeout is not None:
            for trial in trials:
                run = self._running.get(trial.trial_id)
                if run is None or run.kill_reason is not None:
                    continue
                if now - (run.last_report or run.asked) - run.held_up > self._trial_timeout:
                    self._kill(trial, run)
        if now - self._collected > COLLECT_EVERY:
            self._collected = now
            self._log.collect(self._folder)
        self._view.update(self.progress())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _epoch(self, trial_id: str, run: Run, epoch: Epoch, has_state: bool) -> bool:
        now = time.monotonic()
        if run.startup is None:
            run.startup = max(0.0, now - run.asked - epoch.seconds)
        if epoch.epoch == 1:
            run.resumed_at = []  # the state was lost on its way, and it began anew
        run.history = [e for e in run.history if e.epoch < epoch.epoch] + [epoch]
        if not (math.isfinite(epoch.val_loss) and math.isfinite(epoch.train_loss)):
            which = "validation" if math.isfinite(epoch.train_loss) else "training"
            reason = f"the {which} loss was not finite after epoch {epoch.epoch}"
            self._end(trial_id, run, self._stopped(run, "diverged", reason))
            return True
        if self._source.epoch(run.job, run.history):
            self._end(trial_id, run, self._stopped(run, "pruned", None))
            return True
        if has_state:
            self._writer.checkpoint(run.job.run_id, functools.partial(self._state, run))
        return False

    def _state(self, run: Run) -> tuple[Interrupted, State] | None:
        """Take the state that the worker left, with the history up to it. Called in the writer's thread.

        The history never ends elsewhere than the state, or a job that goes on from there would lack epochs.
        """
        history, resumed_at = run.history, run.resumed_at  # replaced, never changed, by the engine's thread
        found = self._mailbox.take(f"from {run.job.run_id}", history[-1].epoch)
        if found is None:
            return None
        epoch, state = found
        return Interrupted(run.job, [e for e in history if e.epoch <= epoch], list(resumed_at)), state

    def _outcome(self, trial_id: str, run: Run, reference: ObjectReference) -> None:
        from ray.exceptions import ObjectLostError

        try:
            outcome = reference.open()
            record = records.ended(self._study, run.job, outcome, self._trace(run), self._context)
        except ObjectLostError as error:  # with its worker, killed just now: on_worker_exit() hears of that
            self._log(f"{self._name(run.job)}: its outcome was lost: {error}")
            return
        except Exception as error:  # noqa: BLE001 - a trainable's outcome may hold anything
            import traceback

            self._log(f"{self._name(run.job)}: its outcome is unusable\n{traceback.format_exc()}")
            named = (
                f"its outcome is unusable: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            )
            self._end(trial_id, run, self._stopped(run, "failed", named))
            return
        self._end(trial_id, run, (record, outcome))

    def _stopped(self, run: Run, status: str, error: str | None) -> tuple[Record, Outcome]:
        trace = self._trace(run)
        record = records.stopped(self._study, run.job, status, error, trace, self._context)
        return record, Outcome("stopped", trace.history)

    def _trace(self, run: Run) -> Trace:
        return Trace(list(run.history), list(run.resumed_at), run.started, run.startup)

    def _end(self, trial_id: str, run: Run, result: tuple[Record, Outcome]) -> None:
        record, outcome = result
        self._leave(trial_id, run)
        self._writer.end(record, outcome)
        self.records.append(record)
        self.ended[record.status] += 1
        self._source.done(run.job, record)
        if record.status == "failed":
            self._log.collect(self._folder)
        self._view.job_ended(record, self.progress())

    def _leave(self, trial_id: str, run: Run) -> None:
        del self._running[trial_id]
        self._mailbox.drop(f"from {run.job.run_id}")
        fresh = self._slots_started < self._plan.concurrency
        self._slots_started += fresh
        self._spent.append(Spent(run.asked, time.monotonic(), run.worked, fresh))

    def _kill(self, trial: Any, run: Run) -> None:
        actor = trial.temporary_state.ray_actor
        if actor is None:
            return  # it still waits for a place
        import ray

        run.kill_reason = f"it said nothing for {self._trial_timeout:g} seconds (--trial-timeout)"
        ray.kill(actor)

    def _stop(self, why: str) -> None:
        self.why_stopped = why
        raise self.Stop

    def _name(self, job: Job) -> str:
        return job_name(job.kind, job.trial, job.seed, job.run_id)

    # -- numbers ---------------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Seconds since the engine was made."""
        return time.monotonic() - self._begin

    def progress(self) -> Progress:
        """Return a snapshot for the view."""
        running = [
            Running(
                self._name(run.job),
                run.history[-1].epoch if run.history else 0,
                run.job.epochs,
                run.history[-1].val_accuracy if run.history else None,
            )
            for run in self._running.values()
        ]
        best = getattr(self._source, "best_line", lambda: "")()
        return Progress(self._source.total, self.ended, running, self.elapsed, self._remaining(), best)

    def _remaining(self) -> float | None:
        if self._source.total is None:
            return None
        now = time.monotonic()
        known = [(run.asked, whole) for run in self._running.values() if (whole := run.whole()) is not None]
        if self._source.prunes:  # how long a job that may be stopped will take is anybody's guess
            known = []
        spans = [s.ended - s.asked for s in self._spent] or [whole for _, whole in known]
        if not spans:
            return None
        left = self._source.total - sum(self.ended.values())
        mean = sum(spans) / len(spans)
        under_way = sum(min(now - run.asked, mean) for run in self._running.values())
        longest = max((asked + whole - now for asked, whole in known), default=0.0)
        return max(0.0, longest, (left * mean - under_way) / self._plan.concurrency)

    def startup(self) -> float | None:
        """Mean seconds from being given a slot to the first step."""
        return mean([r.startup_seconds for r in self.records if r.startup_seconds is not None])

    def overhead(self) -> float | None:
        """Mean seconds that a stay in a slot took beside training; each slot's first is left out."""
        return mean([s.ended - s.asked - s.worked for s in self._spent if not s.fresh])

    def busy(self) -> float | None:
        """Share of slot time spent training between the moment all slots had begun and the last start of a job."""
        slots = min(self._plan.concurrency, len(self._spent))
        first = sorted(self._spent, key=lambda s: s.asked)[:slots]
        begin = max((s.ended - s.worked for s in first), default=0.0)
        end = max((s.asked for s in self._spent), default=0.0)
        if end <= begin:
            return None
        inside = 0.0
        for s in self._spent:
            work_begin = s.ended - s.worked
            inside += max(0.0, min(s.ended, end) - max(work_begin, begin))
        return min(1.0, inside / (slots * (end - begin)))
