"""Which seeds a comparison may use: fresh ones, and of these first those that have been paid for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from results.record import Record


def sweep_seeds(records: Iterable[Record]) -> set[int]:
    """Return the seeds that any sweep chose by: a candidate was picked for its luck on these."""
    return {r.seed for r in records if r.of_sweep}


def fresh_seeds(
    records: Sequence[Record],
    count: int,
    configs: Sequence[str],
    start: int,
    first: Collection[int] = (),
    avoid: Collection[int] = (),
) -> tuple[int, ...]:
    """Return ``count`` seeds that no sweep used, nor any in ``avoid``.

    Seeds in ``first`` (what an earlier interim analysis used) come first, then those at which most of ``configs``
    (hashes) are complete already, then ``start``, ``start`` + 1, ...
    """
    used = sweep_seeds(records) | set(avoid)
    done: dict[int, set[str]] = {}
    for r in records:
        if r.status == "complete" and r.config_hash in configs:
            done.setdefault(r.seed, set()).add(r.config_hash)
    known = sorted(set(first) | set(done), key=lambda s: (s not in first, -len(done.get(s, ())), s))
    chosen = [s for s in known if s not in used][:count]
    seed = start
    while len(chosen) < count:
        if seed not in used and seed not in chosen:
            chosen.append(seed)
        seed += 1
    return tuple(chosen)
