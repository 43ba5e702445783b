"""Files of Python that a user gives: read once, told by their SHA-256, executed from what was read."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from results.errors import UserError, foreign

LARGEST = 10_000_000  # bytes: no one writes such a module


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
