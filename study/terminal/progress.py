"""Progress of one training: a calm bar on a terminal, a line per epoch in a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from results.formatting import duration, loss, percent
from results.outcome import Epoch
from study.jobs import Job
from study.terminal.screen import note


class RunProgress(Protocol):
    """Hears of one training."""

    def begin(self, job: Job, history: list[Epoch]) -> None:
        """Hear that it starts, or goes on after ``history``."""

    def epoch(self, epoch: Epoch) -> None:
        """Hear of a finished epoch."""

    def end(self) -> None:
        """Hear that it ended, in whatever way."""


def run_progress(quiet: bool) -> RunProgress:
    """Choose by where stderr goes."""
    if quiet:
        return _Silent()
    return _Outliving(_Bar() if sys.stderr.isatty() else _Lines())


def sentence(epoch: Epoch) -> str:
    """Say an epoch in a line."""
    return (
        f"train loss {loss(epoch.train_loss)} accuracy {percent(epoch.train_accuracy, 1)} | "
        f"validation loss {loss(epoch.val_loss)} accuracy {percent(epoch.val_accuracy, 1)} | {duration(epoch.seconds)}"
    )


class _Silent:
    def begin(self, job: Job, history: list[Epoch]) -> None:
        pass

    def epoch(self, epoch: Epoch) -> None:
        pass

    def end(self) -> None:
        pass


class _Outliving:
    """Goes silent where the screen is gone (a closed terminal, a reader that ended): no reason to end a training."""

    def __init__(self, shown: RunProgress) -> None:
        self._shown: RunProgress = shown

    def begin(self, job: Job, history: list[Epoch]) -> None:
        with self._gone():
            self._shown.begin(job, history)

    def epoch(self, epoch: Epoch) -> None:
        with self._gone():
            self._shown.epoch(epoch)

    def end(self) -> None:
        with self._gone():
            self._shown.end()

    @contextlib.contextmanager
    def _gone(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._shown = _Silent()


class _Lines(_Silent):
    def __init__(self) -> None:
        self._total: int | None = None

    def begin(self, job: Job, history: list[Epoch]) -> None:
        self._total = job.epochs
        where = f", going on after epoch {history[-1].epoch}" if history else ""
        note(f"training {job.run_id}: seed {job.seed}, {job.epochs or '?'} epochs{where}")

    def epoch(self, epoch: Epoch) -> None:
        rest = f" | {duration((self._total - epoch.epoch) * epoch.seconds)} left" if self._total else ""
        note(f"epoch {epoch.epoch}/{self._total or '?'} | {sentence(epoch)}{rest}")


class _Bar(_Silent):
    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[last]}"),
            console=Console(stderr=True),
            refresh_per_second=2,
        )
        self._task: TaskID | None = None

    def begin(self, job: Job, history: list[Epoch]) -> None:
        self._task = self._bar.add_task(
            f"seed {job.seed}", total=job.epochs, completed=len(history), last=sentence(history[-1]) if history else ""
        )
        self._bar.start()

    def epoch(self, epoch: Epoch) -> None:
        assert self._task is not None
        self._bar.update(self._task, completed=epoch.epoch, last=sentence(epoch))

    def end(self) -> None:
        self._bar.stop()
