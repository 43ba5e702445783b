"""Any folder of train/<class>/* and test/<class>/*: listed, decoded once by threads, kept as one .npz file."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet.decode import decode
from results.errors import UserError, nearest
from results.files import write_atomic

DECODER = 1  # raise it when decoding changes: what was kept by an older one is then decoded again

IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}  # as is every name that starts with a dot

SPLITS = ("train", "test")
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
Arrays = tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Class names; train images (n, 3, 32, 32) uint8, train labels (n,) int64; test images and labels alike."""


@dataclass(frozen=True)
class Listing:
    """The files of a class folder, in the order of their names, and a key that changes when any of them does."""

    class_names: tuple[str, ...]
    train: list[tuple[str, int]]  # (path, label)
    test: list[tuple[str, int]]
    key: str


def load(folder: Path, data_dir: Path, progress: bool = True) -> Arrays:
    """Load a class folder, decoding it only if ``data_dir`` does not hold its present state already.

    Raises UserError naming what is missing, empty, unreadable, no image or cut short; nothing is kept then.
    """
    listing = list_images(folder)
    where = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    kept = data_dir / "decoded" / f"{folder.resolve().name}-{where}.npz"  # one per folder: an older state is replaced
    found = _read(kept, listing.key)
    if found is not None:
        return found
    _check_writable(kept.parent)  # now, not after minutes of decoding
    with _bar(len(listing.train) + len(listing.test), folder, progress) as advance:
        arrays: dict[str, np.ndarray] = {}
        for split, files in zip(SPLITS, (listing.train, listing.test), strict=True):
            arrays[f"{split}_images"] = decode([path for path, _ in files], advance)
            arrays[f"{split}_labels"] = np.array([label for _, label in files], dtype=np.int64)
    about = {"key": np.array(listing.key), "class_names": np.array(listing.class_names)}
    write_atomic(kept, lambda file: np.savez(file, **about, **arrays))  # type: ignore[arg-type]
    return listing.class_names, *(arrays[name] for name in ARRAYS)  # type: ignore[return-value]


# -- listing -------------------------------------------------------------------------------------------------------


def list_images(folder: Path) -> Listing:
    """List ``train/<class>/*`` and ``test/<class>/*``; labels number the sorted class names from 0.

    Hidden files are left out. Raises UserError for a missing folder, fewer than two classes, classes that differ
    between train and test, and a class without images.
    """
    if not folder.exists():
        valid = "cifar10, digits, or a folder that holds train/<class> and test/<class>"
        raise UserError(f"no dataset at '{folder}', no such folder: give {valid}")
    if not folder.is_dir():
        raise UserError(f"dataset '{folder}' is a file: give the folder that holds train/ and test/")
    entries = [entry.name for entry in _scan(folder)]
    if not entries:
        raise UserError(f"dataset '{folder}' is empty: it needs train/<class>/* and test/<class>/*")
    for split in SPLITS:
        if not (folder / split).is_dir():
            raise UserError(f"dataset '{folder}' has no folder '{split}': it needs train/<class>/* and test/<class>/*")
    classes = {split: tuple(e.name for e in _scan(folder / split) if e.is_dir()) for split in SPLITS}
    for split, found in classes.items():
        if not found:
            raise UserError(f"'{folder / split}' is empty: it needs a folder of images for each class")
    for name in classes["test"]:
        if name not in classes["train"]:
            advice = nearest(name, classes["train"])
            raise UserError(f"class '{name}' is in '{folder / 'test'}' but not in train{advice}")
    for name in classes["train"]:
        if name not in classes["test"]:
            raise UserError(f"class '{name}' is in '{folder / 'train'}' but not in test: every class needs test images")
    names = classes["train"]
    if len(names) < 2:
        raise UserError(f"dataset '{folder}' has {len(names)} class ('{names[0]}'): it needs at least 2")
    key = hashlib.sha256(f"{DECODER}".encode())
    splits = {split: list(_files(folder, split, names, key.update)) for split in classes}
    return Listing(names, splits["train"], splits["test"], key.hexdigest())


def _files(
    folder: Path, split: str, names: tuple[str, ...], update: Callable[[bytes], None]
) -> Iterator[tuple[str, int]]:
    for label, name in enumerate(names):
        entries = _scan(folder / split / name)
        if not entries:
            raise UserError(f"class folder '{folder / split / name}' is empty")
        for entry in entries:
            if entry.is_dir():
                raise UserError(f"'{entry.path}' is a folder: images must lie directly in {split}/<class>/")
            try:
                stat = entry.stat()
            except OSError as error:
                raise UserError(f"cannot read '{entry.path}': {error.strerror}") from None
            update(os.fsencode(f"\0{split}/{name}/{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}"))
            yield entry.path, label


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """Entries that are not hidden, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            seen = [e for e in entries if not e.name.startswith(".") and e.name.lower() not in IGNORED]
    except OSError as error:
        raise UserError(f"cannot read folder '{folder}': {error.strerror}") from None
    return sorted(seen, key=lambda entry: entry.name)


# -- decoding ------------------------------------------------------------------------------------------------------


# -- what is kept --------------------------------------------------------------------------------------------------


def _read(path: Path, key: str) -> Arrays | None:
    """Return what was kept under ``key``; None if there is nothing, or not whole (every member has a checksum)."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["key"]) != key:
                return None
            names = tuple(str(name) for name in file["class_names"])
            return names, *(file[name] for name in ARRAYS)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        advice = "name a writable folder with --data-dir or STUDY_DATA_DIR"
        raise UserError(f"cannot keep decoded images in '{folder}': {error.strerror}; {advice}") from None


@contextmanager
def _bar(total: int, folder: Path, progress: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, a single line elsewhere, nothing if ``progress`` is False."""
    if not (progress and sys.stderr.isatty()):
        if progress:
            print(f"decoding the {total:,} images of '{folder}', once", file=sys.stderr, flush=True)
        yield lambda n: None
        return
    from rich.console import Console  # noqa: PLC0415 - no training process needs rich
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - no training process needs it

    columns = TextColumn("decoding, once"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("decode", total=total)
        yield lambda n: bar.advance(task, n)
