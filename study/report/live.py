"""What a page says of the command that is still running: its banner, and the stamp that says it was heard of.

Light: a driver imports it, and none waits for pandas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from study.report.templates import filled
from study.report.text import clean

PAGE = "report.html"  # in a study's folder
BANNER = b'<div class="live" '  # as no name on a page can be: theirs have no <
STAMP = re.compile(BANNER + rb'data-heard="[0-9]{13}"')
"""Nowhere else on a page: a quote in what a study holds is escaped."""
SHOWN = {b'<p class="running">': b'<p class="running" hidden>', b'<p class="ended" hidden>': b'<p class="ended">'}


@dataclass(frozen=True)
class Live:
    """How far a command is, and when that was. ``of`` is None where nobody knows."""

    done: int = 0
    of: int | None = None
    at_most: bool = False
    written: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @property
    def counts(self) -> str:
        """Say how many trainings are done: '17 of 50', '3 of at most 24'; empty where nobody knows of how many."""
        return "" if self.of is None else f"{self.done:,} of {'at most ' if self.at_most else ''}{self.of:,}"

    @property
    def when(self) -> str:
        """The local time with its zone's offset."""
        return self.written.isoformat(sep=" ", timespec="seconds")

    @property
    def heard(self) -> int:
        """The same in milliseconds since 1970."""
        return int(self.written.timestamp() * 1000)


def stamped(page: bytes, heard: int) -> bytes:
    """Return a page that says when its command was last heard of, in milliseconds; one without a banner as it is."""
    return STAMP.sub(BANNER + b'data-heard="%013d"' % heard, page, count=1)


def ended(page: bytes) -> bytes:
    """Return a page whose banner says that its command has ended before its end; one without a banner as it is."""
    if not STAMP.search(page):
        return page
    for before, after in SHOWN.items():
        page = page.replace(before, after, 1)
    return STAMP.sub(BANNER + b"data-ended", page, count=1)


def waiting(name: str, live: Live) -> str:
    """Return the page of a study of which no training has ended yet."""
    styles, scripts = ("page", "answer", "live"), ("live",)
    return filled("waiting.html.j2", styles, scripts, name=clean(name, 80), live=live)
