"""Files of Python that a user gives: read once, told by their SHA-256, executed from what was read."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from results.errors import UserError, foreign, nearest

LARGEST = 10_000_000  # bytes: no one writes such a module

OWN = ("alexnet",)
"""The toolkit's own trainables, by module: what a study's folder may name without being asked for it."""

T = TypeVar("T")


def read(path: Path, what: str) -> bytes:
    """Return the bytes of a regular file. Raises UserError; ``what`` names it: 'trainable', 'space file'."""
    try:
        if not path.is_file():
            raise UserError(f"no {what} at '{path}'")
        if path.stat().st_size > LARGEST:
            raise UserError(f"{what} '{path}' has more than {LARGEST:,} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"{what} '{path}': {getattr(error, 'strerror', None) or error}") from None


def fingerprint(path: Path, what: str) -> str:
    """Return the SHA-256 of a file. Raises UserError."""
    return hashlib.sha256(read(path, what)).hexdigest()


def execute(path: Path, what: str, sha256: str | None = None, mend: str = "") -> ModuleType:
    """Execute a file as a module of its own, once for each content. Raises UserError in one line for what it raises.

    Compiled from the very bytes that were compared with ``sha256``, never imported: a ``__pycache__`` beside it could
    hold other code, and nothing is written there.
    """
    text = read(path, what)
    digest = hashlib.sha256(text)
    if sha256 is not None and digest.hexdigest() != sha256:
        raise UserError(f"{what} '{path}' was changed since this study began{mend}")
    digest.update(str(path.resolve()).encode(errors="surrogateescape"))
    name = f"{what.split()[0]}_{path.stem}_{digest.hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    file = str(module.__file__)
    sys.modules[name] = module  # before executing: pydantic and dataclasses resolve annotations through it
    try:
        with foreign(f"{what} '{path}'", file):
            exec(compile(text, file, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def is_in_file(name: str) -> bool:
    """Whether ``name`` is of something in a file, ``path.py:NAME``, not of the toolkit's or a trainable's own."""
    return name.endswith(".py") or ".py:" in name


def file_and_name(path: str) -> tuple[Path, str]:
    """Return the file of ``path.py:NAME`` and the name, which may be empty."""
    if path.endswith(".py"):
        return Path(path), ""
    file, _, name = path.rpartition(":")
    return Path(file), name


def absolute(path: str) -> str:
    """Return ``path.py:NAME`` with its file's place absolute: what code that changes folder cannot move."""
    file, name = file_and_name(path)
    return os.path.abspath(file.expanduser()) + (f":{name}" if name else "")


def from_file(
    path: str, option: str, among: Callable[[ModuleType], Mapping[str, T]], sha256: str | None = None
) -> tuple[T, str]:
    """Return what ``path.py:NAME`` names, and the SHA-256 of the file.

    ``option`` says what it is and by which option it was given: 'space' is ``--space``. ``among`` picks from the
    executed file what can be one. ``sha256`` is what the file must be, compared before it runs. Raises UserError.
    """
    file, name = file_and_name(path)
    if sha256 is None:  # taken before it runs and compared with what runs: it may write on itself
        sha256 = fingerprint(file, f"{option} file")
    mend = f": give --{option} {path} again if that was you, or another --study"
    found = among(execute(file, f"{option} file", sha256, mend))
    if not name:
        listed = ", ".join(found) or "none"
        raise UserError(f"which {option} of '{file}'? Say --{option} {file}:NAME; it has: {listed}")
    if name not in found:
        raise UserError(f"{option} file '{file}' has no {option} '{name}'{nearest(name, found) if found else ''}")
    return found[name], sha256
