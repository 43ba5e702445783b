"""Asynchronous successive halving over epochs, as plain arithmetic that can be rebuilt from records.

At each rung (grace, grace*factor, grace*factor^2, ...) a trial is compared with all trials measured there before it,
and stopped where it is below their best ``1/factor``. The same rule as Ray Tune's AsyncHyperBandScheduler with one
bracket, with three differences: its knowledge can be refilled after a restart, a trial's own last epoch never stops it
(there is nothing left to save), and protected trials are measured but never stopped.

Trials that do not compare after equally many epochs, since a shorter training is no prefix of a longer one, are halved
apart: each group, of one length, by itself.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Hashable, Sequence

UNKNOWN = 100_000  # epochs that a training may have whose config does not say how many


class Halvings:
    """Successive halving in each group of trials that compare.

    Args:
        longest: the most epochs any trial may have, where all of them compare; None: each length is a group.
        factor, grace: as :class:`Halving` takes them.
    """

    def __init__(self, longest: int | None, factor: float = 3, grace: int = 1) -> None:
        self._longest, self._factor, self._grace = longest, factor, grace
        self._groups: dict[int | None, Halving] = {}

    def of(self, epochs: int | None) -> Halving:
        """Return the halving of trials that train so many ``epochs``; None where their config does not say."""
        group = epochs if self._longest is None else self._longest
        if group not in self._groups:
            self._groups[group] = Halving(UNKNOWN if group is None else group, self._factor, self._grace)
        return self._groups[group]


class Halving:
    """Rungs and the scores seen at each.

    Args:
        longest: the most epochs any trial may have; rungs lie strictly below.
        factor: above 1; one in ``factor`` goes on past a rung.
        grace: the grace period, which is the first rung, in epochs; at least 1.
    """

    def __init__(self, longest: int, factor: float = 3, grace: int = 1) -> None:
        self.factor = factor
        self.rungs: list[int] = []
        rung: float = grace
        while int(rung) < longest:
            if not self.rungs or int(rung) > self.rungs[-1]:
                self.rungs.append(int(rung))
            rung *= factor
        self._seen: dict[int, set[Hashable]] = {rung: set() for rung in self.rungs}
        self._scores: dict[int, list[float]] = {rung: [] for rung in self.rungs}  # kept sorted

    def known(self, key: Hashable, scores: Sequence[float]) -> None:
        """Take note of a trial measured earlier: ``scores[i]`` belongs to epoch ``i + 1``."""
        for rung in self.rungs:
            if len(scores) >= rung:
                self._record(key, rung, scores[rung - 1])

    def stops(self, key: Hashable, epoch: int, score: float, *, last: bool = False, protected: bool = False) -> bool:
        """Take note of ``score`` at ``epoch`` and decide whether trial ``key`` is to stop there.

        ``last``: it is the trial's own last epoch. ``protected``: never stop it.
        """
        if epoch not in self._seen or key in self._seen[epoch]:
            return False
        cutoff = self.cutoff(epoch)
        self._record(key, epoch, score)
        if last or protected or cutoff is None:
            return False
        return not math.isfinite(score) or score < cutoff

    def cutoff(self, rung: int) -> float | None:
        """Return the score below which a trial stops at ``rung``; None where nobody was measured yet.

        np.percentile of those measured, to the last bit; that one sorts them all at every call.
        """
        scores = self._scores[rung]
        if not scores:
            return None
        at = (1 - 1 / self.factor) * 100 / 100 * (len(scores) - 1)
        lower = math.floor(at)
        low, high, share = scores[lower], scores[min(lower + 1, len(scores) - 1)], at - lower
        return high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share

    def _record(self, key: Hashable, rung: int, score: float) -> None:
        if math.isfinite(score) and key not in self._seen[rung]:
            self._seen[rung].add(key)
            insort(self._scores[rung], score)
