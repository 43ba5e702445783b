"""The error a family may spend: over its plans, and over the interim analyses (looks) of earlier versions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
"""The error held over a family of comparisons, all its plans and looks, each for differences and for equivalences."""
FIRST_PLAN = 0.04
"""What a family's first plan spends of it. The rest is for further plans, and for noise that is not normal: with the
variance moderated, 5 % planned were 6 % where runs now and then collapse or the baseline is noisier."""


def spent(looks: int, plans: Sequence[float], alpha: float = ALPHA) -> float:
    """Return what of a family's ``alpha`` its looks (how many) and its plans (what each spends) have used up."""
    return sum(k * look_level(k, alpha) for k in range(1, looks + 1)) + sum(plans)


def next_plan(looks: int, plans: Sequence[float], alpha: float = ALPHA) -> float:
    """Return what the next plan may spend: FIRST_PLAN of an untouched family, else half of what is left."""
    gone = spent(looks, plans, alpha)
    return FIRST_PLAN if gone == 0 else max(0.0, alpha - gone) / 2


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
