"""Lines for a person at a terminal or in a log: inert whatever foreign text they hold, wrapped between words.

Nothing here imports more than the standard library: the command line's refusals are said through it.
"""

from __future__ import annotations

import os
import sys
import textwrap
from typing import IO, Any

from results.commands import PROGRAM
from results.escaping import terminal

MOST = 4000  # characters of a line
PIPE, WIDEST = 80, 100  # columns of a log, and of prose on the widest terminal
COMMAND = f"  {' '.join(PROGRAM[:2])} "  # how the line of a command begins


def say(text: str) -> None:
    """Print lines to stdout: what was asked for."""
    print(wrapped(inert(text), width(sys.stdout)), flush=True)


def say_whole(line: str) -> None:
    """Print a line to stdout unbroken, for it is a path, and scripts read it."""
    print(inert(line), flush=True)


def note(text: str) -> None:
    """Print lines to stderr: what goes on meanwhile."""
    print(wrapped(inert(text), width(sys.stderr)), file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Print to stderr what scripts look for as one line: broken on a terminal alone."""
    print(wrapped(text, width(sys.stderr)) if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """Return lines of which each is fit for a terminal."""
    return "\n".join(terminal(line, MOST) if line else line for line in text.split("\n"))


def wrapped(text: str, columns: int) -> str:
    """Break lines between words, keeping their indent; a command stays in one piece, so that it can be copied."""
    return "\n".join(_wrapped(line, columns) for line in text.split("\n"))


def _wrapped(line: str, columns: int) -> str:
    if len(line) <= columns or line.startswith(COMMAND):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line[len(indent) :],
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def width(stream: IO[str] | None) -> int:
    """Return how many columns text takes at most: the terminal's, of a wide one WIDEST; PIPE where it is none."""
    try:
        if stream is not None and stream.isatty():
            return min(os.get_terminal_size(stream.fileno()).columns or PIPE, WIDEST)
    except (OSError, ValueError):
        pass
    return PIPE


def plain(stream: Any) -> bool:
    """Whether no colour and no control sequence may be written: no terminal, a dumb one, or NO_COLOR is set."""
    try:
        shown = bool(stream.isatty())
    except (AttributeError, ValueError):
        shown = False
    return not shown or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").lower() in ("dumb", "unknown")
