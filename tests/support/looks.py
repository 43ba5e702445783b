"""Interim analyses (looks) as earlier versions kept them in study.json."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from results.analysis.looks import Look


def next_look(before: list, family: str, pairs: list, claim: str, margin: float | None, **about) -> Look:
    """Make a look as earlier versions kept it: all pairs so far, with all their seeds."""
    seen: dict = {}
    for pair in [*(before[-1].pairs if before else ()), *pairs]:
        old = seen.get(pair.key)
        seeds = pair.seeds if old is None else tuple(sorted({*old.seeds, *pair.seeds}))
        seen[pair.key] = replace(old or pair, seeds=seeds)
    return Look(family, len(before) + 1, tuple(seen.values()), claim, margin, **about)


def stored(look: Look) -> dict[str, Any]:
    """Return a look as study.json has it."""
    return asdict(look)
