"""Words and numbers of the report: every text that comes from outside is made harmless here, once."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from results import formatting
from results.escaping import hide_home

LIMIT = 300
"""Characters shown of one text that came from outside; error texts of 10 kB are real."""

_NAMES = {"\n": "⏎", "\r": "", "\t": " "}
MINUS, NBSP = "\u2212", "\u00a0"


def clean(value: Any, limit: int = LIMIT, home: bool = False) -> str:
    r"""Return ``value`` as one line of at most about ``limit`` visible characters, without the path of anyone's home.

    Control, direction, invisible and unpaired characters are written as ``\\u202e`` and the like, so that a name cannot
    reorder or hide the text around it; a line break becomes ⏎. With ``home`` paths stay: in a command ``~`` would be
    another folder, or within quotes none.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = f"{text[:limit]}… ({len(text):,} characters)"
    if not home and ("/" in text or "\\" in text):  # one in a hundred of a page's texts: most are numbers and names
        text = hide_home(text, anyone=True)
    if text.replace(NBSP, "").isprintable():
        return text
    return "".join(_NAMES.get(c, f"\\u{ord(c):04x}" if unicodedata.category(c) in _HIDDEN else c) for c in text)


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def text(pattern: str, *values: Any, **named: Any) -> Markup:
    """Fill ``{}`` of a pattern written in this package; values are cleaned and escaped unless they are Markup."""
    safe = [v if isinstance(v, Markup) else escape(clean(v)) for v in values]
    also = {k: v if isinstance(v, Markup) else escape(clean(v)) for k, v in named.items()}
    return Markup(pattern).format(*safe, **also)


def name(value: Any, limit: int = 60) -> Markup:
    """A name from outside: isolated, so that its direction cannot leak; one in ASCII has none to leak."""
    shown = clean(value, limit)
    return escape(shown) if shown.isascii() else Markup("<bdi>{}</bdi>").format(shown)


def shortened(value: Any, limit: int) -> str:
    """Return a cleaned text in at most ``limit`` characters: its beginning and its end, where names differ."""
    text = clean(value, 2000)
    tail = limit // 3
    return text if len(text) <= limit else f"{text[: limit - tail - 1]}…{text[-tail:]}"


def distinct(values: Sequence[Any], limit: int) -> list[str]:
    """Return all texts :func:`shortened`; where that makes any two the same, each with its number, from 1."""
    short = [shortened(value, limit) for value in values]
    return short if len(set(short)) == len(short) else [f"{i} {s}" for i, s in enumerate(short, 1)]


def code(value: Any, limit: int = LIMIT) -> Markup:
    """A value or command as code."""
    return Markup("<code>{}</code>").format(clean(value, limit))


def words(value: Any, limit: int = 4000) -> Markup:
    """A longer text from outside or from another module."""
    return escape(clean(value, limit))


def strong(value: Any) -> Markup:
    """A value to be seen first."""
    return Markup("<strong>{}</strong>").format(value if isinstance(value, Markup) else clean(value))


def link(target: str, label: Any) -> Markup:
    """A link inside the page (``#id``)."""
    return Markup('<a href="{}">{}</a>').format(target, label if isinstance(label, Markup) else clean(label))


def joined(parts: list[Any], last: str = " and ") -> Markup:
    """``a, b and c``, each part cleaned and escaped unless it is Markup."""
    safe = [p if isinstance(p, Markup) else escape(clean(p)) for p in parts]
    if len(safe) < 2:
        return Markup("").join(safe)
    return Markup(", ").join(safe[:-1]) + Markup(last) + safe[-1]


def typeset(shown: str) -> str:
    """Set a number of ``results.formatting`` for the page: minus signs, a dash where it is missing, unbroken spaces."""
    if shown == formatting.MISSING:
        return "–"
    return (MINUS + shown[1:] if shown.startswith("-") else shown).replace(" ", NBSP)


def percent(fraction: float | None, digits: int = 2) -> str:
    """``76.78 %``; a dash where there is no score."""
    return typeset(formatting.percent(fraction, digits))


def points(fraction: float | None, digits: int = 2, signed: bool = True) -> str:
    """A difference of fractions in percentage points: ``+1.20``, ``−0.34``, ``0.00``."""
    return typeset(formatting.points(fraction, digits, signed))


def signed(value: float, digits: int = 0) -> str:
    """A number with its sign printed; zero has none."""
    return typeset(formatting.sign(value, digits))


def number(value: float | None) -> str:
    """A number in at most four significant digits, a whole one in all, with thousands separated."""
    return typeset(formatting.number(value))


def magnitude(count: int) -> str:
    """A large count, short: ``23.3 M``."""
    return typeset(formatting.magnitude(count))


def loss(value: float | None) -> str:
    """A loss in four decimals; a dash where there is none."""
    return typeset(formatting.loss(value))


def duration(seconds: float | None) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 05 min``."""
    return typeset(formatting.duration(seconds))


def value(setting: Any) -> str:
    """A config value as a person would type it, numbers in four digits; exports and commands have them all."""
    return "–" if setting is None else clean(formatting.setting(setting), 60)


def capital(words: str) -> str:
    """With a capital first letter; the others are as they are."""
    return words[:1].upper() + words[1:]


def span(seeds: Sequence[int]) -> str:
    """Seeds: ``900 to 923`` where they follow one another, else a list of at most twelve."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds[:12])) + (", ..." if len(seeds) > 12 else "")


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 trial``, ``3 trials``."""
    return formatting.plural(n, one, many).replace(" ", NBSP, 1)
