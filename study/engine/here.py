"""The executor ``here``: one reused child process on this machine, one job after another.

A child, so that a training's time-outs, memory, folder and global generators stay out of the driver. Its files lie in
the engine's temporary folder, whose guard ends it when the driver dies.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import study
from results.errors import UserError, named
from results.files import writing
from study.engine.driver import Driver
from study.engine.failures import Death
from study.engine.messages import Mailbox, Message, Reference, TrialSpec
from study.engine.resources import Plan, plan_alone
from study.engine.spool import Spool
from study.engine.surroundings import Start
from study.engine.temporary import temporary_folder

TICK = 0.1  # seconds between looks at the clock and the keyboard
UNWIND = 10.0  # seconds that a training may take to end when it is told to stop; its process is replaced then
PRINTED = "worker-here.out"  # what the child prints, where the log collects it


class Here:
    """See the module.

    Args:
        plan: one training at a time.
        folder: the engine's temporary folder.
        environment: variables of the child.
    """

    def __init__(self, plan: Plan, folder: Path, environment: Mapping[str, str]) -> None:
        self.plan = plan
        self.folder: Path | None = folder
        self._spool = Spool(folder)
        self.mailbox: Mailbox = self._spool
        self._environment = dict(environment)
        self._child: _Child | None = None
        self._trial = ""

    def share(self, data: Any) -> Reference:
        """Put the data where the child maps them. Raises UserError for what cannot be pickled or written."""
        try:
            with writing(self._spool.folder):
                return self._spool.pickled(data)
        except (UserError, MemoryError):
            raise
        except Exception as error:
            raise UserError(f"what load_data returned cannot be pickled: {named(error)}") from error

    def kill(self, trial_id: str) -> None:
        """End a training's process at once."""
        if self._child is not None and trial_id == self._trial:
            self._child.kill()

    def run(self, driver: Driver) -> None:
        """Run what the driver hands out, until it raises Stop."""
        for number in itertools.count():
            self._trial = str(number)
            while (spec := driver.next(self._trial)) is None:
                driver.tick()
                time.sleep(TICK / 10)  # a state is on its way
            self._one(driver, spec)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close()

    def _one(self, driver: Driver, spec: TrialSpec) -> None:
        if self._child is None:
            self._child = _Child(self._spool.folder, self._environment)
        driver.on_start(self._trial, str(self._child.process.pid))
        try:
            self._child.connection.send(spec)
            self._talk(driver, self._child)
        except (EOFError, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | BrokenPipeError):
                raise  # the disk's, or our own
            death, self._child = Death.by_exit(self._child.ended()), None
            driver.on_worker_exit(self._trial, death)

    def _talk(self, driver: Driver, child: _Child) -> None:
        unwound = None  # when the training has to have ended
        while True:
            ended = child.process.poll() is not None
            try:
                message = child.messages.get(timeout=TICK)
            except queue.Empty:
                if ended:  # what it has started may hold its end of the connection open
                    raise EOFError from None
                driver.tick()
                if unwound is not None and time.monotonic() > unwound:
                    child.kill()
                continue
            if isinstance(message, EOFError):
                raise message
            if message is None:
                return
            stop = driver.on_report(self._trial, message)
            child.connection.send(stop)
            if stop and unwound is None:
                unwound = time.monotonic() + UNWIND
            driver.tick()


@contextlib.contextmanager
def on_here(start: Start) -> Iterator[Here]:
    """Make ready to train on this machine."""
    plan = plan_alone(start.options, start.runtime)
    with temporary_folder(in_memory=True) as folder:
        here = Here(plan, folder, start.environment(plan.cpus_per_trial))
        try:
            yield here
        finally:
            here.close()


def search_path() -> str:
    """Return where Python finds this toolkit, then what the driver's own environment says."""
    own = str(Path(str(study.__file__)).parents[1])
    return os.pathsep.join([own, *filter(None, [os.environ.get("PYTHONPATH")])])


class _Child:
    """The process, and a thread that receives what it says: one that is stopped in mid-sentence stops no clock."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs, open(folder / PRINTED, "ab") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "study.engine.child", str(theirs.fileno()), str(folder)],
                env={**os.environ, "PYTHONPATH": search_path(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C at the terminal is the driver's; what a training starts ends with it
            )
        self.connection = Connection(ours.detach())
        self.messages: queue.SimpleQueue[Message | None | EOFError] = queue.SimpleQueue()
        self._receiver = threading.Thread(target=self._receive, name="receiver", daemon=True)
        self._receiver.start()

    def _receive(self) -> None:
        try:
            while True:
                self.messages.put(self.connection.recv())
        except Exception as error:  # noqa: BLE001 - EOFError, reset, or a message that cannot be unpickled
            self.messages.put(EOFError(named(error)))

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def ended(self) -> int | None:
        """Return the exit code of a process that says no more; None where it lives on and had to be killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        code = self.process.poll()
        self.close()
        return code

    def close(self) -> None:
        """End the process and all of its group, and wait for it."""
        self.kill()
        self.process.wait()
        self._receiver.join(1)
        self.connection.close()
