"""What the sweep showed of a candidate against what fresh seeds showed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from results.analysis.evidence import Evidence
from results.analysis.looks import paired
from results.analysis.verdicts import PairVerdict
from results.metric import Metric


@dataclass(frozen=True)
class Shrinkage:
    """A candidate's gain over the baseline as estimated in the sweep and on fresh seeds. Gains.

    ``in_sweep``: on validation, one seed; ``on_fresh_seeds``: mean paired gain on validation, ``test``: the same on
    test. None where a run or a test value is missing.
    """

    in_sweep: float | None
    on_fresh_seeds: float | None
    test: float | None
    metric: Metric

    @property
    def lost(self) -> float | None:
        """The part of the sweep's estimate that fresh seeds did not show."""
        return None if self.in_sweep is None or self.on_fresh_seeds is None else self.in_sweep - self.on_fresh_seeds

    def sentence(self) -> str:
        """Say it in one line; empty where either is not known."""
        if self.in_sweep is None or self.on_fresh_seeds is None or self.lost is None:
            return ""
        text = (
            f"estimate on validation: {self.metric.with_unit(self.in_sweep)} in the sweep (one seed), "
            f"{self.metric.difference(self.on_fresh_seeds)} on fresh seeds"
        )
        if self.in_sweep > 0 and self.lost > 0:
            text += f": {100 * min(1.0, self.lost / self.in_sweep):.0f} % of the sweep's estimate was luck"
        return text


def shrinkage(evidence: Evidence, tested: PairVerdict) -> Shrinkage:
    """Compare a confirmed candidate's estimate in the sweep with the one on its fresh seeds."""
    chosen = next((r for r in evidence.records if r.run_id == tested.pair.chosen), None)
    beside = next((b for b in evidence.baselines if chosen and b.seed == chosen.seed), None)
    in_sweep = None
    if chosen and beside and chosen.score is not None and beside.score is not None:
        in_sweep = chosen.score - beside.score
    two = paired(evidence.runs, replace(tested.pair, seeds=tested.seeds, without=()))  # those that counted
    gains = [a.score - b.score for a, b in two if a.score is not None and b.score is not None]
    on_fresh_seeds = float(np.mean(gains)) if gains else None
    tests = [a.test_score - b.test_score for a, b in two if a.test_score is not None and b.test_score is not None]
    return Shrinkage(in_sweep, on_fresh_seeds, float(np.mean(tests)) if tests else None, evidence.metric)
