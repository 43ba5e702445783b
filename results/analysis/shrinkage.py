"""What the sweep showed of a candidate against what fresh seeds showed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.analysis.evidence import Evidence
from results.analysis.looks import paired
from results.analysis.verdicts import Judged
from results.formatting import points


@dataclass(frozen=True)
class Shrinkage:
    """What the sweep promised of a candidate on validation, against what fresh seeds gave. Differences in fractions.

    ``promised``: validation gain over the baseline in the sweep; ``held``: mean paired validation gain on the fresh
    seeds, ``test``: the same on test. ``luck``: promised - held. None where a run is missing.
    """

    promised: float | None
    held: float | None
    test: float | None

    @property
    def luck(self) -> float | None:
        """The part of the promise that did not come back."""
        return None if self.promised is None or self.held is None else self.promised - self.held

    def sentence(self) -> str:
        """Say it in one line; empty where the promise is not known."""
        if self.promised is None or self.held is None or self.luck is None:
            return ""
        text = (
            f"promised {points(self.promised)} points by the sweep (validation, one seed), "
            f"{points(self.held)} held on fresh seeds"
        )
        if self.promised > 0 and self.luck > 0:
            text += f": {100 * min(1.0, self.luck / self.promised):.0f} % of the promise did not come back"
        return text


def shrinkage(evidence: Evidence, judged: Judged) -> Shrinkage:
    """Compare the sweep's promise for a confirmed candidate with what held on its fresh seeds."""
    chosen = next((r for r in evidence.records if r.run_id == judged.pair.chosen), None)
    beside = next((b for b in evidence.baselines if chosen and b.seed == chosen.seed), None)
    promised = None
    if chosen and beside and chosen.val_accuracy is not None and beside.val_accuracy is not None:
        promised = chosen.val_accuracy - beside.val_accuracy
    two = paired(evidence.runs, judged.pair)
    gains = [
        a.val_accuracy - b.val_accuracy for a, b in two if a.val_accuracy is not None and b.val_accuracy is not None
    ]
    held = float(np.mean(gains)) if gains else None
    return Shrinkage(promised, held, float(np.mean(judged.differences)) if judged.differences else None)
