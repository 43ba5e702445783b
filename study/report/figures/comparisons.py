"""Differences around zero: those that have a verdict with their intervals, and the pairs that one is the mean of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from study.report.figures.axes import signed_ticks
from study.report.figures.svg import NARROW, READABLE, ROLES, draw

LINE = 14.0  # points from one line of text to the next
FITS = 44  # characters of one line


@dataclass(frozen=True)
class Comparison:
    """A row, in the units shown. ``said`` is its effect in words; ``role`` is the colour of its verdict."""

    label: str
    said: str
    estimate: float
    low: float
    high: float
    role: str

    @property
    def lines(self) -> list[str]:
        """What stands above the interval: one line where it fits, else two."""
        whole = f"{self.label}: {self.said}"
        return [whole] if len(whole) <= FITS else [_cut(self.label), self.said]


def _cut(label: str) -> str:
    return label if len(label) <= FITS + 6 else f"{label[: FITS + 5]}…"


def comparisons(name: str, rows: Sequence[Comparison | str], margin: float | None, x: str, alt: str) -> Markup:
    """Draw each effect with its interval around zero, below its words; a text among them heads those that follow.

    The band is the margin within which two are called equivalent; without a margin there is none.
    """
    tall = sum(LINE * 1.5 if isinstance(row, str) else LINE * (len(row.lines) + 1) for row in rows)

    def paint(axes: Axes) -> None:
        _ground(axes, margin)
        top = 0.0
        for row in rows:
            if isinstance(row, str):
                _write(axes, top + LINE, row, weight="bold", color=ROLES["muted"])
                top += LINE * 1.5
                continue
            for i, line in enumerate(row.lines):
                _write(axes, top + LINE * (i + 0.6), line, color=ROLES["ink"])
            top += LINE * (len(row.lines) + 1)
            y = top - LINE * 0.65
            axes.plot([row.low, row.high], [y, y], color=ROLES[row.role], linewidth=2.2, solid_capstyle="round")
            axes.plot([row.estimate], [y], "o", color=ROLES[row.role], markersize=5.5)
        axes.set_ylim(tall, 0)
        axes.set_yticks([])
        _name(axes, x)

    return draw(name, paint, alt, NARROW, tall + 44, READABLE)


@dataclass(frozen=True)
class Pairs:
    """Paired differences by seed with their mean and its interval (None: none), in the units shown."""

    seeds: Sequence[int]
    differences: Sequence[float]
    mean: float
    interval: tuple[float, float] | None
    role: str


def paired(name: str, given: Pairs, margin: float | None, x: str, alt: str) -> Markup:
    """Draw one dot per seed and, below, the mean with its interval; the band is the margin."""
    count = len(given.seeds)
    pitch = LINE if count <= 12 else max(2.5, 150 / count)

    def paint(axes: Axes) -> None:
        _ground(axes, margin)
        rows = [pitch * (i + 0.5) for i in range(count)]
        axes.hlines(rows, 0, list(given.differences), color=ROLES["pale"], linewidth=0.9)
        axes.plot(list(given.differences), rows, "o", color=ROLES["trial"], markersize=5 if pitch == LINE else 3)
        mean = pitch * count + LINE * 0.8
        if given.interval:
            axes.plot(given.interval, [mean, mean], color=ROLES[given.role], linewidth=2.6, solid_capstyle="round")
        axes.plot([given.mean], [mean], "D", color=ROLES[given.role], markersize=6)
        each = pitch == LINE
        places, labels = (
            (rows, [f"seed {s}" for s in given.seeds]) if each else ([rows[count // 2]], [f"{count} seeds"])
        )
        axes.set_yticks([*places, mean], labels=[*labels, "mean"])
        axes.tick_params(axis="y", colors=ROLES["ink"])
        axes.set_ylim(mean + LINE * 0.7, 0)
        _name(axes, x)

    return draw(name, paint, alt, NARROW, pitch * count + LINE * 1.5 + 44, READABLE)


def _ground(axes: Axes, margin: float | None) -> None:
    if margin is not None:
        axes.axvspan(-margin, margin, color=ROLES["pale"], alpha=0.22, linewidth=0)
    axes.axvline(0, color=ROLES["base"], linewidth=1.2)


def _write(axes: Axes, y: float, words: str, **style: Any) -> None:
    ground = {"facecolor": ROLES["ground"], "edgecolor": "none", "pad": 0.6}  # no line runs through a word
    axes.text(0, y, words, transform=axes.get_yaxis_transform(), va="center", bbox=ground, **style)


def _name(axes: Axes, x: str) -> None:
    axes.set_xlabel(x)
    axes.locator_params(axis="x", nbins=7)
    axes.grid(axis="y", visible=False)
    signed_ticks(axes.xaxis)
