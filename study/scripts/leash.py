"""Holds a script, and lets nothing of it outlive the trial: ``leash.py STATUS``, a descriptor that it writes to.

Its standard input brings an order, one line of JSON (argv, cwd, env, grace in seconds, worker), then a byte when the
script is to be told to end, and ends itself when the worker does, however it does: killed by SIGKILL, too, when nothing
of the worker's runs any more. Then all that the script has started is killed at once. STATUS gets lines of JSON:
``{"started": pid}`` or ``{"failed": [errno, text]}``, and ``{"code": exit code, -signal}`` once nothing of it lives.

It runs apart from the worker's group (which the engine kills) and, by a stand-in, is not the worker's child (Ray kills
those of a worker that it ends); with no environment to speak of, and in ``/``, it is none of those whom the engine's
guard kills with the driver. On Linux it adopts what loses its parent, so what has left the group by setsid is found
too; if the leash itself is killed, the kernel kills the script, though not what that has started. Elsewhere there is
the group alone. What another service starts for a script, such as Docker, is out of reach.

The alternatives: PR_SET_PDEATHSIG set by the worker follows the *thread* that started the script, and knows no
grandchildren; a cgroup needs rights that a user may lack. Imports nothing but the standard library: 30 ms.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PAUSE = 0.02
HARD = 3.0  # seconds in which what was killed has to be gone; what hangs in the kernel is left then
WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


_libc = ctypes.CDLL(None) if LINUX else None  # once: nothing is to be loaded between fork and exec


def _prctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))


class Leash:
    """See the module."""

    def __init__(self, status: int, order: dict[str, Any], worker: int | None) -> None:
        self._status, self._order = status, order
        self._code: int | None = None
        self._told = self._alone = False  # to end the script; that the worker is gone
        self._pid = 0
        self._heard: set[int] = set()  # who has got the last signal
        self._poll = select.poll()
        self._worker = worker
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        for number in WATCHED:
            signal.signal(number, self._on_signal)  # not SIG_IGN: that the script would inherit
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for descriptor in (0, self._woken, *(() if worker is None else (worker,))):
            self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Start the script, wait for its end or an order to end it, and end what is left."""
        try:
            script = subprocess.Popen(
                self._order["argv"],
                cwd=self._order["cwd"],
                env=self._order["env"],
                stdin=subprocess.DEVNULL,
                stdout=1,
                stderr=1,
                start_new_session=True,
                preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # sound here: there is one thread
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._say({"failed": [getattr(error, "errno", None) or 0, getattr(error, "strerror", None) or str(error)]})
            return
        self._pid = script.pid
        self._say({"started": self._pid})
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 1)  # the script's output ends with the script
        os.dup2(silent, 2)
        while self._living() and self._code is None and not self._told and not self._alone:
            self._wait(None)
        self._finish()
        script.returncode = self._code
        self._say({"code": self._code})

    def _finish(self) -> None:
        """SIGTERM to all that is left, and SIGKILL after the grace, or at once where no worker waits."""
        deadline = time.monotonic() + self._order["grace"]
        if not self._alone and self._living():
            self._send(signal.SIGTERM, signal.SIGCONT)  # one that is stopped hears nothing
        while self._living() and not self._alone and time.monotonic() < deadline:
            if self._code is not None:  # not before: what a script starts in order to save is not to be disturbed
                self._send(signal.SIGTERM, anew=True)
            self._wait(PAUSE)
        deadline = time.monotonic() + HARD
        while self._living() and time.monotonic() < deadline:
            self._send(signal.SIGKILL)  # again and again: what they were just starting
            self._wait(PAUSE)

    def _wait(self, seconds: float | None) -> None:
        """Wait until something happens, and note what."""
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._woken:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            elif descriptor == 0 and os.read(0, 4096):
                self._told = True
            else:  # the pipe's other end is closed, or the worker's process has ended
                self._alone = True
                self._poll.unregister(descriptor)

    def _living(self) -> bool:
        """Reap who has ended; whether anybody of the script's lives: on Linux all are our children, or theirs."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not LINUX and self._group(0)
            if pid == 0:
                return True
            if pid == self._pid:
                self._code = os.waitstatus_to_exitcode(status)

    def _send(self, *numbers: int, anew: bool = False) -> None:
        """Signal all there are; ``anew``: those that came after the last time.

        One list for all ``numbers``: whom a second one shows has come after the first signal and has not heard it.
        """
        if not LINUX and not anew:
            for number in numbers:
                self._group(number)
        there = set(_descendants(os.getpid()))
        heard, self._heard = self._heard if anew else set(), there
        for pid in there - heard:
            for number in numbers:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)

    def _group(self, number: int) -> bool:
        try:
            os.killpg(self._pid, number)
        except OSError:
            return False
        return True

    def _on_signal(self, number: int, _: object) -> None:
        self._told = self._told or number != signal.SIGCHLD

    def _say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # nobody listens
            os.write(self._status, json.dumps(message).encode() + b"\n")


def _descendants(ancestor: int) -> list[int]:
    """Return the processes below ``ancestor``; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                # pid (name, which may hold anything) state parent ...
                parent = int(stat.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, open_ = [], [ancestor]
    while open_:
        below = children.get(open_.pop(), [])
        found += below
        open_ += below
    return found


def _order() -> dict[str, Any]:
    read = b""
    while not read.endswith(b"\n"):
        if not (more := os.read(0, 65536)):
            sys.exit()  # the worker ended before it said anything
        read += more
    order: dict[str, Any] = json.loads(read)
    return order


def main() -> None:
    """Leave a stand-in as the worker's child, which ends with the leash."""
    order = _order()
    worker = None
    with contextlib.suppress(OSError, AttributeError):  # no pidfds here: the pipe tells, unless the worker has forked
        worker = os.pidfd_open(order["worker"])
    if worker is not None and os.getppid() != order["worker"]:
        return  # it ended meanwhile, and the number may be another's
    status = int(sys.argv[1])
    if leash := os.fork():
        for descriptor in (1, 2, status):  # to hold them open would hide their end
            os.close(descriptor)
        os.waitpid(leash, 0)
        os._exit(0)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        Leash(status, order, worker).run()
    finally:
        if order["own"] is not None:
            import shutil  # noqa: PLC0415 - 10 ms that few scripts need, after their end

            shutil.rmtree(order["own"], ignore_errors=True)


if __name__ == "__main__":
    main()
