"""What a number of seeds can show, before and after: power of the paired t and of the equivalence test.

Units as in results.analysis.paired: effects, deviations and margins are gains. ``sd`` is always the standard
deviation of *paired differences* over seeds; two independent trainings of s each give differences of s * sqrt(2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy import stats as st

from results.analysis.corrections import ALPHA, look_level
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS, Comparison
from results.metric import Metric

POWER = 0.8
SHOWN = (1, 2, 4)  # margins: the effects that a table of power has
TARGET = 2  # margins: the gain that a recommended number of seeds can see; of an accuracy one percentage point
HOPELESS = 20  # margins: where even these would be missed more often than one time in five, nothing can be expected
UNMEASURED = "'baseline --seeds 6' measures it"


def power(effect: float, n: int, sd: float, level: float) -> float:
    """Return the probability that a two-sided paired t at ``level`` on ``n`` seeds finds a true ``effect``."""
    if n < MIN_SEEDS:
        return 0.0
    size = abs(effect) / sd if sd > 0 else math.inf
    critical, shift = float(st.t.isf(level / 2, n - 1)), size * math.sqrt(n)
    if shift > 20 * critical:
        return 1.0  # far beyond the critical value, where the noncentral t loses its digits
    # Both tails as upper ones: nct.cdf, and with it statsmodels' TTestPower, is NaN at one point in four.
    return float(st.nct.sf(critical, n - 1, shift) + st.nct.sf(critical, n - 1, -shift))


def detectable_effect(n: int, sd: float, level: float, target: float = POWER) -> float:
    """Return the true difference that ``n`` seeds find with probability ``target``; infinite below MIN_SEEDS."""
    if n < MIN_SEEDS:
        return math.inf
    critical = float(st.t.isf(level / 2, n - 1)) / math.sqrt(n)
    return sd * float(optimize.brentq(lambda d: power(d, n, 1.0, level) - target, 1e-9, 25 * critical, xtol=1e-6))


def equivalence_power(n: int, sd: float, margin: float, level: float, effect: float = 0.0) -> float:
    """Return the probability that the equivalence test (TOST) at ``level`` passes when the truth is ``effect``."""
    if n < MIN_SEEDS:
        return 0.0
    chance = (np.arange(400) + 0.5) / 400
    s = sd * np.sqrt(st.chi2.ppf(chance, n - 1) / (n - 1)) / math.sqrt(n)  # the standard errors one may happen to see
    room = margin - st.t.isf(level, n - 1) * s
    se = max(sd / math.sqrt(n), 1e-200)  # seeds may change nothing
    inside = st.norm.cdf((room - effect) / se) - st.norm.cdf((-room - effect) / se)
    return float(np.where(room > 0, inside, 0).mean())


def _smallest(enough: object, most: int = MOST_SEEDS) -> int | None:
    """Return the least n in MIN_SEEDS..most with ``enough(n)``, which must be monotone; None if there is none."""
    low, high = MIN_SEEDS, most
    if not enough(high):  # type: ignore[operator]
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)  # type: ignore[operator]
    return low


def seeds_needed(effect: float, sd: float, level: float, target: float = POWER) -> int | None:
    """Return the fewest seeds that find a true ``effect`` with probability ``target``; None beyond MOST_SEEDS."""
    return _smallest(lambda n: power(effect, n, sd, level) >= target)


def seeds_for_equivalence(
    margin: float, sd: float, level: float, effect: float = 0.0, target: float = POWER
) -> int | None:
    """Return the fewest seeds that show equivalence within ``margin`` with probability ``target``; None beyond."""
    if abs(effect) >= margin:
        return None
    return _smallest(lambda n: equivalence_power(n, sd, margin, level, effect) >= target)


def further_seeds(c: Comparison, level: float) -> int | None:
    """Return how many more seeds would likely decide ``c`` either way, taking the estimate for the truth.

    None where that is more than MOST_SEEDS in all, or where there are too few to guess by.
    """
    if c.n < MIN_SEEDS:
        return None  # nothing to guess by
    sd = c.se * math.sqrt(c.n)  # under the population claim this holds the images' part too
    wanted = [seeds_needed(c.estimate, sd, level)]
    if c.margin is not None:
        wanted.append(seeds_for_equivalence(c.margin, sd, level, c.estimate))
    found = [n for n in wanted if n is not None]
    return max(1, min(found) - c.n) if found else None


@dataclass(frozen=True)
class PowerAnalysis:
    """What ``n`` seeds can and cannot show, said before anything is spent.

    ``detectable`` is the effect found with 80 % power and ``equivalent`` the chance to show equivalence where there is
    no difference at all; ``needed`` maps effects to the seeds they take (None: over MOST_SEEDS), ``needed_equivalent``
    the same for equivalence. ``recommended`` sees the ``target``, between 6 and 20 seeds. ``unit``: the effect by which
    others are measured, the margin, or without one half a standard deviation. Where ``sd`` is None nothing is known of
    the noise, and nothing is said of what can be shown.
    """

    metric: Metric
    n: int
    comparisons: int
    look: int
    level: float
    sd: float | None
    source: str
    margin: float | None
    unit: float | None
    detectable: float
    equivalent: float
    needed: dict[float, int | None]
    needed_equivalent: int | None
    recommended: int

    @property
    def target(self) -> float | None:
        """The gain that a recommended number of seeds can see."""
        return None if self.unit is None else TARGET * self.unit

    @property
    def reachable(self) -> bool:
        """Whether better or worse can be expected of any plausible difference."""
        return self.unit is not None and self.detectable <= HOPELESS * self.unit

    def sentences(self) -> list[str]:
        """Say it in plain words, one line each."""
        seeds = f"{self.n} paired seed{'s' if self.n != 1 else ''}"
        many = f"{self.comparisons} comparison{'s' if self.comparisons != 1 else ''}"
        known = f"Standard deviation of a paired difference: {self._size(self.sd, short=False)} ({self.source})."
        if self.sd is None:
            known = f"How far runs differ over seeds is not known yet: {UNMEASURED}."
        lines = [
            f"Interim analysis (look) {self.look} of {many}: it may spend {100 * self.level:.2g} % of the 5 % error. "
            f"{known}"
        ]
        if self.n < MIN_SEEDS:
            lines.append(f"With {seeds} no verdict can be reached at all; at least {MIN_SEEDS} are needed.")
        elif self.sd is None:
            lines.append(f"What {seeds} can show is not known before.")
        elif not self.reachable:
            what = "no verdict" if self.equivalent < POWER else "neither better nor worse"
            least = f"only a true difference of {self._size(self.detectable)} would be found"
            if self.detectable > self.metric.largest:
                least = "no difference there can be would be found"
            lines.append(f"With {seeds} {what} can be expected: {least} with 80 % probability.")
        else:
            lines.append(
                f"With {seeds} a true difference of {self._size(self.detectable)} is found with 80 % "
                "probability; smaller ones more rarely."
            )
        if self.sd is None:
            return lines
        if self.n >= MIN_SEEDS and self.margin is not None:
            within = f"within +-{self._size(self.margin)}"
            if self.equivalent < 0.01:
                lines.append(f"'Equivalent' {within} cannot be reached with {seeds}.")
            else:
                lines.append(
                    f"'Equivalent' {within} would be found with probability {self.equivalent:.2f} if there is no "
                    f"difference."
                )
        unit = f" in {self.metric.short_unit}" if self.metric.short_unit else ""
        if self.needed:
            wanted = ", ".join(f"{e}: {_count(n)}" for e, n in zip(self._effects(), self.needed.values(), strict=True))
            same = "" if self.margin is None else f"; for 'equivalent': {_count(self.needed_equivalent)}"
            lines.append(f"Seeds needed for 80 % probability, by true difference{unit}: {wanted}{same}.")
        return lines

    def _size(self, gain: float | None, short: bool = True) -> str:
        return self.metric.with_unit(gain, signed=False, short=short)

    def _effects(self) -> list[str]:
        """Write the effects in as few digits, at least one behind the point, as tell them to within a twentieth."""
        sizes = [abs(self.metric.scale * effect) for effect in self.needed]
        enough = (d for d in range(1, 10) if all(abs(round(x, d) - x) <= x / 20 for x in sizes))
        digits = next(enough, 10)
        return [self.metric.difference(effect, digits=digits) for effect in self.needed]


def _count(n: int | None) -> str:
    return str(n) if n is not None else f"over {MOST_SEEDS}"


def power_analysis(
    metric: Metric,
    n: int,
    comparisons: int,
    noise: tuple[float | None, str],
    margin: float | None,
    look: int = 1,
    alpha: float = ALPHA,
) -> PowerAnalysis:
    """Return what ``n`` seeds show in a family of ``comparisons`` at its ``look``-th look: a :class:`PowerAnalysis`.

    ``noise`` is the standard deviation of paired differences and where it comes from; ``margin`` is the look's. Powers
    are those of the hardest step of Holm's method, at look_level / comparisons: a lower bound.
    """
    level, (sd, source) = look_level(look, alpha) / max(comparisons, 1), noise
    unit = metric.margin or margin or (sd / TARGET if sd else None)
    one = None if sd is None or unit is None else seeds_needed(TARGET * unit, sd, level)
    return PowerAnalysis(
        metric=metric,
        n=n,
        comparisons=comparisons,
        look=look,
        level=look_level(look, alpha),
        sd=sd,
        source=source,
        margin=margin,
        unit=unit,
        detectable=math.inf if sd is None else detectable_effect(n, sd, level),
        equivalent=0.0 if sd is None or margin is None else equivalence_power(n, sd, margin, level),
        needed={} if sd is None or unit is None else {k * unit: seeds_needed(k * unit, sd, level) for k in SHOWN},
        needed_equivalent=None if sd is None or margin is None else seeds_for_equivalence(margin, sd, level),
        recommended=6 if sd is None else min(max(one or 20, 6), 20),
    )
