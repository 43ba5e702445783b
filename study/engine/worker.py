"""What runs in a worker process: one training after another. Writes nothing to the study; all it knows it reports.

A worker may outlive a driver that was killed, while a new driver already writes the study. So only the driver
writes, and a worker sends: after each epoch its numbers, now and then its state, in the end its outcome.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from results.code import file_and_name
from results.outcome import Epoch, Outcome, State
from results.selection import selected
from study.engine.contained import contained
from study.engine.messages import Link, Message, Setup, TrialSpec
from study.jobs import Model
from study.protocol import Trainable, load_trainable, trainable_of
from study.scripts.scripted import scripted
from study.training.loop import reason, train

SOON = (
    1.0  # seconds since its last report within which a training's last epoch waits for the outcome: a report costs 5 ms
)
CHECKPOINT_SHARE = 0.025  # of training time that copying states may cost in the worker; writing has its own share

_loaded: dict[str, Any] = {}  # what this process keeps from one training to the next: trainable and data


def run_job(spec: TrialSpec, link: Link) -> None:
    """Train ``spec`` and report how that went.

    Raises:
        SystemExit: the driver has ended the training.
        MemoryError: reported already; what filled the memory of this process must not meet the next training.
    """
    reporter = _Reporter(spec, link)
    try:
        with contained():
            outcome = _outcome(spec, reporter)
        weights, outcome.weights = outcome.weights, {}
        wanted = bool(weights) and outcome.status == "complete" and _score(outcome) >= spec.threshold
        reporter.send(Message(outcome=link.refer(outcome), weights=link.refer(weights) if wanted else None))
    except BaseException as error:  # whatever a trainable raises is its result, not an accident of the engine
        if reporter.told_to_stop:
            raise SystemExit from None
        why, details = reason(error, _loaded.get("trainable")), "".join(traceback.format_exception(error))
        _release_memory(error)
        reporter.send(Message(error=why, traceback=details))
        if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
            raise


def _score(outcome: Outcome) -> float:
    metric = _loaded["trainable"].metric
    chosen = selected(outcome.history, metric)
    return -math.inf if chosen is None else metric.score(chosen.values[metric.name]) or 0.0


def _outcome(spec: TrialSpec, reporter: _Reporter) -> Outcome:
    model = _prepare(spec.setup)
    earlier = reporter.earlier_state()
    reporter.begin()
    return train(model, spec.config, spec.seed, reporter.on_epoch, earlier)


class _Reporter:
    def __init__(self, spec: TrialSpec, link: Link) -> None:
        self._spec, self._link = spec, link
        self._started = self._last = self._reported = time.monotonic()
        self._cost = 0.0
        self._held: Epoch | None = None  # the last, which the next message takes along
        self._reporting = 0.0
        self.told_to_stop = False

    def begin(self) -> None:
        """Training proper begins; what came before counts as overhead."""
        self._started = self._last = self._reported = time.monotonic()

    def earlier_state(self) -> tuple[int, State] | None:
        if not self._spec.resumes:
            return None
        try:
            return self._link.mailbox.take(f"to {self._spec.run_id}")
        except Exception:  # the mailbox was killed meanwhile: starting again is dearer, not wrong
            traceback.print_exc()
            return None

    def on_epoch(self, epoch: Epoch, copy_state: Callable[[], State] | None, last: bool) -> bool:
        if last and time.monotonic() - self._reported < SOON:
            self._held = epoch
        else:
            self.send(Message(epoch=epoch, has_state=self._checkpoint(epoch.epoch, copy_state)))
        return False  # to stop a training the driver ends the report above with SystemExit

    def _checkpoint(self, epoch: int, copy_state: Callable[[], State] | None) -> bool:
        now = time.monotonic()
        since = now - self._last
        if (
            copy_state is None
            or self.told_to_stop
            or since < self._spec.setup.checkpoint_after
            or self._cost > CHECKPOINT_SHARE * since
        ):
            return False
        try:
            self._link.mailbox.put(f"from {self._spec.run_id}", epoch, copy_state())
        except Exception:  # the mailbox was killed, and comes back; a training does not end for want of a checkpoint
            traceback.print_exc()
            return False
        finally:
            self._last = time.monotonic()
            self._cost = self._last - now
        return True

    def send(self, message: Message) -> None:
        if self.told_to_stop:  # and the trainable swallowed it
            raise SystemExit
        message.epoch, self._held = message.epoch or self._held, None
        started = time.monotonic()
        message.worked = started - self._started - self._reporting
        try:
            self._link.report(message)
        except SystemExit:
            self.told_to_stop = True
            raise
        self._reported = time.monotonic()
        self._reporting += self._reported - started


def _prepare(setup: Setup) -> Model:
    key = (setup.trainable, setup.source, setup.script)
    if _loaded.get("key") != key:
        for path in reversed(setup.paths):
            if path not in sys.path and os.path.isdir(path):
                sys.path.insert(0, path)
        _loaded.clear()
        _loaded["trainable"] = _load(setup)
        _loaded["data"] = setup.data.open()
        _loaded["key"] = key
    return Model(_loaded["trainable"], setup.trainable, _loaded["data"], setup.runtime)


def _load(setup: Setup) -> Trainable:
    if setup.script is not None:
        return scripted(setup.script)
    if setup.source is None or file_and_name(setup.trainable)[0].is_file():
        return load_trainable(setup.trainable)
    path, function = file_and_name(setup.trainable)
    file = str(path)
    module = ModuleType(setup.module)
    module.__file__ = file
    sys.modules[setup.module] = module  # before executing: pydantic resolves annotations through it
    exec(compile(setup.source, file, "exec"), module.__dict__)
    return trainable_of(module, setup.trainable, function)


def _release_memory(error: BaseException) -> None:
    """Let go of what the failed training still holds through the frames of its traceback."""
    each: BaseException | None = error
    seen: set[int] = set()  # a chain of exceptions may be a circle
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        each = each.__cause__ or each.__context__
    torch = sys.modules.get("torch")
    if torch is not None:
        with contextlib.suppress(Exception):
            torch.cuda.empty_cache()
