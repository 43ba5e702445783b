"""What a plan can show and what it would cost, before its first run: by simulating studies through its own decision.

Units as in results.analysis.paired. The standard deviation is that of paired differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.analysis.sequential import BETTER, DROPPED, UNDECIDED, Design, decide

SEED, STUDIES = 20261128, 2000
SHARED = 0.5  # of a difference's variance: the reference's run, where all runs vary alike


@dataclass(frozen=True)
class Forecast:
    """Of studies in which the first candidate truly gains ``effect`` and the others equal the reference.

    ``found``: the share in which it is called better, ``decided``: in which anything is said of it, ``rounds`` and
    ``trainings`` their means, the latter with the reference's and all candidates'.
    """

    effect: float
    found: float
    decided: float
    rounds: float
    trainings: float


def forecast(design: Design, sd: float, effects: Sequence[float]) -> list[Forecast]:
    """Simulate STUDIES studies of normal noise for each of ``effects``; seeded, Monte-Carlo error up to 1.1 points."""
    sd, made = max(sd, 1e-12), []  # seeds may change nothing
    for effect in effects:
        rng = np.random.Generator(np.random.PCG64(SEED))
        shape = (STUDIES, design.candidates, design.rounds)
        shared = rng.standard_normal((STUDIES, 1, design.rounds))
        d = sd * (np.sqrt(1 - SHARED) * rng.standard_normal(shape) + np.sqrt(SHARED) * shared)
        d[:, 0] += effect
        decisions = decide(d, design)
        first = decisions.label[:, 0]
        made.append(
            Forecast(
                effect,
                float((first == BETTER).mean()),
                float((~np.isin(first, (UNDECIDED, DROPPED))).mean()),
                float(decisions.stopped.max(axis=1).mean()),
                float(decisions.trainings(design.rounds).mean()),
            )
        )
    return made
