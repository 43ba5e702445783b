"""Axes that a reader can read: whole epochs, signed differences, plain logarithms, labels at the ends of lines."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter


def whole_numbers(axes: Axes) -> None:
    """Let the x axis tick whole numbers only: epochs and trials have no halves."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=8))


def signed_ticks(axis: Any) -> None:
    """Write the sign of every tick that has one."""
    axis.set_major_formatter(lambda v, _: f"{v:+.10g}".replace("-", "\u2212") if abs(v) > 1e-9 else "0")


def wrapped(label: str, most: int = 46) -> str:
    """A label in lines of at most about ``most`` characters."""
    return "\n".join(textwrap.wrap(label, most, break_long_words=False))


def plain_log(axes: Axes, few: bool = False) -> None:
    """Tick a log axis in plain numbers, about six of them; about three where ``few``."""
    low, high = axes.get_xlim()
    decades = (high / low) ** (3 if few else 1)
    axes.xaxis.set_major_locator(
        LogLocator(subs=(1.0,) if decades > 300 else (1.0, 3.0) if decades > 12 else (1.0, 2.0, 5.0))
    )
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
