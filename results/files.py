"""The one door to a study's folder: a mailed folder may hold anything, so every file in it is opened here.

Promised: the folder's own path may lead through links and is resolved once, when :class:`Folder` is made. Inside it no
link is followed, neither of a file nor of a folder on the way; only regular files are opened, so nothing blocks (FIFO)
or acts (device); no file larger than its kind may be is read; a file that also has a name elsewhere (a hard link) is
not written in place. Everything goes by descriptor from the folder down (``openat``), so exchanging a name between a
check and its use changes nothing. Files are written whole or not at all.

Not promised: what another process with the user's own rights does to the folder's parents, or to a file while it is
read; SQLite opens ``optuna.db`` by its path (see study.search.storage), where only the check beforehand protects.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from results.errors import UserError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # without O_NONBLOCK a FIFO would wait for its other end
HALF = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")  # what Folder.write calls a file that is not whole yet
FOLDERS = (".", "artefacts", "checkpoints", "predictions", "weights")  # those that the toolkit writes to
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class Refused(UserError):
    """Something inside a study's folder that is not opened: no regular file, or too large."""


class Held(UserError):
    """Another process writes to the study."""


class Folder:
    """A folder nothing in which is trusted. Names are relative to it, or paths inside it."""

    def __init__(self, path: Path) -> None:
        try:
            self.path = Path(os.path.realpath(path))
        except ValueError as error:  # a NUL
            raise UserError(f"{str(path)!r} is no path: {error}") from None

    def holds(self, path: Path) -> bool:
        """Whether ``path`` lies inside the folder, as it is written."""
        return Path(os.path.abspath(path)).is_relative_to(self.path)

    def exists(self, name: str | Path) -> bool:
        """Whether there is a regular file of this name."""
        try:
            with self._above(name) as (at, last):
                return stat.S_ISREG(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode)
        except (OSError, Refused):
            return False

    def expect_file(self, name: str | Path) -> None:
        """Raise Refused unless there is nothing of this name, or a regular file."""
        with contextlib.suppress(FileNotFoundError), self._above(name) as (at, last):
            self._expect_file(at, last, name)

    def open(self, name: str | Path, most: int) -> IO[bytes]:
        """Open a file for reading.

        Raises:
            FileNotFoundError: there is none.
            Refused: it is no regular file, lies behind a link, or has more than ``most`` bytes.
            OSError: the disk refuses.
        """
        with self._above(name) as (at, last):
            handle = self._handle(at, last, os.O_RDONLY, name)
        size = os.fstat(handle).st_size
        if size > most:
            os.close(handle)
            raise Refused(f"'{self.path / name}' has {size:,} bytes; at most {most:,} are read")
        return os.fdopen(handle, "rb")

    def read(self, name: str | Path, most: int) -> bytes:
        """Return a file's bytes; raises as :meth:`open`."""
        with self.open(name, most) as file:
            return file.read(most)

    def names(self, folder: str) -> list[str]:
        """List the regular files of a folder inside; none where it is missing or no folder."""
        try:
            with self._above(f"{folder}/x") as (at, _), os.scandir(at) as entries:
                return sorted(e.name for e in entries if e.is_file(follow_symlinks=False))
        except (FileNotFoundError, Refused):
            return []

    def write(self, name: str | Path, data: bytes | Callable[[IO[bytes]], None]) -> None:
        """Write a file so that a reader sees the old one or the whole new one. Raises UserError where that fails."""
        with writing(self.path / name), self._above(name, make=True) as (at, last):
            self._expect_file(at, last, name)
            half = f".{last}.{secrets.token_hex(4)}.tmp"
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FILE, 0o600, dir_fd=at)
            try:
                with os.fdopen(handle, "wb") as file:
                    data(file) if callable(data) else file.write(data)
                    file.flush()
                    os.fchmod(handle, 0o644)
                    os.fsync(handle)
                os.replace(half, last, src_dir_fd=at, dst_dir_fd=at)
                os.fsync(at)  # makes the new name survive lost power, as fsync of the file alone does not
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(half, dir_fd=at)
                raise

    def append(self, name: str | Path, buffering: int = -1) -> IO[bytes]:
        """Open a file, made where it is missing, for reading and for writing at its end. Raises UserError."""
        with writing(self.path / name), self._above(name, make=True) as (at, last):
            handle = self._handle(at, last, os.O_RDWR | os.O_CREAT | os.O_APPEND, name)
            try:
                found = os.fstat(handle)
                if found.st_nlink > 1:
                    raise Refused(f"'{self.path / name}' has a second name elsewhere (a hard link): it is left alone")
                if not found.st_size:  # else whoever wrote to it first has made its name survive
                    os.fsync(at)
                return os.fdopen(handle, "a+b", buffering)
            except BaseException:
                os.close(handle)
                raise

    def remove(self, name: str | Path) -> None:
        """Remove a regular file, if there is one; anything else of this name is left alone."""
        if self.exists(name):
            with contextlib.suppress(FileNotFoundError), self._above(name) as (at, last):
                os.unlink(last, dir_fd=at)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder, made where it is missing, for writing. Raises Held, naming the process that does.

        The kernel drops the lock when its holder dies, however it dies, so there is never a stale one to remove.
        """
        with self.append("study.lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read(20).decode(errors="replace").strip()
                raise Held(
                    f"study '{self.path}' is being written by process {holder if holder.isdigit() else 'unknown'}"
                ) from None
            with writing(self.path / "study.lock"):
                file.truncate(0)
                file.write(str(os.getpid()).encode())
                file.flush()
                self._sweep_up()
            yield

    def _sweep_up(self) -> None:
        """Remove what a writer that was killed left half-written; the lock says that there is no other writer."""
        if not self.exists("study.json"):
            return
        for folder in FOLDERS:
            for name in self.names(folder):
                if HALF.fullmatch(name):
                    with contextlib.suppress(OSError):
                        self.remove(Path(folder, name))

    @contextlib.contextmanager
    def _above(self, name: str | Path, make: bool = False) -> Iterator[tuple[int, str]]:
        """Yield a descriptor of the folder that ``name`` lies in, and the last part of the name."""
        path = Path(name)
        *folders, last = (path.relative_to(self.path) if path.is_absolute() else path).parts
        if ".." in (*folders, last):
            raise Refused(f"'{path}' leads out of '{self.path}'")
        if make:
            os.makedirs(self.path, exist_ok=True)
        at = os.open(self.path, FOLDER)
        try:
            for i, folder in enumerate(folders):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=at)
                try:
                    below = os.open(folder, FOLDER, dir_fd=at)
                except OSError as error:
                    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
                        raise self._refusal(at, folder, Path(*folders[: i + 1]), "folder") from None
                    raise
                os.close(at)
                at = below
            yield at, last
        finally:
            os.close(at)

    def _handle(self, at: int, last: str, flags: int, name: str | Path) -> int:
        self._expect_file(at, last, name)
        try:
            handle = os.open(last, flags | FILE, 0o644, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
                raise self._refusal(at, last, name, "file") from None
            raise
        if not stat.S_ISREG(os.fstat(handle).st_mode):  # exchanged since it was looked at
            os.close(handle)
            raise self._refusal(at, last, name, "file")
        return handle

    def _expect_file(self, at: int, last: str, name: str | Path) -> None:
        """Refuse what is neither missing nor a regular file before it is opened: opening a device may act."""
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(last, dir_fd=at, follow_symlinks=False).st_mode):
                raise self._refusal(at, last, name, "file")

    def _refusal(self, at: int, last: str, name: str | Path, wanted: str) -> Refused:
        try:
            mode = os.stat(last, dir_fd=at, follow_symlinks=False).st_mode
        except OSError:
            mode = 0
        found = KINDS.get(stat.S_IFMT(mode), "something else")
        return Refused(f"'{self.path / name}' is {found}, not a {wanted} of the study's own: it is left alone")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what a disk refuses (read-only, full) into a UserError that names ``path``."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) and os.path.isabs(error.filename) else path
        why = error.strerror or f"No space left on device? {error}"  # numpy's own, of a write that fell short
        raise UserError(f"cannot write '{name}': {why}") from error


def write_atomic(path: Path, data: bytes | Callable[[IO[bytes]], None]) -> None:
    """Write a file that the user named, its folder made where it is missing: :meth:`Folder.write`."""
    Folder(path.parent).write(path.name, data)
