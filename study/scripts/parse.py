r"""A line that a script printed, and the numbers by name in it.

Without ``--parse``: the numbers of a line that is a JSON object, else every ``name=value`` and ``name: value``. A name
is a letter, then letters, digits and ``_ - / .``, and stands at the beginning of a word; a value is a whole word, so
that ``12:30:05``, ``http://host:80``, ``/data/run=3/x``, ``3/10``, ``2024-01-05``, ``3.2s`` and ``1,234`` give nothing.
Of two words, the first of which is train, val, test or the like, both are the name: ``val loss: 0.3`` is val_loss. A
percentage gives the fraction: ``val_acc: 71.2%`` is 0.712, as a metric of the unit ``%`` is kept, and as the same
script would print without ``%``.

With it: each named group of each match is a value, ``(?P<val_acc>[\d.]+)``; with groups called ``name`` and ``value``,
the pairs. Then nothing else is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from results.errors import UserError, shown

LONGEST = 10_000  # characters that a pattern is tried on: one of the user's may take the square of them, or worse
OPTION = "--parse"
LONGEST_PATTERN = 30_000  # characters; study.json's limit too

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_OVERWRITTEN = re.compile(r"[\r\n\b]+")  # Keras used to move back by backspaces
_NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf(?:inity)?)"
_PAIR = re.compile(
    r"(?:^|(?<=[\s\[({<>\])},;:|]))"  # not amid a path, an address or another word; "INFO:root:loss=1" is logging's
    r"(?:(?P<split>train|training|val|valid|validation|dev|test|best)\s+)?"  # 'test accuracy: 0.9' is no accuracy
    r"(?P<quote>[\"']?)(?P<name>[^\W\d][\w./-]*)(?P=quote)\s*[:=]\s*"  # not within one: device='cuda:0'
    r"(?:tensor\(|np\.float\d+\()?"  # how PyTorch and NumPy print a scalar in a dict
    rf"(?P<value>{_NUMBER})(?P<percent>\s?%)?"
    r"(?=[\s\])}>;|\"']|,(?!\d)|\.(?:\s|$)|$)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Parser:
    """See the module. ``pattern``: the user's, None for ours."""

    pattern: re.Pattern[str] | None = None

    @classmethod
    def of(cls, regex: str | None) -> Parser:
        """Make ready. Raises UserError for a regular expression that is none, or that names nothing."""
        if regex is None:
            return cls()
        if len(regex) > LONGEST_PATTERN:
            raise UserError(f"{OPTION} has {len(regex):,} characters; at most {LONGEST_PATTERN:,} are taken")
        try:
            pattern = re.compile(regex)
        except (re.error, OverflowError, RecursionError) as error:
            raise UserError(f"{OPTION} {shown(regex)} is no regular expression: {error}") from error
        names = set(pattern.groupindex)
        if not names or names == {"name"}:
            raise UserError(
                f"{OPTION} {shown(regex)} has no named group to read: "
                r"write (?P<val_acc>[\d.]+), or groups called name and value"
            )
        return cls(pattern)

    def values(self, line: str) -> dict[str, float]:
        """Return the numbers in a line by name; of a name that comes twice, and of what is overwritten, the last."""
        found: dict[str, float] = {}
        for piece in _OVERWRITTEN.split(line):
            plain = _ANSI.sub("", piece).strip()
            if not plain:
                continue
            if self.pattern is not None:
                found.update(_by(self.pattern, plain[:LONGEST]))
            elif (of_json := _json(plain)) is not None:
                found.update(of_json)
            else:
                found.update(_pairs(plain[:LONGEST]))
        return found


def _json(text: str) -> dict[str, float] | None:
    """Return the numbers at the top of a JSON object, not those within its lists and objects; None for other text."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):  # Python's print of a dict, for one
        return None
    found: dict[str, float] = {}
    for name, value in read.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                found[name] = float(value)
            except OverflowError:  # an integer beyond every float
                continue
    return found


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    for match in _PAIR.finditer(text):
        name = match["name"] if match["split"] is None else f"{match['split'].lower()}_{match['name']}"
        yield name, _fraction(match["value"], match["percent"] is not None)


def _by(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, float]]:
    groups = pattern.groupindex
    for match in pattern.finditer(text):
        pairs = [(match["name"], match["value"])] if {"name", "value"} <= set(groups) else match.groupdict().items()
        for name, value in pairs:
            if name and value:
                number = value.strip()
                try:
                    yield name.strip(), _fraction(number.removesuffix("%"), number.endswith("%"))
                except ValueError:  # a group that caught words
                    continue


def _fraction(number: str, percent: bool) -> float:
    """Read a number; of a percentage exactly what the fraction reads as: 71.2 / 100 is not always 0.712 to the bit."""
    value = float(number)
    if percent and "e" not in number.lower() and value - value == 0:  # finite, and no exponent yet
        return float(f"{number.strip()}e-2")
    return value / 100 if percent else value
