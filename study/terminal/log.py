"""Keeping the screen for the live view: everything else that any library prints goes to the study's log."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO


class Log:
    """The study's log file, appended to; lines of ours carry the time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = open(path, "ab", buffering=0)  # noqa: SIM115 - open as long as the engine runs
        self._offsets: dict[Path, int] = {}

    def __call__(self, text: str) -> None:
        """Append text, each call stamped. A full disk loses the text, never whoever tells of that very disk."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with contextlib.suppress(OSError):
            self._file.write(f"[{stamp}] {text.rstrip()}\n".encode(errors="replace"))

    def fileno(self) -> int:
        """Descriptor, for redirecting."""
        return self._file.fileno()

    def collect(self, folder: Path | None) -> None:
        """Append what worker processes have printed since the last call (Ray keeps it under ``folder``)."""
        if folder is None:
            return
        for path in sorted(folder.glob("session_*/logs/worker-*.[oe][ur][tr]")):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                file.seek(self._offsets.get(path, 0))
                text = file.read()
                self._offsets[path] = file.tell()
                kept = [
                    line
                    for line in text.splitlines()
                    if line and not line.startswith((b":job_id:", b":actor_name:", b":task_name:"))
                ]
                if kept:
                    self._file.write(f"--- {path.name}\n".encode() + b"\n".join(kept) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@contextlib.contextmanager
def reserved(log: Log) -> Iterator[IO[str]]:
    """Send this process's stdout and stderr, Python's and C's, to ``log``; yield a stream to the real stderr."""
    screen, restore = _take_over(log)
    with open(log.path, "a", encoding="utf-8", errors="replace", buffering=1) as sink:
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
