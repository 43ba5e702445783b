"""Arrays to and from files that anyone may have made: npy, npz and safetensors, without pickle.

What a header says is held against what the file can hold before anything is allocated: an npz of a few bytes may claim
10^11 rows. numpy's and safetensors' own readers allocate first, or take a path instead of an open file; safetensors'
writer takes a second copy of all arrays.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import mmap
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np

from results.outcome import State

NPZ_BYTES = 2**30  # file and contents: probabilities of 50,000 + 50,000 images in 1,000 classes have 0.2 GiB
NPY_BYTES = 2**36  # pictures are mapped, not read; the test images of ImageNet have 7.5 GB
STATE_BYTES = 2**36  # weights and checkpoints: 64 GiB, with Adam a model of 5 billion numbers
HEADER_BYTES = 100_000_000  # of a safetensors file: the format's own limit
MEMBERS = 64  # of a .npz; the toolkit writes at most 5
PLAIN = "biuf"  # kinds of dtype: bools and numbers
DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "?"},
    **{f"{kind}{8 * n}": f"<{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)},
}
"""safetensors' names -> numpy's. numpy has no bfloat16, so no state holds it."""
NAMES = {np.dtype(mine).newbyteorder("<").str.replace("|b1", "?"): theirs for theirs, mine in DTYPES.items()}


class Damaged(ValueError):
    """A file that is not what its name says: cut short, changed, or made to harm."""


@contextlib.contextmanager
def _decoding(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises on foreign bytes into Damaged; what the disk says passes."""
    try:
        yield
    except (Damaged, OSError):
        raise
    except MemoryError:
        raise Damaged("it takes more memory than there is") from None
    except Exception as error:  # noqa: BLE001 - BadZipFile, EOFError, zlib.error, SyntaxError, RecursionError, ...
        raise Damaged(f"no whole {what} file ({type(error).__name__})") from None


def npz(arrays: dict[str, np.ndarray]) -> Callable[[IO[bytes]], None]:
    """Return what writes ``arrays`` as a compressed .npz."""
    return lambda file: np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_npz(file: IO[bytes]) -> dict[str, np.ndarray]:
    """Read all arrays of a .npz. Raises Damaged."""
    with _decoding("npz"):
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 22))
        end = file.read()
        # zipfile would read a directory of millions of entries before it could be asked how many there are
        if end[:4] != b"PK\5\6" or int.from_bytes(end[10:12], "little") > MEMBERS or end[14:16] != b"\0\0":
            raise Damaged("no whole npz file (no directory at its end)")
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            total = sum(m.file_size for m in members)
            if total > NPZ_BYTES:
                raise Damaged(f"its arrays would take {total:,} bytes; at most {NPZ_BYTES:,} are read")
            packed = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            if any(m.flag_bits & 1 or m.compress_type not in packed for m in members):
                raise Damaged("it is packed as numpy does not pack")
            return {m.filename.removesuffix(".npy"): _array(archive.read(m)) for m in members}


def _array(data: bytes) -> np.ndarray:
    file = io.BytesIO(data)
    dtype, shape, order = _npy_header(file, len(data))
    flat: np.ndarray = np.frombuffer(data, dtype, offset=file.tell())
    return flat.reshape(shape, order=order)


def _npy_header(file: IO[bytes], size: int) -> tuple[np.dtype, tuple[int, ...], Literal["C", "F"]]:
    """Read a .npy's header; the file must have exactly the ``size`` that it says."""
    version = np.lib.format.read_magic(file)
    read: Any = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, fortran, dtype = read(file)
    wanted = math.prod(shape) * dtype.itemsize
    if dtype.kind not in PLAIN or any(n < 0 for n in shape) or size - file.tell() != wanted:
        raise Damaged(f"its header says {shape} of {dtype}, which its {size:,} bytes do not hold")
    return dtype, shape, "F" if fortran else "C"


def map_npy(file: IO[bytes]) -> np.ndarray:
    """Map a .npy into memory, read-only. Raises Damaged."""
    with _decoding("npy"):
        size = os.fstat(file.fileno()).st_size
        dtype, shape, order = _npy_header(file, size)
        if math.prod(shape) == 0:
            raise Damaged("it is empty")
        mapped: np.ndarray = np.memmap(file, dtype, "r", file.tell(), shape, order)
        return mapped


@dataclass(frozen=True)
class Header:
    """The header of a safetensors file: its notes, its tensors as the file describes them, where their bytes begin."""

    notes: dict[str, str]
    tensors: dict[str, Any]
    begin: int


def read_header(file: IO[bytes]) -> Header:
    """Read a safetensors file's header. Raises Damaged where the file is not whole."""
    with _decoding("safetensors"):
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if length > min(HEADER_BYTES, size - 8):
            raise Damaged("no whole safetensors file (its header is cut short)")
        tensors = json.loads(file.read(length))
        notes = tensors.pop("__metadata__", {})
        if size != 8 + length + max([0, *(t["data_offsets"][1] for t in tensors.values())]):
            raise Damaged("no whole safetensors file (its tensors are cut short)")
        return Header({str(k): str(v) for k, v in notes.items()}, tensors, 8 + length)


def write_state(file: IO[bytes], state: State, notes: dict[str, str] | None = None) -> None:
    """Write a safetensors file array by array: of one that is not C-contiguous, a copy at a time."""
    header: dict[str, Any] = {"__metadata__": notes} if notes else {}
    names = sorted(state, key=lambda name: (-np.asarray(state[name]).dtype.itemsize, name))  # keeps each aligned
    end = 0
    for name in names:
        array = np.asarray(state[name])
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": NAMES[_plain(array)], "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        array = np.asarray(state[name], order="C")
        file.write(array.astype(_plain(array), copy=False).reshape(-1).view(np.uint8).data)


def _plain(array: np.ndarray) -> str:
    return array.dtype.newbyteorder("<").str.replace("|b1", "?")


def read_state(file: IO[bytes]) -> State:
    """Read all tensors of a safetensors file. Raises Damaged."""
    with _decoding("safetensors"):
        header = read_header(file)
        # a sparse file of 60 GiB takes no disk, but the system would kill who reads it; what is in use may be swapped
        if (size := file.seek(0, os.SEEK_END)) > (most := os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")):
            raise Damaged(f"it has {size:,} bytes, more than this machine's memory of {most:,}")
        state: State = {}
        for name, begin, shape, dtype in _placed(header):
            state[name] = np.empty(shape, dtype)
            file.seek(begin)
            file.readinto(state[name].reshape(-1).view(np.uint8))  # type: ignore[attr-defined]
        return {name: state[name] for name in header.tensors}


def map_state(file: IO[bytes]) -> State:
    """Map all tensors of a safetensors file into memory, read-only: none is read before it is used. Raises Damaged."""
    with _decoding("safetensors"):
        header = read_header(file)
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return {
            name: np.frombuffer(whole, dtype, math.prod(shape), begin).reshape(shape)
            for name, begin, shape, dtype in _placed(header)
        }


def _placed(header: Header) -> Iterator[tuple[str, int, list[int], np.dtype]]:
    """Yield name, first byte, shape and dtype of each tensor, in the file's order. Raises Damaged."""
    end = 0
    for begin, after, name in sorted((*t["data_offsets"], name) for name, t in header.tensors.items()):
        shape, dtype = header.tensors[name]["shape"], np.dtype(DTYPES[header.tensors[name]["dtype"]])
        if begin != end or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != after - begin:
            raise Damaged(f"its header says {shape} of {dtype} for '{name[:60]}', which its bytes do not hold")
        yield name, header.begin + begin, shape, dtype
        end = after
