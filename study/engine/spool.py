"""What is big between a driver and its one child on this machine: files in the engine's temporary folder.

Shared memory by hand (multiprocessing.shared_memory) would have to be counted and freed by hand too; a file goes with
its folder, whoever dies. safetensors for states and weights, pickle with its buffers apart for data: all are mapped.
"""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from results.arrays import map_state, read_header, write_state
from results.outcome import State

_numbers = itertools.count()


@dataclass(frozen=True)
class Spool:
    """The folder, from either side: a mailbox of states, and where references point to."""

    folder: Path

    def put(self, key: str, epoch: int, value: State) -> None:
        """See messages.Mailbox, as for the others."""
        _write(self._path(key), lambda file: write_state(file, value, {"epoch": str(epoch)}))

    def take(self, key: str, upto: int | None = None) -> tuple[int, State] | None:
        """Take (epoch, state); the arrays outlive the file."""
        try:
            with open(self._path(key), "rb") as file:
                epoch = int(read_header(file).notes["epoch"])
                if upto is not None and epoch > upto:
                    return None
                os.unlink(self._path(key))
                return epoch, map_state(file)
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        """Remove the file, if there is one."""
        self._path(key).unlink(missing_ok=True)

    def state(self, value: State) -> StateFile:
        """Leave weights here."""
        path = self.folder / f"weights-{os.getpid()}-{next(_numbers)}"
        _write(path, lambda file: write_state(file, value))
        return StateFile(path)

    def pickled(self, value: Any) -> PickleFile:
        """Leave an object here. Raises what pickling it raises."""
        path = self.folder / "data"
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        sizes: list[int] = []
        with open(path, "wb") as file:
            for buffer in buffers:
                with buffer.raw() as raw:
                    file.write(raw)
                    sizes.append(raw.nbytes)
                    file.write(b"\0" * (-raw.nbytes % 64))  # the next one is aligned, as numpy's own memory is
        return PickleFile(path, head, tuple(sizes))

    def _path(self, key: str) -> Path:
        return self.folder / key.replace(" ", "-")


@dataclass(frozen=True)
class StateFile:
    """Weights in a file."""

    path: Path

    def open(self) -> State | None:
        """Map them, read-only; None where they are gone."""
        try:
            with open(self.path, "rb") as file:
                return map_state(file)
        except FileNotFoundError:
            return None

    def drop(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class PickleFile:
    """An object whose buffers lie in a file, read-only and without a copy; small ones travel in ``head``."""

    path: Path
    head: bytes
    sizes: tuple[int, ...]

    def open(self) -> Any:
        """Return it."""
        parts: list[memoryview] = []
        if any(self.sizes):
            with open(self.path, "rb") as file:
                whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            begin = 0
            for size in self.sizes:
                parts.append(whole[begin : begin + size])
                begin += size + -size % 64
        return pickle.loads(self.head, buffers=parts or [memoryview(b"")] * len(self.sizes))

    def drop(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def _write(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    half = path.with_name(f"{path.name}.half")
    try:
        with open(half, "wb") as file:
            write(file)
        os.replace(half, path)
    except BaseException:
        with contextlib.suppress(OSError):
            half.unlink()
        raise
