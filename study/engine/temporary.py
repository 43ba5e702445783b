"""The temporary folder of one start of the engine, which no end of the driver leaves behind."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from study.engine import guard

PREFIX = "study-engine-"
NAMESPACE = "namespace"  # a file in that folder
SOCKET_PATH = 107  # bytes a socket's path may have
SOCKET_ROOM = len("/r/session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store")  # of them Ray's, the longest
OWN_ROOM = len(f"/{PREFIX}1234567-12345678")  # and ours


MEMORY = "/dev/shm"  # noqa: S108 - Linux's folder in memory, where Ray keeps its objects too
ROOMY = 2**31  # bytes that have to be free there; containers often have 64 MB


@dataclass
class Watch:
    """Over the daemons of a Ray of our own, by the process that guards the folder; ``screen`` is where it tells."""

    screen: int  # descriptor
    pipe: IO[bytes] | None = None

    def expected(self) -> None:
        """From now on their end is, or this process tells of it."""
        if self.pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                self.pipe.write(b".")
                self.pipe.flush()


@contextlib.contextmanager
def temporary_folder(in_memory: bool = False, watch: Watch | None = None) -> Iterator[Path]:
    """Yield a folder that only this user may enter, short enough for sockets in it, gone with all who use it.

    ``in_memory``: where there is room, so that what is big passes through no disk on its way to the study's.
    ``watch``: has that process tell of killed daemons of Ray's too.

    When the block or this process ends, however it does, a process of its own kills whoever holds a file in the
    folder open, or was started with it in its environment, and removes it. Folders that neither survived to remove,
    as after a loss of power, the next start removes.
    """
    remove_stale()
    where = MEMORY if in_memory and _roomy() else short_tmp()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=where))  # 0700
    (folder / NAMESPACE).write_text(_namespace())
    before = os.environ.get(guard.MARK)
    with _guarded(str(folder), watch):
        os.environ[guard.MARK] = str(folder)
        try:
            yield folder
        finally:
            os.environ.pop(guard.MARK)
            if before is not None:
                os.environ[guard.MARK] = before


@contextlib.contextmanager
def _guarded(folder: str, watch: Watch | None) -> Iterator[None]:
    """Hold the pipe whose end the guard waits for."""
    command = [sys.executable, "-I", "-S", guard.__file__, folder, str(os.getpid())]
    silent = subprocess.DEVNULL
    screen = [] if watch is None else [os.dup(watch.screen)]  # its own standard error is silent
    before = signal.pthread_sigmask(signal.SIG_BLOCK, guard.UNHEARD)  # it inherits this
    try:
        process = subprocess.Popen(
            [*command, *map(str, screen)],
            stdin=subprocess.PIPE,
            stdout=silent,
            stderr=silent,
            cwd="/",
            start_new_session=True,
            pass_fds=screen,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for descriptor in screen:
            os.close(descriptor)
    assert process.stdin is not None
    held = process.stdin
    os.register_at_fork(after_in_child=held.close)  # a forked child that lives on would hold it too
    if watch is not None:
        watch.pipe = held
    try:
        yield
    finally:
        if watch is not None:
            watch.expected()
        held.close()
        if process.wait() != 0:  # it was killed itself, or could not
            guard.clean(folder, os.getpid())


def remove_stale() -> None:
    """Remove the folders whose process is no more, and whoever still writes there."""
    for name in [n for where in (short_tmp(), MEMORY) for n in glob.glob(os.path.join(where, f"{PREFIX}*"))]:
        pid = Path(name).name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)) and _own(name) and not _foreign(Path(name)):
            guard.clean(name, os.getpid())


def _roomy() -> bool:
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ROOMY and os.access(MEMORY, os.W_OK | os.X_OK)


def short_tmp() -> str:
    """Return where temporary files lie, or /tmp where the path of a socket there would be too long."""
    folder = tempfile.gettempdir()
    room = SOCKET_PATH - SOCKET_ROOM - OWN_ROOM
    return folder if len(os.fsencode(folder)) <= room or not os.path.isdir("/tmp") else "/tmp"  # noqa: S108


def _namespace() -> str:
    """Name the numbering of processes that this one is in: a container has its own; empty where there is no /proc."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _own(folder: str) -> bool:
    """Whether it is a folder of this user, and no link: anybody may put one where temporary files lie."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _foreign(folder: Path) -> bool:
    """Whether another container that shares this folder for temporary files made it: its processes are not seen."""
    try:
        return (folder / NAMESPACE).read_text() != _namespace()
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
