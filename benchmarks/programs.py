"""Programs that a benchmark runs and measures from outside: where they are, and the CPU time of all their processes.

A measured program says where it is on its standard output, a mark a line, and waits at each for an answer: while it
waits its CPU time is read. The program's end is :class:`Marks`, this one's :class:`Program`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

EVERY = 0.25  # seconds between looks at a program's processes


class Marks:
    """The measured program's end. Made first: what anybody else writes to standard output is dropped from then on."""

    def __init__(self) -> None:
        self._out: IO[str] = os.fdopen(os.dup(1), "w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        self._ended = 0

    def say(self, mark: str) -> None:
        """Say where the program is, and wait until that is noted."""
        print(mark, file=self._out, flush=True)
        sys.stdin.readline()

    @property
    def next(self) -> int:
        """The number of the trial that ends next, from 1."""
        return self._ended + 1

    def ended(self, at: Collection[int]) -> None:
        """Count one more ended trial; a mark where its number is in ``at``."""
        self._ended += 1
        if self._ended in at:
            self.say(str(self._ended))

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Stand in: Tune pickles its callbacks at the start, and never reads them again here."""
        return object, ()


@dataclass
class _Seen:
    parent: tuple[int, float] | None
    own: float = 0.0  # CPU seconds
    reaped: float = 0.0  # of children that it has waited for
    alive: bool = True
    children: list[tuple[int, float]] = field(default_factory=list)


class CpuClock:
    """CPU seconds of a process and all that descended from it, dead ones and orphans too.

    What died keeps the last value that was seen, or what its parent was told when it waited for it, whichever is
    more. Ray's daemons do not wait for all of theirs, so neither would do alone.
    """

    def __init__(self, pid: int) -> None:
        root = psutil.Process(pid)
        self._root = (pid, root.create_time())
        self._seen = {self._root: _Seen(None)}
        self._lock = threading.Lock()

    @property
    def processes(self) -> int:
        """How many have been seen."""
        return len(self._seen)

    def read(self) -> float:
        """Look at all processes now and return the total."""
        with self._lock:
            self._look()
            return self._total(self._root)

    def _look(self) -> None:
        found = sorted(psutil.process_iter(["pid", "ppid", "create_time", "cpu_times"]), key=_born)
        now = {(p.info["pid"], p.info["create_time"]): p.info for p in found if p.info["cpu_times"]}
        names = {pid: (pid, born) for pid, born in now}
        for name, info in now.items():
            parent = names.get(info["ppid"])
            if name not in self._seen:
                if parent not in self._seen:
                    continue
                self._seen[name] = _Seen(parent)
                self._seen[parent].children.append(name)
            times = info["cpu_times"]
            one = self._seen[name]
            one.own, one.reaped = times.user + times.system, times.children_user + times.children_system
        for name, one in self._seen.items():
            one.alive = name in now

    def _total(self, name: tuple[int, float]) -> float:
        one = self._seen[name]
        living = sum(self._total(child) for child in one.children if self._seen[child].alive)
        dead = sum(self._total(child) for child in one.children if not self._seen[child].alive)
        return one.own + living + max(dead, one.reaped)


def _born(process: psutil.Process) -> float:
    return float(process.info["create_time"] or 0)


class Program:
    """``python -m MODULE ARGUMENTS`` as it runs. ``look`` is called with its process again and again."""

    def __init__(self, *command: str, look: Callable[[psutil.Process], None] | None = None, every: float = EVERY):
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | one,
        )
        self.clock = CpuClock(self.process.pid)
        self._look, self._every = look, every
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def marks(self) -> Iterator[tuple[str, float, float]]:
        """Yield each mark with CPU and wall seconds since the start. Raises RuntimeError if the program fails."""
        started = time.monotonic()
        assert self.process.stdout is not None and self.process.stdin is not None
        try:
            for line in self.process.stdout:
                wall = time.monotonic() - started
                yield line.strip(), self.clock.read(), wall
                self.process.stdin.write("\n")
                self.process.stdin.flush()
            if self.process.wait() != 0:
                raise RuntimeError(f"{self.process.args!r} ended with {self.process.returncode}")
        finally:
            self._over.set()
            self._watcher.join()
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.terminate()
            self.process.wait()

    def _watch(self) -> None:
        process, read = psutil.Process(self.process.pid), -1.0
        while not self._over.wait(self._every):
            if time.monotonic() - read > EVERY:
                self.clock.read()
                read = time.monotonic()
            if self._look is not None:
                with contextlib.suppress(psutil.Error):
                    self._look(process)


def revision() -> str:
    """Return the commit that is measured; empty outside a repository."""
    command = ["git", "rev-parse", "--short=7", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False)
    return done.stdout.strip()


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write what was measured, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"also written to {path}")
