"""A process that outlives the driver by seconds and leaves nothing of it: ``python -I -S guard.py FOLDER PID``.

It waits until its standard input ends, as it does however the driver ends, then kills whatever holds a file below
FOLDER open, and removes FOLDER. Ray's own processes notice a killed driver too, but its agents only after a minute,
and what a trainable started never. Imports nothing but the standard library, so it costs 20 ms.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time

MARK = (
    "STUDY_ENGINE_FOLDER"  # in the environment of whatever the driver starts: what a training starts may hold no file
)
SECONDS = 8.0  # how long to go on trying
PAUSE = 0.05
UNHEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)  # blocked by whoever starts it, from the first


def clean(folder: str, spared: int) -> bool:
    """Kill all who hold a file below ``folder`` open, but not process ``spared``; remove it; say whether it is gone."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = _holders(folder) - {spared, os.getpid()}
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.lexists(folder):
                return True
        time.sleep(PAUSE)  # those killed, and what they were just starting
    return False


def _holders(folder: str) -> set[int]:
    """Return the processes of this user that hold ``folder`` or what is below; none where there is no /proc."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return set()
    return {pid for pid in pids if _holds(f"/proc/{pid}", folder)}


def _holds(process: str, folder: str) -> bool:
    try:
        if os.stat(process).st_uid != os.getuid():
            return False
        links = [f"{process}/cwd", *(f"{process}/fd/{fd}" for fd in os.listdir(f"{process}/fd"))]
    except OSError:  # another user's, or gone meanwhile
        return False
    below = folder + os.sep
    for link in links:
        with contextlib.suppress(OSError):
            if (os.readlink(link) + os.sep).startswith(below):
                return True
    with contextlib.suppress(OSError), open(f"{process}/environ", "rb") as given:
        if os.fsencode(f"{MARK}={folder}") in given.read().split(b"\0"):
            return True
    with contextlib.suppress(OSError), open(f"{process}/maps", "rb") as maps:
        return b" " + os.fsencode(below) in maps.read()
    return False


def main() -> None:
    """Wait for the end of the driver; see the module."""
    sys.stdin.buffer.read()
    sys.exit(not clean(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
