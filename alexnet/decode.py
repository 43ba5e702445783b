"""Image files -> (h, w, 3) uint8 arrays of one size, several at once."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps

from results.errors import UserError

SIZE = 32  # pixels, both ways
CHUNK = 128  # images a thread takes at a time
SMALL = 4096  # bytes per file on average, below which one thread is faster than several
# Formats people keep datasets in. The list is closed because some of Pillow's others run programs (EPS) on opening.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")


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
