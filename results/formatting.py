"""Numbers as a reader sees them: percentages, percentage points, p values, durations, counts, config values.

Plain ASCII, for terminals, messages and tables; ``study.report.text`` sets the same texts for the page. What is
missing is a dash, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MISSING = "-"


def missing(value: float | None) -> bool:
    """Whether ``value`` is None or not a finite number."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def percent(fraction: float | None, digits: int = 2) -> str:
    """Write a fraction: '76.78 %'."""
    return MISSING if missing(fraction) else f"{100 * fraction:.{digits}f} %"  # type: ignore[operator]


def points(difference: float | None, digits: int = 2, signed: bool = True) -> str:
    """Write a difference of fractions in percentage points: '+0.82', '-0.34', '0.00'; with signed=False '0.82'."""
    if missing(difference):
        return MISSING
    value = 100 * difference  # type: ignore[operator]
    return sign(value, digits) if signed else f"{value:.{digits}f}"


def loss(value: float | None) -> str:
    """Write a loss: '0.7323'."""
    return MISSING if missing(value) else f"{value:.4f}"


def sign(value: float, digits: int = 0) -> str:
    """Write a number with its sign; what rounds to zero has none."""
    shown = f"{abs(value):.{digits}f}"
    return shown if not float(shown) else ("+" if value > 0 else "-") + shown


def p_text(p: float, alpha: float) -> str:
    """Write a p value: 'p = 0.012', 'p = 0.31' or 'p < 0.001'."""
    number = p_number(p, alpha) if p < 0.1 else f"{p:.2f}"
    return f"p {number}" if number.startswith("<") else f"p = {number}"


def p_number(p: float, alpha: float) -> str:
    """Write a p value so that it is seen on which side of ``alpha`` it lies: '0.012', '0.050', '0.0503', '< 0.001'."""
    if p < 0.001:
        return "< 0.001"
    return f"{p:.4f}" if p > alpha and f"{p:.3f}" == f"{alpha:.3f}" else f"{p:.3f}"


def duration(seconds: float | None) -> str:
    """Write a time span in two or three digits: '59 ms', '4.2 s', '42 s', '3 min 20 s', '32 min', '2 h 05 min'."""
    if missing(seconds):
        return MISSING
    if 0 < seconds < 0.9995:  # type: ignore[operator] # in seconds two such times look alike, or like none
        return f"{1000 * seconds:.{0 if seconds >= 0.01 else 1}f} ms"  # type: ignore[operator]
    whole = round(seconds)  # type: ignore[arg-type]
    if whole < 60:
        return f"{seconds:.1f} s" if whole < 10 else f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write '1 look', '2 looks', '1,024 images'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: float | None, digits: int = 4) -> str:
    """Write a number in at most ``digits`` significant digits, a whole one in all, with thousands separated."""
    if missing(value):
        return MISSING
    if float(value).is_integer() and abs(value) < 1e15:  # type: ignore[arg-type]
        return f"{int(value):,}"  # type: ignore[arg-type]
    return f"{value:.{digits}g}"


def magnitude(count: int) -> str:
    """Write a large count short: '23.3 M', '40.8 k'; below ten thousand in all."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= max(size, 1e4):
            return f"{count / size:.1f} {unit}"
    return f"{count:,}"


def significant(value: float, digits: int) -> str:
    """Write a number in just ``digits`` significant digits, so that a column of them is even: '2.070', '12,346'.

    A power of ten only for what has no readable decimals. A whole number is written in all.
    """
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, places)}f}" if -12 < places < 10 else f"{value:.{digits - 1}e}"


def settings(values: Mapping[str, Any], between: str = ", ") -> str:
    """Write config values as one would type them: 'epochs=3, penalty=0.0001'."""
    return between.join(f"{name}={setting(value)}" for name, value in values.items())


def setting(value: Any) -> str:
    """Write a config value as one would type it, a float in four digits: '0.0003', 'true', 'wide'."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
