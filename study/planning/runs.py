"""The runs that a plan needs: which are missing, what they cost, and in which order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from results.analysis.paired import MOST_SEEDS
from results.analysis.power import PowerAnalysis
from results.formatting import duration
from results.record import Record
from study.jobs import Job, completed


def missing(
    records: Sequence[Record],
    wanted: Sequence[tuple[str, int]],
    configs: Mapping[str, dict[str, Any]],
    kind: Any,
    about: Mapping[str, Any] | None = None,
) -> tuple[list[Job], int]:
    """Return (jobs to train, runs reused) for the wanted (config hash, seed); ``about`` maps hashes to Record.ablation.

    A complete run is never trained again, nor one that failed or diverged: that is its answer. A pruned one is trained.
    """
    have = {(r.config_hash, r.seed) for r in records if r.status in ("failed", "diverged")} | set(completed(records))
    unique = list(dict.fromkeys(wanted))
    todo = sorted((run for run in unique if run not in have), key=lambda run: (unique.index((run[0], run[1])), run[1]))
    jobs = [Job(kind, configs[name], seed, ablation=(about or {}).get(name)) for name, seed in todo]
    return jobs, len(unique) - len(jobs)


def training_seconds(records: Sequence[Record], jobs: Sequence[Job]) -> float | None:
    """Estimate the training time of ``jobs`` in all: as the same config took, else per epoch as any run took."""
    own: dict[str, list[float]] = {}
    rates = []
    for r in records:
        if r.seconds and r.history:
            rates.append(r.seconds / len(r.history))
            if r.status == "complete":
                own.setdefault(r.config_hash, []).append(r.seconds)
    if not rates and jobs:
        return None
    total = 0.0
    for job in jobs:
        same = own.get(job.config_hash)
        total += sum(same) / len(same) if same else sum(rates) / len(rates) * (job.epochs or 1)
    return total


def longest_first(records: Sequence[Record], jobs: Sequence[Job]) -> list[Job]:
    """Order jobs so that, side by side, no long one is left alone at the end."""
    return sorted(jobs, key=lambda job: -(training_seconds(records, [job]) or 0.0))


def cost(runs: int, reused: int, seconds: float | None, at_once: int | None = None) -> str:
    """Say what it will cost: ``seconds`` of training in all, and by the clock with ``at_once`` runs at a time."""
    if not runs:
        return f"Nothing to train for the verdicts: all {reused} runs are recorded."
    known = "of unknown length"
    if seconds is not None:
        known = f"about {duration(seconds)} of training in all, as the recorded runs took"
        if at_once and min(at_once, runs) > 1:
            known += f", or {duration(seconds / runs * math.ceil(runs / at_once))} with {min(at_once, runs)} at a time"
    return f"To train: {runs} run{'s' if runs != 1 else ''}, {known}; {reused} reused."


def advice(power: PowerAnalysis) -> str:
    """Recommend a number of seeds."""
    if power.target is None:
        if power.n >= power.recommended:
            return "More seeds can be recommended once these have shown how far runs differ."
        return f"Recommended: --seeds {power.recommended}, as long as nothing is known of the noise."
    target, one = power.metric.amount(power.target), power.needed.get(power.target)
    if one is not None and power.n >= one:
        return f"{power.n} seeds are enough to see {target} (recommended: {power.recommended})."
    take = f"{target} would take {one if one is not None else f'more than {MOST_SEEDS}'}"
    if power.n >= power.recommended:
        return f"No more are recommended for now, though {take}: see first what these show."
    text = f"Recommended: --seeds {power.recommended}"
    if one is not None and one <= power.recommended:
        return f"{text}, which sees a difference of {target}."
    return f"{text}; {take}, larger gains fewer."
