"""The one writer of a study while an engine runs: a thread, so that slow disks do not hold up training.

What is derived from records (pictures, the database) is made by a second thread: no record waits for it.

For each ended run, in this order: predictions, weights if they rank, the record's line, then its checkpoint goes. A
crash between two steps leaves files that no record names, never a record without its files;
the next writer removes them.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from results.config import RUN_ID
from results.errors import UserError
from results.files import writing
from results.outcome import Outcome, State
from results.record import Record
from results.store import Study
from study.recording import checkpoints
from study.recording.checkpoints import ENDING, FOLDER, Interrupted
from study.recording.ranking import Ranking

SHARE = 0.025  # of the time of each training at work that writing checkpoints may cost, and
MOST = 0.25  # of the writer's in all: records come first, and one disk serves all trainings
PATIENCE = 3.0  # seconds that the checkpoints still waiting may take when all else has ended

After = Callable[[Record, Outcome], Callable[[], None] | None]
"""Called with each record on the disk and its outcome. Quick: what takes long it returns, to be called later."""
Fetch = Callable[[], tuple[Interrupted, State] | None]


class Weights(Protocol):
    """Weights that lie elsewhere until they are wanted."""

    def open(self) -> State | None:
        """Return them, without copying where that can be; None where they are lost."""

    def drop(self) -> None:
        """Let go of them."""


@dataclass
class _End:
    record: Record
    outcome: Outcome
    weights: Weights | None


class Writer:
    """Writes what it is given, in a thread of its own: records first, in the order given; then checkpoints.

    Args:
        keep_weights: how many of the best configs keep their weights, beside the baseline.
        after: called in the writer's thread; what they return is called in the second one.
        log: takes text for the study's log.
    """

    def __init__(self, study: Study, keep_weights: int, after: Sequence[After], log: Callable[[str], None]) -> None:
        self._study, self._after, self._log = study, after, log
        self._changed = threading.Condition()
        self._ends: deque[_End] = deque()
        self._tasks: deque[tuple[str, Callable[[], None]]] = deque()
        self._waiting: dict[str, Fetch] = {}  # checkpoints, by run
        self._written: dict[str, float] = {}  # monotonic: when a run's last checkpoint was
        self._due = 0.0  # monotonic: before which no checkpoint is written
        self._trainings = 1
        self._closing: float | None = None  # monotonic: when the last checkpoint may begin to be written
        self._busy = False
        self._later: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ranking = Ranking(keep_weights, study.meta.baseline_hash)
        reading = study.read()
        for record in reading.records:
            self._ranking.add(record)
        recorded = {r.run_id for r in reading.records}
        self._spared = {line.run_id for line in reading.ignored} - recorded  # what is of no use now keeps its files
        if None not in self._spared:
            self._remove_others("predictions", ".npz", {r.run_id for r in reading.records if r.status == "complete"})
        self._remove_others("weights", ENDING, self._ranking.kept)
        self._checkpoints = {name.removesuffix(ENDING) for name in study.files.names(FOLDER)}
        self.error: BaseException | None = None
        self._writer = threading.Thread(target=self._work, name="writer", daemon=True)
        self._deriver = threading.Thread(target=self._derive, name="after", daemon=True)
        self._writer.start()
        self._deriver.start()

    # -- from the driver's thread: none of these waits for the disk ------------------------------------------------

    def end(self, record: Record, outcome: Outcome, weights: Weights | None = None) -> None:
        """Write an ended run."""
        with self._changed:
            self._waiting.pop(record.run_id, None)
            self._checkpoints.discard(record.run_id)
            self._ends.append(_End(record, outcome, weights))
            self._changed.notify_all()

    def checkpoint(self, run_id: str, fetch: Fetch, trainings: int = 1) -> None:
        """Write a checkpoint when its turn comes: one budget for all, the run that waited longest first.

        Args:
            run_id: whose.
            fetch: gives what to write, called in the writer's thread: a slow disk then writes the latest.
            trainings: how many are at work, each of which adds to the budget.
        """
        with self._changed:
            self._waiting[run_id] = fetch
            self._checkpoints.add(run_id)
            self._trainings = trainings
            self._changed.notify_all()

    def after_checkpoint(self, run_id: str, task: Callable[[], None]) -> None:
        """Call ``task`` in the writer's thread when what waits of this run's checkpoints is on the disk."""
        with self._changed:
            self._tasks.append((run_id, task))
            self._changed.notify_all()

    def may_resume(self, run_id: str) -> bool:
        """Whether there is, or may be, a checkpoint of this run."""
        return run_id in self._checkpoints

    def threshold(self, config_hash: str) -> float:
        """Return the score below which a run of this config will not keep its weights."""
        with self._changed:
            return self._ranking.threshold(config_hash)

    def check(self) -> None:
        """Raise what writing raised, in the caller's thread."""
        if self.error is not None:
            raise self.error

    # -- the end ---------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until all ended runs are written; what is derived from them may come later."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._ends or self._tasks or self._busy))

    def close(self) -> None:
        """Write what is left, checkpoints for PATIENCE seconds, and end. Raises what writing raised."""
        with self._changed:
            self._closing = time.monotonic() + PATIENCE
            self._changed.notify_all()
        self._writer.join()
        self._later.put(None)
        self._deriver.join()
        self.check()

    # -- the writer's thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - handed to the driver's thread
                self.error = self.error or error
                self._log(traceback.format_exc())
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to do; None when all is done and the writer closes."""
        with self._changed:
            while True:
                found = self._ready()
                self._busy = found is not None
                if found is not None or (self._closing is not None and not self._waiting):
                    return found
                self._changed.wait(max(0.0, self._due - time.monotonic()) if self._waiting else None)

    def _ready(self) -> Callable[[], None] | None:
        if self._ends:
            return partial(self._write_end, self._ends.popleft())
        if self._tasks:
            run_id, task = self._tasks.popleft()
            return partial(self._task, self._waiting.pop(run_id, None), run_id, task)
        if self._closing is not None and time.monotonic() > self._closing:
            self._waiting.clear()
        if self._waiting and (self._closing is not None or time.monotonic() >= self._due):
            run_id = min(self._waiting, key=lambda run_id: self._written.get(run_id, 0.0))
            return partial(self._write_checkpoint, run_id, self._waiting.pop(run_id))
        return None

    def _task(self, fetch: Fetch | None, run_id: str, task: Callable[[], None]) -> None:
        if fetch is not None:
            self._write_checkpoint(run_id, fetch)
        task()

    def _write_checkpoint(self, run_id: str, fetch: Fetch) -> None:
        started = time.monotonic()
        try:
            found = fetch()
            if found is not None:
                checkpoints.save(self._study, *found)
        except Exception as error:  # noqa: BLE001 - a checkpoint is a convenience; a record that cannot be written is not
            self._log(f"checkpoint of {run_id} not written: {error}\n")
        self._written[run_id] = now = time.monotonic()
        self._due = now + (now - started) / min(SHARE * self._trainings, MOST)

    def _write_end(self, item: _End) -> None:
        study, record = self._study, item.record
        if self.error is not None:
            return
        with self._changed:
            before = self._ranking.kept
            ranks = self._ranking.add(record)
        if record.status == "complete":
            study.save_predictions(record.run_id, item.outcome)
            if ranks and item.weights is not None and (weights := item.weights.open()):
                study.save_state(study.weights_path(record.run_id), weights)
        with writing(study.records_path):
            study.append(record)
        again = record.run_id in self._spared
        self._spared.discard(record.run_id)  # it is of use again
        self._written.pop(record.run_id, None)
        checkpoints.remove(study, record.run_id)
        if again or self._ranking.kept != before:
            self._remove_others("weights", ENDING, self._ranking.kept)
        if item.weights is not None:
            item.weights.drop()
        for function in self._after:
            if (later := self._derived(record, partial(function, record, item.outcome))) is not None:
                self._later.put(partial(self._derived, record, later))

    # -- the other -------------------------------------------------------------------------------------------------

    def _derive(self) -> None:
        while (item := self._later.get()) is not None:
            try:
                item()
            except BaseException as error:  # noqa: BLE001 - handed to the driver's thread
                self.error = self.error or error
                self._log(traceback.format_exc())

    def _derived(self, record: Record, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except (UserError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - derived files can be made again from the record
            self._log(f"after {record.run_id}:\n{traceback.format_exc()}")
            return None

    def _remove_others(self, folder: str, ending: str, keep: set[str]) -> None:
        """Remove files of runs that are to have none: what a kill left before its record, weights that rank no more."""
        for name in self._study.files.names(folder):
            run_id = name.removesuffix(ending)
            if RUN_ID.fullmatch(run_id) and run_id not in keep and run_id not in self._spared:
                self._study.files.remove(f"{folder}/{name}")
