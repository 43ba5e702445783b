"""What the sweep showed of a candidate against what fresh seeds showed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.analysis.evidence import Evidence
from results.analysis.looks import paired
from results.analysis.verdicts import Tested
from results.formatting import points


@dataclass(frozen=True)
class Shrinkage:
    """What the sweep promised of a candidate on validation, against what fresh seeds gave. Differences in fractions.

    ``promised``: validation gain over the baseline in the sweep; ``held``: mean paired validation gain on the fresh
    seeds, ``test``: the same on test. ``luck``: promised - held. None where a run is missing.
    """

    in_sweep: float | None
    on_fresh_seeds: float | None
    test: float | None

    @property
    def lost(self) -> float | None:
        """The part of the promise that did not come back."""
        return None if self.in_sweep is None or self.on_fresh_seeds is None else self.in_sweep - self.on_fresh_seeds

    def sentence(self) -> str:
        """Say it in one line; empty where the promise is not known."""
        if self.in_sweep is None or self.on_fresh_seeds is None or self.lost is None:
            return ""
        text = (
            f"promised {points(self.in_sweep)} points by the sweep (validation, one seed), "
            f"{points(self.on_fresh_seeds)} held on fresh seeds"
        )
        if self.in_sweep > 0 and self.lost > 0:
            text += f": {100 * min(1.0, self.lost / self.in_sweep):.0f} % of the promise did not come back"
        return text


def shrinkage(evidence: Evidence, tested: Tested) -> Shrinkage:
    """Compare the sweep's promise for a confirmed candidate with what held on its fresh seeds."""
    chosen = next((r for r in evidence.records if r.run_id == tested.pair.chosen), None)
    beside = next((b for b in evidence.baselines if chosen and b.seed == chosen.seed), None)
    in_sweep = None
    if chosen and beside and chosen.val_accuracy is not None and beside.val_accuracy is not None:
        in_sweep = chosen.val_accuracy - beside.val_accuracy
    two = paired(evidence.runs, tested.pair)
    gains = [
        a.val_accuracy - b.val_accuracy for a, b in two if a.val_accuracy is not None and b.val_accuracy is not None
    ]
    on_fresh_seeds = float(np.mean(gains)) if gains else None
    return Shrinkage(in_sweep, on_fresh_seeds, float(np.mean(tested.differences)) if tested.differences else None)
