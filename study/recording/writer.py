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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from results.config import RUN_ID
from results.errors import UserError
from results.files import writing
from results.outcome import Outcome, State
from results.record import Record
from results.store import Study
from study.recording import checkpoints
from study.recording.checkpoints import Interrupted

WRITE_SHARE = 0.025  # of the time since a run's last checkpoint that writing the next may cost

After = Callable[[Record, Outcome], None]
Fetch = Callable[[], tuple[Interrupted, State] | None]


@dataclass
class _Checkpoint:
    run_id: str
    fetch: Fetch


@dataclass
class _End:
    record: Record
    outcome: Outcome


class Writer:
    """Writes what it is given, in the order given, in a thread of its own.

    Args:
        keep_weights: how many of the best configs keep their weights, beside the baseline.
        after: called with every record once it is on the disk, in a thread of their own; for derived files.
        log: takes text for the study's log.
    """

    def __init__(self, study: Study, keep_weights: int, after: Sequence[After], log: Callable[[str], None]) -> None:
        self._study = study
        self._keep = keep_weights
        self._after = after
        self._log = log
        self._queue: queue.Queue[_Checkpoint | _End | None] = queue.Queue()
        self._written: queue.Queue[_End | None] = queue.Queue()  # for ``after``
        self._ended: set[str] = set()
        self._queued: dict[str, int] = {}  # checkpoints waiting, per run
        self._last: dict[str, tuple[float, float]] = {}  # per run: when its last checkpoint was written, what it took
        self._best: list[tuple[float, str, str]] = []  # (validation accuracy, config_hash, run_id) of rankable runs
        self._baseline_hash = study.meta.baseline_hash
        self._baseline_run: str | None = None
        reading = study.read()
        for record in reading.records:
            self._rank(record)
        recorded = {r.run_id for r in reading.records}
        self._spared = {line.run_id for line in reading.ignored} - recorded  # what is of no use now keeps its files
        if None not in self._spared:
            self._remove_others("predictions", ".npz", {r.run_id for r in reading.records if r.status == "complete"})
        self.error: BaseException | None = None
        self._writer = self._thread("writer", self._queue, self._write)
        self._deriver = self._thread("after", self._written, self._derive)

    def checkpoint(self, run_id: str, fetch: Fetch) -> None:
        """Write a checkpoint soon; skipped where one of the same run still waits or writing has cost too much.

        ``fetch`` gives what to write, called in the writer's thread when its turn has come: a slow disk then writes
        the latest, not what waited.
        """
        written, took = self._last.get(run_id, (0.0, 0.0))
        if not self._queued.get(run_id) and took <= WRITE_SHARE * (time.monotonic() - written):
            self._queued[run_id] = 1
            self._queue.put(_Checkpoint(run_id, fetch))

    def end(self, record: Record, outcome: Outcome) -> None:
        """Write an ended run."""
        self._ended.add(record.run_id)
        self._queue.put(_End(record, outcome))

    def flush(self) -> None:
        """Wait until all that was given is written; what is derived from it may come later."""
        self._queue.join()

    def close(self, *, drop_checkpoints: bool = False) -> None:
        """Write what is left and end. Raises what writing raised."""
        if drop_checkpoints:
            self._ended.update(self._queued)
        self._queue.put(None)
        self._writer.join()
        self._written.put(None)
        self._deriver.join()
        self.check()

    def check(self) -> None:
        """Raise what writing raised, in the caller's thread."""
        if self.error is not None:
            raise self.error

    def _thread(self, name: str, items: queue.Queue[Any], do: Callable[[Any], None]) -> threading.Thread:
        made = threading.Thread(target=self._work, args=(items, do), name=name, daemon=True)
        made.start()
        return made

    def _work(self, items: queue.Queue[Any], do: Callable[[Any], None]) -> None:
        while True:
            item = items.get()
            try:
                if item is None:
                    return
                do(item)
            except BaseException as error:  # noqa: BLE001 - handed to the engine's thread
                self.error = self.error or error
                self._log(traceback.format_exc())
            finally:
                items.task_done()

    def _write(self, item: _Checkpoint | _End) -> None:
        if isinstance(item, _Checkpoint):
            self._write_checkpoint(item)
        elif self.error is None:
            self._write_end(item)
            self._written.put(item)

    def _write_checkpoint(self, item: _Checkpoint) -> None:
        run_id = item.run_id
        self._queued.pop(run_id, None)
        if run_id in self._ended:
            return
        started = time.monotonic()
        try:
            found = item.fetch()
            if found is not None:
                checkpoints.save(self._study, *found)
        except Exception as error:  # noqa: BLE001 - a checkpoint is a convenience; a record that cannot be written is not
            self._log(f"checkpoint of {run_id} not written: {error}\n")
        now = time.monotonic()
        self._last[run_id] = (now, now - started)

    def _write_end(self, item: _End) -> None:
        study, record, outcome = self._study, item.record, item.outcome
        if record.status == "complete":
            study.save_predictions(record.run_id, outcome)
            if outcome.weights and self._rank(record):
                study.save_state(study.weights_path(record.run_id), outcome.weights)
        with writing(study.records_path):
            study.append(record)
        self._spared.discard(record.run_id)  # it is of use again
        checkpoints.remove(study, record.run_id)
        self._remove_others("weights", ".safetensors", self._ranking())

    def _derive(self, item: _End) -> None:
        for function in self._after:
            try:
                function(item.record, item.outcome)
            except (UserError, MemoryError):
                raise
            except Exception:  # noqa: BLE001 - derived files can be made again from the record
                self._log(f"after {item.record.run_id}:\n{traceback.format_exc()}")

    def _rank(self, record: Record) -> bool:
        """Take note of a complete run; return whether its weights are worth keeping now."""
        if record.status != "complete" or record.val_accuracy is None:
            return False
        if record.config_hash == self._baseline_hash:
            self._baseline_run = self._baseline_run or record.run_id
            return self._baseline_run == record.run_id
        if not any(name == record.config_hash for _, name, _ in self._best):
            self._best.append((-record.val_accuracy, record.config_hash, record.run_id))
            self._best.sort()
        return record.run_id in self._ranking()

    def _ranking(self) -> set[str]:
        best = {run_id for _, _, run_id in self._best[: self._keep]}
        return best | ({self._baseline_run} if self._baseline_run else set())

    def _remove_others(self, folder: str, ending: str, keep: set[str]) -> None:
        """Remove files of runs that are to have none: what a kill left before its record, weights that rank no more."""
        for name in self._study.files.names(folder):
            run_id = name.removesuffix(ending)
            if RUN_ID.fullmatch(run_id) and run_id not in keep and run_id not in self._spared:
                self._study.files.remove(f"{folder}/{name}")
