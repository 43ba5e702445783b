"""What a trainable may change of the process it trains in, put back when it has ended."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Put the folder, the recursion limit, numpy's error state, stdout and stderr back, whatever happens inside.

    Not their descriptors: where those are closed, the next file that any thread opens takes their numbers.
    """
    folder, limit, streams = os.getcwd(), sys.getrecursionlimit(), {"stdout": sys.stdout, "stderr": sys.stderr}
    try:
        with np.errstate():
            yield
    finally:
        sys.setrecursionlimit(limit)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        for number, (name, stream) in enumerate(streams.items(), start=1):
            closed = stream is not None and stream.closed
            setattr(sys, name, open(number, "w", closefd=False) if closed else stream)  # noqa: SIM115
