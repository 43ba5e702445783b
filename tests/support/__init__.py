"""What several tests share: made-up studies and records, a toy trainable, reading a page."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


def flat(text: str) -> str:
    """What was printed, without the line breaks of its wrapping."""
    return " ".join(text.split())


TOY = str(Path(__file__).with_name("toy.py"))
"""A trainable that trains in milliseconds and fails in every way on request."""
