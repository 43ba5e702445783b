"""Keeping the screen for the live view: everything else that any library prints goes to the study's log."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import io
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from results.files import Folder


class Log:
    """The study's log file, appended to; lines of ours carry the time."""

    def __init__(self, study: Folder) -> None:
        self.path = study.path / "study.log"
        self._file = study.append("study.log", buffering=0)
        self._offsets: dict[str, int] = {}

    def __call__(self, text: str) -> None:
        """Append text, each call stamped. A full disk loses the text, never whoever tells of that very disk."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with contextlib.suppress(OSError):
            self._file.write(f"[{stamp}] {text.rstrip()}\n".encode(errors="replace"))

    def fileno(self) -> int:
        """Descriptor, for redirecting."""
        return self._file.fileno()

    def collect(self, folder: Path | None) -> None:
        """Append what worker processes have printed since the last call (it lies under ``folder``).

        Follows no link there, and reads nothing but regular files of this user.
        """
        for name in _worker_logs(folder) if folder is not None else ():
            with contextlib.suppress(OSError), _own_file(name) as file:
                file.seek(self._offsets.get(name, 0))
                text = file.read()
                self._offsets[name] = file.tell()
                kept = [
                    line
                    for line in text.splitlines()
                    if line and not line.startswith((b":job_id:", b":actor_name:", b":task_name:"))
                ]
                if kept:
                    self._file.write(f"--- {os.path.basename(name)}\n".encode() + b"\n".join(kept) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _worker_logs(folder: Path) -> Iterator[str]:
    """Yield files of what workers print: in the folder, and in Ray's sessions in it, but for links to such."""
    yield from _entries(str(folder), "worker-*.[oe][ur][tr]", folders=False)
    for session in _entries(str(folder), "session_*", folders=True):
        for logs in _entries(session, "logs", folders=True):
            yield from _entries(logs, "worker-*.[oe][ur][tr]", folders=False)


def _entries(folder: str, pattern: str, folders: bool) -> list[str]:
    try:
        with os.scandir(folder) as found:
            named = [entry for entry in found if fnmatch.fnmatch(entry.name, pattern)]
            kinds = {e.path: e.is_dir(follow_symlinks=False) if folders else not e.is_dir() for e in named}
    except OSError:
        return []
    return sorted(path for path, wanted in kinds.items() if wanted)


def _own_file(name: str) -> IO[bytes]:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        os.close(handle)
        raise OSError(errno.EINVAL, "not a file of this user's", name)
    return open(handle, "rb")


@contextlib.contextmanager
def reserved(log: Log) -> Iterator[IO[str]]:
    """Send this process's stdout and stderr, Python's and C's, to ``log``; yield a stream to the real stderr."""
    screen, restore = _take_over(log)
    with open(os.dup(log.fileno()), "a", encoding="utf-8", errors="replace", buffering=1) as sink:
        try:
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                yield screen
        finally:
            restore()


def _take_over(log: Log):  # type: ignore[no-untyped-def]
    try:
        real = os.dup(sys.stderr.fileno()) if sys.stderr.fileno() == 2 else None
    except (AttributeError, OSError, io.UnsupportedOperation):
        real = None
    if real is None:  # under a test's capture, or embedded: only Python's streams can be kept apart
        return sys.stderr, lambda: None
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    screen = os.fdopen(os.dup(real), "w", encoding=sys.stderr.encoding or "utf-8", errors="replace", buffering=1)

    def restore() -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            screen.flush()
        os.dup2(saved, 1)
        os.dup2(real, 2)
        os.close(saved)
        os.close(real)

    return screen, restore
