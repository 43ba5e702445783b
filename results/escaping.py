"""Texts from outside, made harmless for where they are shown; each place has its function, and no other module does."""

from __future__ import annotations

import functools
import os
import re

MOST = 300
"""Characters shown of one foreign text; error texts of megabytes are real."""


def terminal(text: object, most: int = MOST) -> str:
    r"""Return ``text`` as one line for a terminal, at most about ``most`` characters.

    Line breaks and tabs become a space; control, direction, invisible and unpaired characters are written as ``\x1b``
    and the like, so that a text can neither move the cursor nor reorder or hide what stands around it.
    """
    shown = str(text)
    if len(shown) > most:
        shown = f"{shown[:most]}... ({len(shown):,} characters)"
    if shown.isprintable():
        return shown
    return "".join(
        c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode() for c in shown
    ).strip()


def hide_home(text: str, anyone: bool = False) -> str:
    """Write this user's home folder as ``~``; with ``anyone`` also that of whoever made the text.

    Only the first can be undone by ``expanduser``: it is for paths that are read again, the other for what is shown.
    """
    pattern = _homes(os.path.expanduser("~"), anyone)
    return pattern.sub("~", text) if pattern else text


@functools.cache
def _homes(home: str, anyone: bool) -> re.Pattern[str] | None:
    starts, ends = r"(?<![\w.~-])", r"(?=$|[/\\'\"\s:,;)])"  # not the /root of '/rootless' nor of '/data/root'
    found = [] if len(home) < 2 else [f"{starts}{re.escape(home)}{ends}"]
    if anyone:
        found += [r"/(?:home|Users)/[^/\s'\":,;)]+", f"{starts}/root{ends}", r"[A-Za-z]:\\Users\\[^\\\s'\"]+"]
    return re.compile("|".join(found)) if found else None


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # \textquotedbl needs T1 fonts, and babel gives a bare quote a meaning in German
}


def latex(text: str) -> str:
    """Return ``text`` for LaTeX, on one line; ``->`` becomes an arrow, a hyphen before a digit a minus sign."""
    escaped = "".join(_TEX.get(c, c) for c in " ".join(text.split()).replace("->", "\0"))
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", escaped.replace("\0", r"$\rightarrow$"))


_MARKDOWN = re.compile(r"[\\|*`~$\[\]]|<(?=[a-zA-Z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")


def markdown(text: str) -> str:
    """Return ``text`` for Markdown, on one line, with nothing that Markdown would read; ``->`` becomes an arrow.

    Only what is read where it stands has a backslash: ``batch_size`` and ``p < 0.001`` stay legible as they are.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()).replace("->", "→"))


def csv(cell: object) -> object:
    """Return a cell for a CSV file: a text that a spreadsheet would run as a formula gets a quote in front.

    Numbers stay numbers, negative ones too.
    """
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell
