"""Files written atomically and folders held by one writer; nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from results.errors import UserError


@contextlib.contextmanager
def lock_folder(path: Path) -> Iterator[None]:
    """Hold ``path`` for writing. Raises UserError naming the process that already does.

    The kernel drops the lock when its holder dies, however it dies, so there is never a stale one to remove.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        file: IO[str] = open(path / "study.lock", "a+", encoding="utf-8")  # noqa: SIM115 - held open while locked
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(f"study '{path}' is being written by process {file.read().strip() or 'unknown'}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _sweep_up(path)
        yield
    finally:
        file.close()


def _sweep_up(path: Path) -> None:
    """Remove what a writer that was killed left half-written; the lock says that there is no other writer."""
    if (path / "study.json").exists():
        for left in (*path.glob(".*.tmp"), *path.glob("*/.*.tmp")):
            with contextlib.suppress(OSError):
                left.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what a disk refuses (read-only, full) into a UserError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write '{error.filename or path}': {error.strerror or error}") from error


def write_atomic(path: Path, data: bytes | Callable[[IO[bytes]], None]) -> None:
    """Write a file so that a reader sees the old one or the whole new one. Raises UserError if the disk refuses."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                data(file) if callable(data) else file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
            sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def sync_folder(path: Path) -> None:
    """Make a new name in ``path`` survive lost power, as fsync of the file alone does not."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as a compressed .npz, atomically."""
    write_atomic(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """Read a .npz written by :func:`save_arrays`; None if there is none."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
