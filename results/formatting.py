"""Numbers as a reader sees them: percentage points, p values, durations, counts."""

from __future__ import annotations

ALPHA = 0.05


def points(difference: float, signed: bool = True) -> str:
    """Write a difference of fractions in percentage points, two decimals: '+0.82'."""
    value = round(100 * difference, 2) + 0.0
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def p_text(p: float) -> str:
    """Write a p value: 'p = 0.012' or 'p < 0.001'."""
    number = p_number(p) if p < 0.1 else f"{p:.2f}"
    return f"p {number}" if number.startswith("<") else f"p = {number}"


def p_number(p: float) -> str:
    """Write a p value so that it is seen on which side of 0.05 it lies: '0.012', '0.050', '0.0503', '< 0.001'."""
    if p < 0.001:
        return "< 0.001"
    return f"{p:.4f}" if p > ALPHA and f"{p:.3f}" == f"{ALPHA:.3f}" else f"{p:.3f}"


def plural(count: int, word: str) -> str:
    """Write '1 look', '2 looks'."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Write a time span: '45 s', '12 min', '3.4 h'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def percent(value: float | None) -> str:
    """Format a fraction as percent with two digits, a missing one as a dash."""
    return "-" if value is None else f"{value:.2%}"
