"""Processes of an engine, seen from outside."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "ImplicitFunc" in " ".join(process.cmdline())
    return False


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Ask again and again; whether it came true in time."""
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
