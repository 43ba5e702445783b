"""Runs against the baseline: which baseline, at which epoch, by how much. Pure functions of records.

The score of a run is its metric on validation at the epoch that the metric's rule selects, turned so that more is
better; "within k epochs" takes that epoch among the first k. Where a shorter training is a prefix of a longer one, as
under a constant learning rate, comparing two histories within the same k compares equal budgets; where it is not, only
trainings of equally many epochs are compared so. Test figures are carried along and never used to choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.record import Record
from results.selection import best_so_far, selected


@dataclass(frozen=True)
class AgainstBaseline:
    """One run beside the baseline run of the same seed, hence the same split and order. Differences are gains.

    ``as_configured``: both complete, each at its own best epoch. ``at_equal``: both within ``equal_epochs`` epochs, the
    shorter of the two histories; the only one a pruned run has, and None where the two do not compare so (see
    :func:`prefixes_compare`). ``test``: the test score, for show.
    """

    record: Record
    baseline: Record | None
    as_configured: float | None = None
    equal_epochs: int | None = None
    at_equal: float | None = None
    test: float | None = None


def curve(record: Record) -> list[tuple[int, float]]:
    """Return (epoch, score) of every epoch that has a score."""
    metric = record.metric.plain
    pairs = [(row.epoch, metric.score(row.values.get(metric.name))) for row in record.history]
    return [(epoch, score) for epoch, score in pairs if score is not None]


def curve_so_far(record: Record) -> list[float]:
    """Return after each epoch the score at the epoch selected so far; NaN before there is one."""
    return best_so_far(record.history, record.metric.plain)


def score_within(record: Record, epochs: int | None = None) -> float | None:
    """Return the score at the selected epoch within ``epochs``; None for a run that failed or diverged."""
    if record.status in ("failed", "diverged"):
        return None
    metric = record.metric.plain
    row = selected((r for r in record.history if epochs is None or r.epoch <= epochs), metric)
    return metric.score(row.values[metric.name]) if row else None


def prefixes_compare(one: Mapping[str, Any], other: Mapping[str, Any], prefix: bool) -> bool:
    """Whether trainings of two configs compare after equally many epochs, the first ones of each.

    They do where a shorter training is a ``prefix`` of a longer one, or where both are of one length.
    """
    return prefix or one.get("epochs") == other.get("epochs")


def against_baseline(record: Record, baselines: Sequence[Record], prefix: bool) -> AgainstBaseline:
    """Compare a run with the baseline run of its seed, or of the first seed where there is none of its own.

    ``prefix``: whether a shorter training is a prefix of a longer one.
    """
    own = [b for b in baselines if b.seed == record.seed]
    baseline = own[0] if own else (baselines[0] if baselines else None)
    if baseline is None or record.status in ("failed", "diverged"):
        return AgainstBaseline(record, baseline)
    compare = prefixes_compare(record.config, baseline.config, prefix)
    epochs = min(len(record.history), len(baseline.history)) if compare else 0
    mine, its = score_within(record, epochs), score_within(baseline, epochs)
    complete = record.status == "complete"
    return AgainstBaseline(
        record,
        baseline,
        as_configured=_minus(record.score, baseline.score) if complete else None,
        equal_epochs=epochs or None,
        at_equal=_minus(mine, its) if epochs else None,
        test=_minus(record.test_score, baseline.test_score) if complete else None,
    )


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def expected_best(scores: Sequence[float]) -> list[float]:
    """Return the expected best of k of ``scores`` drawn with replacement, for k = 1..n (Dodge et al. 2019).

    It is what a random search of k trials over the same space would be expected to reach, on validation.
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    below = np.arange(len(ordered) + 1) / max(len(ordered), 1)
    return [float(ordered @ np.diff(below**k)) for k in range(1, len(ordered) + 1)]


def frontier(costs: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Return the positions that no other beats in both: cheaper or equal, and better; cheapest first."""
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -scores[i], i))
    kept: list[int] = []
    for i in order:
        if not kept or scores[i] > scores[kept[-1]]:
            kept.append(i)
    return kept
