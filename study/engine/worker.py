"""What runs in a worker process: one training after another. Writes nothing to the study; all it knows it reports.

A worker may outlive a driver that was killed, while a new driver already writes the study. So only the driver
writes, and a worker sends: after each epoch its numbers, now and then its state, in the end its outcome.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from results.outcome import Epoch, State
from study.engine.mailbox import Mailbox
from study.engine.messages import Message, ObjectReference, Setup, TrialSpec

CHECKPOINT_SHARE = 0.025  # of training time that copying states may cost in the worker; writing has its own share
CHECKPOINT_AFTER = float(
    os.environ.get("STUDY_CHECKPOINT_SECONDS", "5")
)  # seconds of training below which starting again is cheaper than any checkpoint


_loaded: dict[str, Any] = {}  # what this process keeps from one training to the next: trainable and data


def run_job(config: dict[str, Any]) -> None:
    """Do ``config["spec"]``; the function that Tune runs."""
    spec: TrialSpec = config["spec"]
    setup = spec.setup
    reporter = _Reporter(spec.run_id)
    try:
        trainable, data = _prepare(setup)
        from study.protocol import Runtime, fit

        state = _earlier_state(spec)
        settings = trainable.Config(**spec.config)
        runtime = Runtime(device=setup.device, precision=setup.precision, threads=setup.threads)
        reporter.begin()
        outcome = fit(trainable, settings, spec.seed, data, reporter.on_epoch, state, runtime)
        reporter.send(Message(outcome=_stored(outcome)))
    except (Exception, SystemExit) as error:  # whatever a trainable raises is its result, not an accident of the engine
        if reporter.told_to_stop:
            raise
        named = _named(error)
        details = "".join(traceback.format_exception(error))
        _release_memory(error)
        reporter.send(Message(error=named, traceback=details))
        if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
            raise  # Tune then replaces this process: what filled its memory must not meet the next training


class _Reporter:
    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._begun = self._last = time.monotonic()
        self._cost = 0.0
        self._reporting = 0.0
        self.told_to_stop = False

    def begin(self) -> None:
        """Training proper begins; what came before counts as overhead."""
        self._begun = self._last = time.monotonic()

    def on_epoch(self, epoch: Epoch, copy_state: Any) -> bool:
        self.send(Message(epoch=epoch, has_state=self._checkpoint(epoch.epoch, copy_state)))
        return False  # to stop a training the driver ends the report above with SystemExit

    def _checkpoint(self, epoch: int, copy_state: Any) -> bool:
        now = time.monotonic()
        since = now - self._last
        if since < CHECKPOINT_AFTER or self._cost > CHECKPOINT_SHARE * since:
            return False
        try:
            Mailbox.find().put(f"from {self._run_id}", epoch, copy_state())
        except Exception:  # the mailbox was killed, and comes back; a training does not end for want of a checkpoint
            traceback.print_exc()
            return False
        finally:
            self._last = time.monotonic()
            self._cost = self._last - now
        return True

    def send(self, message: Message) -> None:
        import ray.tune

        begun = time.monotonic()
        message.worked = begun - self._begun - self._reporting
        try:
            ray.tune.report({"message": message})
        except SystemExit:  # how Tune ends a training: in its report
            self.told_to_stop = True
            raise
        self._reporting += time.monotonic() - begun


def _prepare(setup: Setup) -> tuple[ModuleType, Any]:
    if _loaded.get("key") != (setup.trainable, setup.source):
        for path in reversed(setup.paths):
            if path not in sys.path and os.path.isdir(path):
                sys.path.insert(0, path)
        _loaded.clear()
        _loaded["trainable"] = _load(setup)
        _loaded["data"] = setup.data.open()
        _loaded["key"] = (setup.trainable, setup.source)
    return _loaded["trainable"], _loaded["data"]


def _load(setup: Setup) -> ModuleType:
    from study.protocol import load_trainable

    if setup.source is None or Path(setup.trainable).is_file():
        return load_trainable(setup.trainable)
    module = ModuleType(setup.module)
    module.__file__ = setup.trainable
    sys.modules[setup.module] = module  # before executing: pydantic resolves annotations through it
    exec(compile(setup.source, setup.trainable, "exec"), module.__dict__)
    return module


def _stored(value: Any) -> ObjectReference:
    import ray

    return ObjectReference(ray.put(value))


def _earlier_state(spec: TrialSpec) -> State | None:
    if not spec.resumes:
        return None
    try:
        held = Mailbox.find().take(f"to {spec.run_id}")
    except Exception:  # the mailbox was killed meanwhile: starting again is dearer, not wrong
        traceback.print_exc()
        return None
    return held[1] if held else None


def _named(error: BaseException) -> str:
    """Say an exception in one line: its type and its last line, or the first of a config's own errors."""
    text = str(error).strip()
    last = text.splitlines()[-1].strip() if text else ""
    with contextlib.suppress(Exception):  # pydantic ends its text with a link
        first = error.errors()[0]  # type: ignore[attr-defined]
        last = f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}"
    return f"{type(error).__name__}: {last}" if last else type(error).__name__


def _release_memory(error: BaseException) -> None:
    """Let go of what the failed training still holds through the frames of its traceback."""
    traceback.clear_frames(error.__traceback__)
    torch = sys.modules.get("torch")
    if torch is not None:
        with contextlib.suppress(Exception):
            torch.cuda.empty_cache()
