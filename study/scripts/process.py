"""A script's process: what it prints, line by line, and its end, which is the end of all that it has started."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from results.errors import BadResult, UserError, shown
from results.escaping import terminal
from study.scripts import leash
from study.scripts.lines import Lines
from study.scripts.template import OPTION, find_program

GRACE = 5.0  # seconds between SIGTERM and SIGKILL; an executor waits ten for a training to end
SLACK = 2.0  # seconds that the leash may take for more than it waits
CHUNK = 65_536  # bytes, what a pipe holds
QUOTED = 1500  # characters of last lines in a message
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # without which some Pythons do not start


class ScriptFailed(BadResult):
    """A script did not do what it should: the rule and its last lines, in one line."""

    @classmethod
    def quoting(cls, rule: str, tail: Sequence[str]) -> ScriptFailed:
        """Return the error that says ``rule`` and quotes the end of ``tail``."""
        said = " | ".join(terminal(line) for line in tail if line.strip())
        if len(said) > QUOTED:
            said = f"...{said[3 - QUOTED :]}"
        return cls(f"{rule}; its last lines: {said}" if said else f"{rule}; it printed nothing")


class Process:
    """See the module. A context: when it is left, however it is, nothing of the script lives.

    Args:
        argv: the program, found as a shell in ``cwd`` would find it, and its arguments. Its standard input is empty,
            its standard error goes where its output does.
        cwd: its folder.
        env: variables added to, or replacing, those of this process.
        grace: seconds that it has to end when it is told to.
        own: a folder that goes when nothing of it lives any more, also where this process was killed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        cwd: str | Path,
        env: Mapping[str, str] | None = None,
        grace: float = GRACE,
        own: str | None = None,
    ) -> None:
        self._argv, self._cwd, self._grace, self._own = list(argv), str(cwd), grace, own
        # Unbuffered: else Python's prints arrive by the 8 KB, and nothing is pruned. For C's stdio there is stdbuf.
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._lines = Lines()
        self._early: list[str] = []  # lines that came before it was known that the script has started
        self._heard = b""
        self._report: dict[str, Any] = {}  # what the leash has said
        self._over = False  # whether it says no more
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Process:
        """Start it. Raises UserError where the folder or the program is missing or may not be run."""
        if not os.path.isdir(self._cwd):
            raise UserError(f"{OPTION}: its folder {shown(self._cwd)} does not exist")
        reading, writing = os.pipe()
        self._reports = os.fdopen(reading, "rb", 0)
        try:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, str(writing)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={name: os.environ[name] for name in _LOADER if name in os.environ},  # see the leash
                pass_fds=[writing],
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            self._reports.close()
            raise
        finally:
            os.close(writing)
        try:
            self._start()
        except BaseException:
            self.end()
            raise
        return self

    def _start(self) -> None:
        order = {"argv": self._argv, "cwd": self._cwd, "env": self._env, "grace": self._grace, "own": self._own}
        order["worker"] = os.getpid()
        assert self._leash.stdin is not None and self._leash.stdout is not None
        for file in (self._leash.stdout, self._reports):
            self._selector.register(file, selectors.EVENT_READ)
        left = json.dumps(order).encode() + b"\n"
        with contextlib.suppress(BrokenPipeError):  # then it says nothing either
            while left:
                left = left[self._leash.stdin.write(left) or 0 :]
        while not self._report and not self._over:
            self._early += self._round(None)
        if "failed" in self._report:
            find_program(self._argv[0], self._cwd, self._env.get("PATH"))
            raise UserError(
                f"{OPTION}: the program {shown(self._argv[0])} cannot be run: {_why(*self._report['failed'])}"
            )
        if "started" not in self._report:
            raise ScriptFailed.quoting(f"the command's program {shown(self._argv[0])} was not started", self.tail)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.end()

    @property
    def pid(self) -> int:
        """The script's process, and its group."""
        return int(self._report["started"])

    @property
    def tail(self) -> list[str]:
        """The last lines so far."""
        return list(self._lines.tail)

    def lines(self) -> Iterator[str]:
        r"""Yield the lines that it prints, as they come, until nothing of it lives.

        With ``\r`` where a progress bar draws over them (see Lines). While the caller is busy with a line, the script
        goes on until the pipe is full, and then waits.
        """
        while self._early:
            yield self._early.pop(0)
        while not self._over:
            yield from self._round(None)
        for _ in range(2**20 // CHUNK):  # what a pipe may hold; not for ever, for what hangs in the kernel may hold it
            yield from self._round(0)
        yield from self._lines.last()

    def wait(self) -> int:
        """Read on to its end. Return its exit code, or minus the signal that has ended it."""
        for _ in self.lines():
            pass
        code = self._report.get("code")
        return -signal.SIGKILL if code is None else int(code)  # None: the leash was killed, and it thereby

    def check(self) -> None:
        """Read on to its end. Raises ScriptFailed, with the last lines, unless it ends with exit code 0."""
        if code := self.wait():
            raise ScriptFailed.quoting(f"the command {ending(code)}", self.tail)

    def end(self) -> None:
        """SIGTERM to all of it, SIGKILL after the grace to what lives on; at most grace + 5 s. May be called again.

        What it prints meanwhile is read, so that it cannot hang in printing, and is found in ``tail``.
        """
        if self._selector.get_map() is None:  # closed
            return
        try:
            self._tell()
            deadline = time.monotonic() + self._grace + leash.HARD + SLACK
            while not self._over and (left := deadline - time.monotonic()) > 0:
                self._round(left)
        finally:
            self._close()

    def _tell(self) -> None:
        assert self._leash.stdin is not None
        if not self._over:
            with contextlib.suppress(OSError):
                self._leash.stdin.write(b".")

    def _close(self) -> None:
        assert self._leash.stdin is not None and self._leash.stdout is not None
        self._selector.close()
        self._leash.stdin.close()  # a leash that is still there now kills at once
        if "started" in self._report and "code" not in self._report:  # but this one was killed itself
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._leash.wait(leash.HARD)
        self._leash.stdout.close()
        self._reports.close()

    def _round(self, seconds: float | None) -> list[str]:
        """Wait for output or a report, at most so long; return the lines that came."""
        found: list[str] = []
        if self._selector.get_map() is None:  # closed: after the end
            return found
        for key, _ in self._selector.select(seconds):
            data = os.read(key.fd, CHUNK)
            if not data:
                self._selector.unregister(key.fileobj)
            if key.fileobj is not self._reports:
                found += self._lines.feed(data)
                continue
            self._over = not data
            *whole, self._heard = (self._heard + data).split(b"\n")
            for line in whole:
                self._report |= json.loads(line)
        return found


def _why(number: int, text: str) -> str:
    if number == errno.ENOENT:
        return "it is there, but what its first line (#!) names is not"
    if number == errno.ENOEXEC:
        return f"{text}; begin it with #! and what runs it, or name that in the command"
    return text


def ending(code: int) -> str:
    """Say an exit code: ``ended with exit code 3``, ``was killed by SIGKILL``."""
    name = ""
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code if code < 0 else code - 128).name
    if code < 0:
        return f"was killed by {name or f'signal {-code}'}"
    return f"ended with exit code {code}" + (f" (of a shell: {name})" if name else "")
