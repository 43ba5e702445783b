"""Corrections for many comparisons and for several interim analyses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
"""The error held over a family of comparisons and all its looks, each for differences and for equivalences."""


def look_level(look: int, alpha: float = ALPHA) -> float:
    """Return the part of ``alpha`` that the ``look``-th interim analysis (look, from 1) may spend: alpha / (look + 1)!.

    A half, a sixth, a 24th, a 120th. The sum over looks of look * level is exactly alpha, so alpha holds even where
    what was seen decides which candidates join: at look k there are at most k cohorts of candidates, each of which
    spends at most the look's level. The steep fall also covers numbers of seeds chosen after looking.
    """
    if look < 1:
        raise ValueError(f"look {look}: looks are numbered from 1")
    return alpha / math.factorial(look + 1)


def holm(p: Sequence[float]) -> np.ndarray:
    """Return Holm-adjusted p values, in the order given.

    Not statsmodels' multipletests: that collects garbage at every call, 0.05 to 0.3 s beside torch's objects.
    """
    order, steps = np.argsort(p, kind="stable"), np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum(1.0, np.maximum.accumulate(np.asarray(p, dtype=float)[order] * steps))
    return found


def adjusted(p: Sequence[float], look: int = 1, alpha: float = ALPHA) -> np.ndarray:
    """Return p values adjusted for all comparisons (Holm) and for the look: a verdict stands where one is <= alpha."""
    return np.minimum(1.0, holm(p) * (alpha / look_level(look, alpha)))
