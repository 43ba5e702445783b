"""The one way tables and the live view reach a stream: as wide as its text, plain where it is to be plain."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console, RenderableType
from rich.table import Table

from study.terminal.screen import plain, width


class Outliving(Console):
    """A console whose terminal may go away: no reason to end a sweep."""

    def on_broken_pipe(self) -> None:
        """Go silent, where rich would end the process."""
        self.quiet = True


def console(stream: IO[str], quiet: bool = False) -> Console:
    """Return a console on ``stream``. It reads no markup: a value such as '[/red]' is none."""
    bare = plain(stream)
    return Outliving(
        file=stream,
        width=width(stream),
        highlight=False,
        markup=False,
        quiet=quiet,
        force_terminal=not bare,
        color_system=None if bare else "auto",
    )


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    console(sys.stdout).print(table)


def lines_of(table: RenderableType, columns: int) -> list[str]:
    """Return a table's lines as plain text."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        paper = Console(file=nowhere, width=columns, color_system=None, highlight=False, markup=False)
        with paper.capture() as held:
            paper.print(table)
    return [line.rstrip() for line in held.get().splitlines()]
