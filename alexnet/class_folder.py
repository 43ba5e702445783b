"""Any folder of train/<class>/* and test/<class>/*: listed, decoded once by threads, kept as one .npz file."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from results.errors import UserError, nearest
from results.store import write_atomic

SIZE = 32  # pixels, both ways
DECODER = 1  # raise it when decoding changes: what was kept by an older one is then decoded again
CHUNK = 128  # images a thread takes at a time
SMALL = 4096  # bytes per file on average, below which one thread is faster than several

# Formats people keep datasets in. The list is closed because some of Pillow's others run programs (EPS) on opening.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
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
        raise UserError(f"no dataset at '{folder}': no such folder")
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


def decode(paths: list[str], advance: Callable[[int], None] = lambda n: None) -> np.ndarray:
    """Decode image files to (n, 3, 32, 32) uint8, in order; ``advance`` is told how many more are done.

    Raises UserError naming the first file that is no whole image, and how many others are not.
    """
    images = np.empty((len(paths), 3, SIZE, SIZE), dtype=np.uint8)
    Image.init()  # now: threads would race to load the decoders

    def work(start: int) -> list[str]:
        problems = []
        chunk = paths[start : start + CHUNK]
        for offset, path in enumerate(chunk):
            try:
                images[start + offset] = np.asarray(read_image(path)).transpose(2, 0, 1)
            except UserError as error:
                problems.append(str(error))
        advance(len(chunk))
        return problems

    # Threads, not processes: decoding releases the GIL, and a fork would copy this process's locks. Below a few kB a
    # file it is nearly all Python's own work, which threads only slow down (32x32 JPEGs: one 130 us, four 210 us each).
    sample = paths[:: max(1, len(paths) // 100)]
    small = sum(_size(path) for path in sample) < SMALL * len(sample)
    pool = ThreadPoolExecutor(1 if small else _cores(), thread_name_prefix="decode")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what it cannot read is an error below
            problems = [p for found in pool.map(work, range(0, len(paths), CHUNK)) for p in found]
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C ends after the chunks under way
    if problems:
        more = f" ({len(problems) - 1:,} other files have problems too)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    return images


def read_image(path: str) -> Image.Image:
    """Decode one file to a 32x32 RGB image. Raises UserError if it is no image, cut short or unreadable."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UserError(f"cannot read '{path}': {error.strerror}") from None
    if not data:
        raise UserError(f"'{path}' is empty: no image")
    try:
        with Image.open(io.BytesIO(data), formats=[f for f in FORMATS if f in Image.OPEN]) as image:
            image.draft(None, (4 * SIZE, 4 * SIZE))  # a large JPEG is decoded at a fraction of its size: much faster
            image.load()
            whole = has_end(image.format or "", data)
            picture = to_rgb(ImageOps.exif_transpose(image))
    except Image.UnidentifiedImageError:
        raise UserError(f"'{path}' is no image, or of a format that is not read ({', '.join(FORMATS)})") from None
    except Exception as error:  # a decoder given broken bytes raises nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"'{path}' is cut short, damaged or unsupported: {reason}") from None
    if not whole:
        raise UserError(f"'{path}' is cut short: its end is missing")
    if picture.size != (SIZE, SIZE):
        # The whole picture, squeezed if it is not square: cropping could lose what the class is about.
        picture = picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return picture


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB: transparent parts over white, 16 bits scaled to 8. Raises ValueError for floats."""
    if image.mode == "RGB":
        if "transparency" not in image.info:
            return image
        image = image.convert("RGBA")
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits grey; Pillow's own conversion would clip at 255
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels have no agreed range; save it with 8 or 16 bits")
        return Image.fromarray(np.round(values / 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def has_end(kind: str, data: bytes) -> bool:
    """Whether an image file has its end marker. Decoders accept some files whose last bytes are missing."""
    if kind == "PNG":
        return b"IEND\xaeB`\x82" in data
    if kind == "JPEG2000":
        return data.rfind(b"\xff\xd9") > data.find(b"\xff\x93")
    return kind not in ("JPEG", "MPO") or _jpeg_end(data)


def _jpeg_end(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xDA:  # scan: from here on 0xFF is escaped, so the next end marker is a real one
            return data.find(b"\xff\xd9", at) >= 0
        # An embedded thumbnail has an end marker of its own: step over whole segments.
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4])
    return False


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:  # reading it will say what is wrong
        return 0


def _cores() -> int:
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if progress and not console.is_terminal:
        print(f"decoding the {total:,} images of '{folder}', once", file=sys.stderr, flush=True)
    columns = TextColumn("decoding, once"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not (progress and console.is_terminal)) as bar:
        task = bar.add_task("decode", total=total)
        yield lambda n: bar.advance(task, n)
