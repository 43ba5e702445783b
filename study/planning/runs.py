"""The runs that a plan needs: which are missing, what they cost, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
