"""What the user sees while jobs run: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from results.formatting import duration, percent, plural
from results.metric import Metric
from results.names import is_accuracy, is_loss, is_training, label_of
from results.outcome import Epoch
from results.record import Record
from results.values import validation_values, value_text
from study.jobs import Job
from study.terminal.console import console
from study.terminal.screen import inert, wrapped

REFRESH = 0.5  # seconds between redraws
BAR = 14  # columns of a training's own bar: names, places and scores have the rest of 80
PLAIN_EVERY = 60.0  # seconds between plain progress lines


@dataclass
class Running:
    """One job at work."""

    name: str
    epochs: int | None
    last: Epoch | None  # the last that it finished

    @property
    def epoch(self) -> int:
        """How far it is."""
        return self.last.epoch if self.last else 0


@dataclass
class Progress:
    """A snapshot of the engine."""

    total: int | None
    ended: Counter[str] = field(default_factory=Counter)  # by status, those of earlier starts included
    running: list[Running] = field(default_factory=list)
    elapsed: float = 0.0
    remaining: float | None = None  # seconds, estimated
    best: str = ""  # one line, from the source

    @property
    def done(self) -> str:
        """Say how many have ended: '3/12 done'."""
        done = sum(self.ended.values())
        return f"{done}/{self.total} done" if self.total else f"{done} done"

    @property
    def counts(self) -> str:
        """Say how many ended how, and how many run."""
        parts = [self.done, f"{len(self.running)} running"]
        parts += [f"{self.ended[s]} {s}" for s in ("pruned", "failed", "diverged") if self.ended[s]]
        return ", ".join(parts)

    @property
    def where(self) -> str:
        """Say between which epochs the running jobs are: ', at epoch 3 to 5 of 25'; empty before the first is done."""
        at = [r.epoch for r in self.running]
        if not any(at):
            return ""
        whole = {r.epochs for r in self.running}
        if whole == {None} and max(at) < 2:
            return ""  # one measurement is no sign that a training goes by epochs
        of = f" of {whole.pop()}" if len(whole) == 1 and None not in whole else ""
        return f", at epoch {min(at)}{f' to {max(at)}' if max(at) > min(at) else ''}{of}"


class LiveView:
    """Draws snapshots on ``stream``: on a terminal in place, elsewhere a line now and then and for each ended job."""

    def __init__(self, stream: IO[str], title: str, metric: Metric, quiet: bool = False) -> None:
        self._console = console(stream, quiet)
        self._title, self._metric = inert(title), metric
        self._live: Any = None
        self._drawn = -math.inf

    def __enter__(self) -> LiveView:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            with self._screen():
                self._live.stop()

    def fileno(self) -> int:
        """Descriptor of the screen, for another process; of the standard error where the stream has none."""
        try:
            return self._console.file.fileno()
        except (OSError, ValueError):
            return 2

    def say_at_all_events(self, text: str) -> None:
        """Print a line, asked to be quiet or not."""
        self._console.quiet = False
        self.say(text)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._screen():
            shown = Text(wrapped(inert(text), self._console.width))
            (self._live.console if self._live else self._console).print(shown, soft_wrap=True)

    @contextlib.contextmanager
    def _screen(self) -> Iterator[None]:
        """Go silent where the terminal is gone: no reason to end a sweep."""
        try:
            yield
        except OSError:
            self._console.quiet = True

    def epoch_ended(self, job: Job, epoch: Epoch) -> None:
        """Tell of an epoch of the one training that there is, where there is no live table."""
        if self._live is None and not self._console.quiet:
            whole = job.epochs
            rest = f" | {duration((whole - epoch.epoch) * epoch.seconds)} left" if whole else ""
            where = f"{at} | " if (at := place(epoch.epoch, whole)) else ""
            self.say(f"{where}{sentence(epoch, self._metric)} | {duration(epoch.seconds)}{rest}")

    def job_ended(self, record: Record, progress: Callable[[], Progress]) -> None:
        """Tell of an ended job: a failure on any screen, others only where there is no live table."""
        if self._console.quiet:
            return
        if self._live is None or record.status in ("failed", "diverged"):
            now = progress()
            self.say(f"{duration(now.elapsed)}  {now.done}  {describe(record, self._metric)}")
        self._drawn = min(self._drawn, time.monotonic() - PLAIN_EVERY + 5)

    def update(self, progress: Callable[[], Progress]) -> None:
        """Draw a snapshot if it is time to."""
        now = time.monotonic()
        if self._console.quiet or now - self._drawn < (REFRESH if self._live else PLAIN_EVERY):
            return
        self._drawn = now
        self._draw(progress())

    def _draw(self, progress: Progress) -> None:
        if self._live is not None:
            with self._screen():
                self._live.update(self._table(progress), refresh=True)
        else:
            best = f"  {progress.best}" if progress.best else ""
            self.say(f"{duration(progress.elapsed)}  {progress.counts}{progress.where}{_left(progress)}{best}")

    def _table(self, progress: Progress) -> Any:
        done = sum(progress.ended.values())
        table = Table.grid(padding=(0, 2))
        for _ in range(4):
            table.add_column(no_wrap=True, overflow="ellipsis")
        for run in progress.running:
            score = ""
            if run.last is not None:
                value = self._metric.score(run.last.values.get(self._metric.name))
                score = f"{self._metric.text(value)} validation"
            bar = ProgressBar(total=run.epochs or 1, completed=run.epoch, width=BAR)
            table.add_row(run.name, bar, place(run.epoch, run.epochs), score)
        lines = [f"{self._title}  {duration(progress.elapsed)}{_left(progress)}", progress.counts]
        lines += [progress.best] if progress.best else []
        if progress.total == 1:
            lines += [sentence(run.last, self._metric) for run in progress.running if run.last is not None]
        head, *rest = (Text(wrapped(inert(line), self._console.width)) for line in lines)
        head.stylize("bold")
        whole = Table.grid()  # a bar by itself ends no line
        whole.add_row(ProgressBar(total=progress.total or 1, completed=done, width=60))
        return Group(head, whole, *rest, table)


def place(epoch: int, whole: int | None) -> str:
    """Say how far a training is: 'epoch 3/25'; empty at the first of an unknown number, which may be no epoch."""
    return "" if whole is None and epoch < 2 else f"epoch {epoch}/{whole or '?'}"


def sentence(epoch: Epoch, metric: Metric) -> str:
    """Say in a line what an epoch measured of training and of validation: losses first, then the metric."""
    names = list(epoch.values)
    shown = [name for name in validation_values(metric, names) if name in names]
    shown.sort(key=lambda name: (name == metric.name, not is_loss(name)))
    training = [n for name in shown for n in names if is_training(n) and label_of(n) == label_of(name)]
    training = training or [n for n in names if is_training(n) and is_loss(n)]
    parts = [
        " ".join([split, *(f"{label_of(n)} {_value(metric, n, epoch.values[n])}" for n in own)])
        for split, own in (("train", training), ("validation", shown))
        if own
    ]
    return " | ".join(parts)


def _value(metric: Metric, name: str, value: float) -> str:
    return percent(value, 1) if is_accuracy(name) else value_text(metric, name, value)


def describe(record: Record, metric: Metric) -> str:
    """Say in one line how a job ended."""
    name = job_name(record.kind, record.trial, record.seed, record.run_id)
    by_epochs = len(record.history) > 1 or "epochs" in record.config
    epochs = plural(len(record.history), "epoch")
    if record.status == "complete" and record.score is not None:
        span = f" ({f'{epochs}, ' if by_epochs else ''}{duration(record.seconds)})"
        return f"{name}: {metric.text(record.score)} validation{span}"
    if record.status == "pruned" and record.score is not None:
        return f"{name}: stopped{f' after {epochs}' if by_epochs else ''} at {metric.text(record.score)} validation"
    return f"{name}: {record.status}: {record.error or 'no score'}"


def job_name(kind: str, trial: int | None, seed: int, run_id: str) -> str:
    """Name a job for people."""
    return f"trial {trial} ({run_id[:6]})" if trial is not None else f"{kind} {run_id[:6]} seed {seed}"


def _left(progress: Progress) -> str:
    return f", about {duration(progress.remaining)} left" if progress.remaining is not None else ""
