"""States on their way: from a checkpoint to a worker that goes on, and from a worker to the writer.

All but ``drop`` is called in the writer's thread: 300 MB take their time to be read, sent or written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from results.errors import named
from results.outcome import State
from results.store import Study
from study.engine.failures import DEATHS
from study.engine.messages import Mailbox
from study.engine.slots import Run
from study.recording import checkpoints
from study.recording.checkpoints import Interrupted


class States:
    """The driver's end of the mailbox."""

    def __init__(self, study: Study, mailbox: Mailbox, log: Callable[[str], None]) -> None:
        self._study, self._mailbox, self._log = study, mailbox, log
        self._failed: Counter[str] = Counter()  # times that a job's state could not be sent

    def send(self, run: Run) -> bool:
        """Send the state of the job's checkpoint ahead, if it has one; False where that has to be tried again later.

        A job whose state cannot be sent DEATHS times begins anew.
        """
        run_id = run.job.run_id
        try:
            found = checkpoints.load(self._study, run_id)
            if found is not None:
                interrupted, state = found
                last = interrupted.history[-1].epoch
                self._mailbox.put(f"to {run_id}", last, state)
                run.history, run.resumed_at = interrupted.history, [*interrupted.resumed_at, last]
        except Exception as error:  # noqa: BLE001 - short of memory, or the mailbox was killed
            self._log(f"{run_id}: its state cannot be sent now: {named(error)}")
            self._failed[run_id] += 1
            return self._failed[run_id] >= DEATHS
        return True

    def take(self, run: Run) -> tuple[Interrupted, State] | None:
        """Take the state that the worker left, with the history up to it.

        The history never ends elsewhere than the state, or a job that goes on from there would lack epochs.
        """
        history, resumed_at = run.history, run.resumed_at  # replaced, never changed, by the driver's thread
        found = self._mailbox.take(f"from {run.job.run_id}", history[-1].epoch)
        if found is None:
            return None
        epoch, state = found
        return Interrupted(run.job, [e for e in history if e.epoch <= epoch], list(resumed_at)), state

    def drop(self, run: Run) -> None:
        """Drop what the worker left and nobody took."""
        self._mailbox.drop(f"from {run.job.run_id}")
