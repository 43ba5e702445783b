"""Interim analyses (looks) as earlier versions made them: they are only read now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from results.analysis.looks import Family, Look, Pair, Runs
from results.analysis.paired import Claim
from results.analysis.verdicts import PairVerdict, final_verdicts, verdicts_at
from results.metric import Metric


def next_look(
    looks: Sequence[Look], family: Family, pairs: Sequence[Pair], claim: Claim, margin: float | None, **more: Any
) -> Look:
    """The look after these: all pairs that were ever compared, with all their seeds, and the new ones."""
    known: dict[tuple[str, str], Pair] = {p.key: p for p in (looks[-1].pairs if looks else ())}
    for pair in pairs:
        before = known.get(pair.key)
        seeds = tuple(sorted({*pair.seeds, *(before.seeds if before else ())}))
        known[pair.key] = replace(before or pair, seeds=seeds)
    return Look(family, len(looks) + 1, tuple(known.values()), claim, margin, **more)


def look_dict(look: Look) -> dict[str, Any]:
    """A look as study.json holds it."""
    return asdict(look)


def finals(runs: Runs, looks: Sequence[Look], metric: Metric) -> list[PairVerdict]:
    """The final verdicts over these looks."""
    return final_verdicts([verdicts_at(runs, look, metric) for look in looks])
