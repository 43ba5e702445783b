"""Images for training: official CIFAR-10, a folder of class folders, or scikit-learn's digits, as uint8 tensors."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import pickle
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from alexnet import class_folder
from results.errors import UserError, nearest

SIZE = 32  # pixels, both ways
DIGITS_TEST_IMAGES = 360  # of 1,797
REFUSED = {errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST}  # by the disk


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset in memory. Pickles without copying: the tensors travel as numpy buffers (protocol 5, out of band).

    ``fingerprint`` is the SHA-256 of the content (pixels, labels, class names), so the same images give the same one
    wherever they lie and whatever they are called.
    """

    name: str  # how results are labelled
    fingerprint: str  # 64 hex digits
    class_names: tuple[str, ...]  # label i is class_names[i]
    train_images: torch.Tensor = field(repr=False)  # (train images, 3, 32, 32) uint8
    train_labels: torch.Tensor = field(repr=False)  # (train images,) int64
    test_images: torch.Tensor = field(repr=False)  # (test images, 3, 32, 32) uint8
    test_labels: torch.Tensor = field(repr=False)  # (test images,) int64

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields with numpy arrays for tensors, which pickle protocol 5 hands over without copying."""
        state = {each.name: getattr(self, each.name) for each in fields(self)}
        return {k: v.cpu().numpy() if isinstance(v, torch.Tensor) else v for k, v in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Wrap the arrays as tensors, without copying."""
        with warnings.catch_warnings():
            # Buffers out of a shared store are read-only. Nothing here writes to its images, so torch need not warn.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
            for key, value in state.items():
                object.__setattr__(self, key, torch.from_numpy(value) if isinstance(value, np.ndarray) else value)


def load(dataset: str, data_dir: Path | None = None, name: str | None = None, progress: bool = True) -> Data:
    """Load a dataset as uint8 tensors.

    ``dataset``: 'cifar10' (downloaded once into ``data_dir``), 'digits' (comes with scikit-learn), or the path of a
    folder that holds ``train/<class>/*`` and ``test/<class>/*`` (decoded once; the result is kept in ``data_dir``).
    ``data_dir``: default ``$STUDY_DATA_DIR``, else ``./data``. ``name``: label of the results, default 'cifar10',
    'digits' or the folder's name. ``progress``: show a bar on stderr while downloading or decoding.

    Raises UserError, in one line, for whatever of this is missing, empty, unreadable or no image.
    """
    where = data_dir or Path(os.environ.get("STUDY_DATA_DIR") or "data")
    if dataset == "cifar10":
        return _cifar10(where, name or "cifar10", progress)
    if dataset == "digits":
        return _digits(name or "digits")
    folder = Path(dataset).expanduser()
    if os.sep not in dataset and not folder.exists():
        raise UserError(f"no dataset or folder '{dataset}'{nearest(dataset, ['cifar10', 'digits'])}; or give a path")
    names, *arrays = class_folder.load(folder, where, progress)
    return _data(name or folder.resolve().name, names, *arrays)


def fingerprint(class_names: tuple[str, ...], arrays: tuple[np.ndarray, ...]) -> str:
    """SHA-256 (64 hex digits) over class names and, in order, every array's type, shape and content."""
    digest = hashlib.sha256("\0".join(class_names).encode("utf-8", "surrogateescape"))
    for array in arrays:
        digest.update(f"|{array.dtype.str}{array.shape}|".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _data(
    name: str,
    class_names: tuple[str, ...],
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> Data:
    arrays = (train_images, train_labels, test_images, test_labels)
    return Data(name, fingerprint(class_names, arrays), class_names, *(torch.from_numpy(a) for a in arrays))


# -- CIFAR-10 ------------------------------------------------------------------------------------------------------


def _cifar10(data_dir: Path, name: str, progress: bool) -> Data:
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - as slow to load as torch, and for this data set only

    archive = data_dir / CIFAR10.filename
    damaged = archive.exists()  # and so left as it is, if it comes to an error
    try:
        with _download_manners(progress), _no_leftovers(archive):
            train = CIFAR10(str(data_dir), train=True, download=True)
            test = CIFAR10(str(data_dir), train=False)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:  # no network, no space, bad archive
        if isinstance(error, OSError) and error.errno in REFUSED:
            advice = f"{error.strerror}; name another --data-dir"
            raise UserError(f"cannot write CIFAR-10 to '{data_dir}': {advice}") from None
        state = f"'{archive}' is damaged and" if damaged else f"not in '{data_dir}' and"
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise UserError(
            f"CIFAR-10 is {state} cannot be downloaded ({' '.join(reason.split())}): "
            f"put the official archive {CIFAR10.filename} into '{data_dir}', "
            "or give a folder of class folders with --dataset PATH, or use --dataset digits"
        ) from None
    arrays: list[np.ndarray] = []
    for split in (train, test):
        arrays.append(np.ascontiguousarray(split.data.transpose(0, 3, 1, 2)))
        arrays.append(np.asarray(split.targets, dtype=np.int64))
    return _data(name, tuple(train.classes), *arrays)


@contextlib.contextmanager
def _download_manners(progress: bool) -> Iterator[None]:
    """Give up on a silent server after 30 s (torchvision waits for ever), and keep its bar off a quiet stderr."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30)
    try:
        with contextlib.nullcontext() if progress else contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _no_leftovers(archive: Path) -> Iterator[None]:
    """Take a half-downloaded archive, and a folder made for it, away again if it comes to an error or Ctrl-C."""
    present = {path for path in (archive, archive.parent) if path.exists()}
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if archive not in present:
                archive.unlink(missing_ok=True)
            if archive.parent not in present:
                archive.parent.rmdir()  # which refuses if anything lies in it
        raise


# -- digits --------------------------------------------------------------------------------------------------------


def _digits(name: str) -> Data:
    """Scikit-learn's 1,797 digits of 8x8 pixels, enlarged; 1,437 to train on and 360 to test, always the same ones."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second of loading, and for this data set only
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - the same library

    digits = load_digits()
    grey = np.round(digits.images * (255 / 16)).astype(np.uint8)
    large = [np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for image in grey]
    images = np.repeat(np.stack(large)[:, None], 3, axis=1)  # (n, 3, 32, 32)
    labels = digits.target.astype(np.int64)
    everything = np.arange(len(labels))
    train, test = train_test_split(everything, test_size=DIGITS_TEST_IMAGES, stratify=labels, random_state=0)
    names = tuple(str(name) for name in digits.target_names)
    return _data(name, names, images[train], labels[train], images[test], labels[test])
