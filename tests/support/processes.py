"""Processes of an engine, seen from outside."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil

MARK = "STUDY_TEST_MARK"  # in the environment of a command, and so of all that it starts
KINDS = {"ray::": "worker", "study.engine.child": "worker", "engine/guard.py": "guard", "study.run": "driver"}


def marked(mark: str) -> list[psutil.Process]:
    """Every process that a command with this mark in its environment has started, and itself."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark:
                found.append(process)
    return found


def kind(process: psutil.Process) -> str:
    """Say what a process of the engine is: worker, raylet, gcs, guard, driver or what its command line says."""
    line = ""
    with contextlib.suppress(psutil.Error):
        first, *others = process.cmdline() or [""]
        line = " ".join([first, *others])
        for ending, name in (("/raylet", "raylet"), ("/gcs_server", "gcs")):
            if first.endswith(ending):
                return name
    return next((name for part, name in KINDS.items() if part in line), line[:80])


def is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "ImplicitFunc" in " ".join(process.cmdline())
    return False


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them lives; one that nobody has waited for does not."""
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                return False
    return True


def bytes_read() -> int:
    """Return how much this process has read by system calls so far."""
    return int(Path("/proc/self/io").read_text().split()[1])
