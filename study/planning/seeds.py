"""Which seeds a comparison may use: fresh ones, and of these first those that have been paid for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from results.analysis.evidence import Evidence
from results.analysis.looks import Family
from results.record import Record


def sweep_seeds(records: Iterable[Record]) -> set[int]:
    """Return the seeds that any sweep chose by: a candidate was picked for its luck on these."""
    return {r.seed for r in records if r.of_sweep}


def judged_seeds(evidence: Evidence, family: Family) -> set[int]:
    """Return the seeds that the family's looks and plans have had: their runs have shown what led to a further plan."""
    looks = {s for look in evidence.looks(family) for p in look.pairs for s in p.seeds}
    return looks | {s for plan in evidence.plans(family) for s in plan.seeds}


def failed_seeds(evidence: Evidence, reference: str) -> set[int]:
    """Return the seeds at which a reference is known to come to no score: no pair can be had there."""
    return {seed for name, seed in evidence.failures if name == reference}


def fresh_seeds(
    records: Sequence[Record],
    count: int,
    start: int,
    *,
    fresh: Collection[str],
    reuse: str | None = None,
    avoid: Collection[int] = (),
) -> tuple[int, ...]:
    """Return ``count`` seeds that no sweep used, nor any in ``avoid``, and at which no config of ``fresh`` was run.

    Those at which the config ``reuse`` is complete come first (boundaries hold for unseen candidates, and the
    reference's runs have chosen nothing), then ``start``, ``start`` + 1, ...
    """
    used = sweep_seeds(records) | set(avoid) | {r.seed for r in records if r.config_hash in fresh}
    done = {r.seed for r in records if r.config_hash == reuse and r.status == "complete"}
    chosen = sorted(done - used)[:count]
    seed = start
    while len(chosen) < count:
        if seed not in used and seed not in chosen:
            chosen.append(seed)
        seed += 1
    return tuple(chosen)
