"""A process that outlives the driver by seconds and leaves nothing of it: ``guard.py FOLDER PID [SCREEN]``.

It waits until its standard input ends, as it does however the driver ends, then kills whatever holds a file below
FOLDER open, and removes FOLDER. Ray's own processes notice a killed driver too, but its agents only after a minute,
and what a trainable started never. Imports nothing but the standard library, so it costs 20 ms.

With SCREEN, a descriptor, it also tells of a daemon of Ray's that was killed where the driver can not: while Ray starts
its library may end the driver at once without a word, or hold Python's lock for ever; such a driver is killed.
"""

from __future__ import annotations

import contextlib
import glob
import os
import select
import shutil
import signal
import sys
import time

MARK = (
    "STUDY_ENGINE_FOLDER"  # in the environment of whatever the driver starts: what a training starts may hold no file
)
DAEMONS = ("raylet", "gcs_server")  # that a Ray of our own cannot do without
LOOK_EVERY = 50  # milliseconds between looks for them, while they start
STUCK = 15.0  # seconds after the death of one that the driver may take to end: ten of them for its writer
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


def daemons(process: int | str) -> dict[int, str]:
    """Return the daemons of Ray's among a process's own children: name by process."""
    found = {}
    for children in glob.glob(f"/proc/{process}/task/*/children"):
        with contextlib.suppress(OSError), open(children) as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/comm") as comm:
                    if (name := comm.read().strip()) in DAEMONS:
                        found[int(pid)] = name
    return found


def hold(held: dict[int, str], process: int | str) -> None:
    """Add to ``held``, by descriptor, the daemons that have started since; a descriptor tells of the end at once."""
    if len(held) < len(DAEMONS):
        with contextlib.suppress(OSError):
            for pid, name in daemons(process).items():
                if name not in held.values():
                    held[os.pidfd_open(pid)] = name


def killed(name: str) -> str:
    """Return the line that tells of a daemon's death."""
    return f"error: Ray's {name} was killed; the same command goes on"


def wait(driver: int, screen: int | None) -> None:
    """Wait for the end of the driver; see the module. It writes a byte when its daemons may end, or it tells of it."""
    held: dict[int, str] = {}  # by descriptor of the process
    dead, since = "", 0.0
    while True:
        if screen is None:
            sys.stdin.buffer.read()
            return
        hold(held, driver)
        waiting = select.poll()
        for descriptor in [0, *([] if dead else held)]:
            waiting.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in waiting.poll(LOOK_EVERY)]
        if 0 in ready:
            if os.read(0, 1):
                screen = None
                continue
            if dead:
                os.write(screen, f"{killed(dead)}\n".encode())
            return
        if ready and not dead:
            dead, since = held[ready[0]], time.monotonic()
        if dead and time.monotonic() - since > STUCK:
            os.kill(driver, signal.SIGKILL)


def main() -> None:
    """Wait, and leave nothing."""
    driver = int(sys.argv[2])
    wait(driver, int(sys.argv[3]) if len(sys.argv) > 3 else None)
    sys.exit(not clean(sys.argv[1], driver))


if __name__ == "__main__":
    main()
