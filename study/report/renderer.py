"""The process that renders the page of a running study: ``python -m study.report.renderer STUDY LIVE PARENT NICE``.

It stands back behind trainings, takes no lock and writes no file: what it prints is a line of JSON with the seconds of
the processor that it took, then the page. LIVE is JSON: how many trainings are done besides the study's records (less
than none, where those of earlier commands do not count), and of how many. PARENT is the process that it ends with.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

from results.store import Study
from study.report.live import Live

PR_SET_PDEATHSIG = 1


def stand_back(parent: int, nice: int) -> None:
    """Yield to whatever trains, and end with the parent, however that ends."""
    os.nice(nice)
    with contextlib.suppress(OSError):  # where the kernel shares the time between sessions first
        Path("/proc/self/autogroup").write_text(str(nice))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), *map(ctypes.c_ulong, (0, 0, 0)))
    if os.getppid() != parent:
        sys.exit(1)


def main(folder: str, order: str) -> None:
    """Print the page."""
    from study.report.page import render  # noqa: PLC0415 - its imports are half of the work: not before it stands back

    what = json.loads(order)
    study = Study.open(Path(folder))
    done = len(study.records()) + what["beside"]
    page = render(study, Live(max(0, done), what["of"], what["at_most"])).encode()
    sys.stdout.buffer.write(json.dumps({"seconds": time.process_time()}).encode() + b"\n" + page)


if __name__ == "__main__":
    stand_back(int(sys.argv[3]), int(sys.argv[4]))
    main(sys.argv[1], sys.argv[2])
    sys.stdout.flush()
    os._exit(0)  # Python's own end took half a second of 3.9 more, which the line of JSON cannot know of
