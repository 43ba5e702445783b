"""What a trainable may change of the process it trains in, put back when it has ended."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Put the current folder, the recursion limit, stdout and stderr back, whatever happens inside."""
    folder, limit, streams = os.getcwd(), sys.getrecursionlimit(), (sys.stdout, sys.stderr)
    copies = [(number, copy) for number in (1, 2) if (copy := _copied(number)) is not None]
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        for number, copy in copies:
            os.dup2(copy, number)
            os.close(copy)
        for number, name, stream in zip((1, 2), ("stdout", "stderr"), streams, strict=True):
            closed = stream is not None and stream.closed
            setattr(sys, name, open(number, "w", closefd=False) if closed else stream)  # noqa: SIM115


def _copied(number: int) -> int | None:
    try:
        return os.dup(number)
    except OSError:  # closed before, as a daemon's
        return None
