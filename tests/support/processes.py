"""Processes of an engine, seen from outside."""

from __future__ import annotations

import contextlib

import psutil


def is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "ImplicitFunc" in " ".join(process.cmdline())
    return False
