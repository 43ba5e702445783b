"""Lines for a person at a terminal: whatever foreign text they hold is inert, and cut where it is endless."""

from __future__ import annotations

import sys

from results.escaping import terminal

MOST = 4000  # characters of a line


def say(text: str) -> None:
    """Print lines to stdout: what was asked for."""
    print(inert(text), flush=True)


def note(text: str) -> None:
    """Print lines to stderr: what goes on meanwhile."""
    print(inert(text), file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """Return lines of which each is fit for a terminal."""
    return "\n".join(terminal(line, MOST) for line in text.split("\n"))
