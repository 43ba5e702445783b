"""The bounds of every number that a command line or study.json gives, each in one place. Light: for ``--help``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

DEFAULT_SEED = 504
SEED_MOST = 2**31 - 1  # what every library's generators take


@dataclass(frozen=True)
class Bounds:
    """Numbers from ``low`` to ``high``, both included; ``whole`` ones where that is said."""

    low: float
    high: float
    whole: bool = True

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number from {_plain(self.low)} to {_plain(self.high)}"

    def complaint(self, value: Any, given: str | None = None) -> str | None:
        """Return what is wrong with ``value`` (as ``given``): the rule, and the nearest valid one; None if nothing."""
        number = isinstance(value, int | float) and not isinstance(value, bool) and value == value  # not NaN
        if number and self.low <= value <= self.high and (not self.whole or value == int(value)):
            return None
        near = min(max(value, self.low), self.high) if number else None
        nearest = "" if near is None else f"; the nearest is {_plain(round(near) if self.whole else near)}"
        return f"'{(given or _plain(value))[:60]}' is not {self}{nearest}"

    def parse(self, text: str) -> Any:
        """Parse a word of the command line: an ``argparse`` type."""
        word = text.strip()
        try:
            value: Any = int(word) if word.lstrip("+-").isdecimal() else float(word)
        except ValueError:  # no number at all, or one of thousands of digits
            value = text
        if isinstance(value, float) and self.whole and value.is_integer():
            value = int(value)
        if complaint := self.complaint(value, text):
            raise argparse.ArgumentTypeError(complaint)
        return value if self.whole else float(value)


TRIALS = Bounds(1, 1_000_000)
SEED = Bounds(0, SEED_MOST)
SEEDS = Bounds(1, 10_000)
COUNT = Bounds(1, 10_000)  # of candidates, changes, processes, cores
GRACE = Bounds(1, 1_000_000)  # epochs
FACTOR = Bounds(1.1, 1_000, whole=False)
KEEP_WEIGHTS = Bounds(0, 1_000_000)
GPUS = Bounds(0, 10_000, whole=False)
TIMEOUT = Bounds(0.1, 10 * 365 * 86_400, whole=False)  # seconds: no clock's arithmetic overflows
MARGIN = Bounds(1e-9, 1e9, whole=False)  # in the unit of differences; percentage points of shares


def duration(text: str) -> float:
    """Parse seconds: 90, 90s, 15m, 1.5h, 2d. An ``argparse`` type."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}.get(text[-1:])
    try:
        value = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration: 90, 90s, 15m or 8h") from None
    if complaint := TIMEOUT.complaint(value):
        raise argparse.ArgumentTypeError(f"'{text}': in seconds, {complaint}")
    return value


def _plain(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value) if whole else value)[:60]
