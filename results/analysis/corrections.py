"""Corrections for many comparisons and for several interim analyses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests

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
    """Return Holm-adjusted p values (statsmodels), in the order given."""
    return np.asarray(multipletests(p, method="holm")[1]) if len(p) else np.array([])


def adjusted(p: Sequence[float], look: int = 1, alpha: float = ALPHA) -> np.ndarray:
    """Return p values adjusted for all comparisons (Holm) and for the look: a verdict stands where one is <= alpha."""
    return np.minimum(1.0, holm(p) * (alpha / look_level(look, alpha)))
