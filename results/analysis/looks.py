"""Pairs of configs, and the interim analyses (looks) by which earlier versions judged them, as study.json keeps them.

A look is read and shown, and its error counts as spent; what is judged now is judged by a plan (plans.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from results.analysis.corrections import ALPHA
from results.analysis.paired import CLAIMS, MARGIN, Claim
from results.errors import UserError
from results.identity import Identity
from results.meta import StudyMeta
from results.metric import LARGEST
from results.record import Record

Family = Literal["confirm", "ablation"]
MOST_LOOKS = 100  # the 100th would spend alpha / 101!
Runs = Mapping[tuple[str, int], Record]
"""Complete runs with the score that verdicts compare by (config hash, seed); see :func:`by_run`."""


@dataclass(frozen=True)
class Pair:
    """Two configs by hash, compared on ``seeds``; the difference is candidate - reference.

    ``role``: 'confirm' (reference: the baseline), 'leave-one-out' (candidate: the winner, reference: the winner without
    the change), 'add-one-in' (reference: the baseline), 'named' (candidate: the start with the named ablation,
    reference: the start). ``name`` is the change; a positive difference always speaks for the change. ``chosen`` is the
    run that made it a candidate. ``without`` are the seeds at which one of the two had no score at the look: one
    that comes later is another look's.
    """

    candidate: str
    reference: str
    seeds: tuple[int, ...]
    role: str = "confirm"
    name: str = ""
    chosen: str | None = None
    without: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same comparison at a later look, with whatever seeds."""
        return self.candidate, self.reference


@dataclass(frozen=True)
class Look:
    """One interim analysis (look) of a family: its comparisons tested once, as study.json keeps it."""

    family: Family
    number: int
    pairs: tuple[Pair, ...]
    claim: Claim = "test-set"
    margin: float | None = MARGIN
    alpha: float = ALPHA
    when: str | None = None
    command: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Look:
        """Make one of study.json's, leaving unknown keys out. Raises KeyError, TypeError, ValueError for none."""
        names = {"candidate", "reference", "seeds", "role", "name", "chosen", "without"}
        pairs = [{k: v for k, v in p.items() if k in names} for p in value["pairs"]]
        own = {
            k: value[k]
            for k in ("family", "number", "claim", "margin", "alpha", "when", "command", "details")
            if k in value
        }
        claim = own.get("claim", "test-set")
        number, margin, alpha = own["number"], own.get("margin", MARGIN), own.get("alpha", ALPHA)
        if claim not in CLAIMS or type(number) is not int or not 1 <= number <= MOST_LOOKS:
            raise ValueError(f"look {number!r:.40}, claim {claim!r:.40}")
        if margin is not None and (type(margin) is not float or not 0 < margin <= LARGEST):
            raise ValueError(f"margin is {margin!r:.40}")
        if type(alpha) is not float or not 0 < alpha < 1:
            raise ValueError(f"alpha is {alpha!r:.40}")
        maybe = [own.get("when"), own.get("command"), *(p.get("chosen") for p in pairs)]
        texts = [text for text in maybe if text is not None]
        texts += [p.get(k, "") for p in pairs for k in ("candidate", "reference", "role", "name")]
        if not isinstance(own.get("details", {}), dict) or not all(isinstance(text, str) for text in texts):
            raise ValueError("its texts are none")
        if any(type(s) is not int for p in pairs for s in (*p["seeds"], *p.get("without", ()))):
            raise ValueError("its seeds are no whole numbers")
        seeds = [{"seeds": tuple(p["seeds"]), "without": tuple(p.get("without", ()))} for p in pairs]
        return cls(**own, pairs=tuple(Pair(**(p | s)) for p, s in zip(pairs, seeds, strict=True)))


def chosen_run(records: Iterable[Record], pair: Pair) -> Record | None:
    """Return the run that made the pair's candidate one, else any run of its config; None where there is none."""
    own = [r for r in records if r.config_hash == pair.candidate]
    return next((r for r in own if r.run_id == pair.chosen), own[0] if own else None)


def by_run(records: Iterable[Record]) -> dict[tuple[str, int], Record]:
    """Index complete runs that have the score verdicts compare by (config hash, seed); the first of equals counts."""
    found: dict[tuple[str, int], Record] = {}
    for r in records:
        if r.status == "complete" and r.final is not None:
            found.setdefault((r.config_hash, r.seed), r)
    return found


def paired(runs: Runs, pair: Pair) -> list[tuple[Record, Record]]:
    """Return (candidate, reference) for every seed of the pair where both finished, in order of seed."""
    seeds = sorted(set(pair.seeds) - set(pair.without))
    both = [(runs.get((pair.candidate, s)), runs.get((pair.reference, s))) for s in seeds]
    return [(a, b) for a, b in both if a is not None and b is not None]


def looks_of(meta: StudyMeta, family: Family, identity: Identity | None = None) -> list[Look]:
    """Return the looks at ``family`` that study.json holds, in order. Raises UserError for one of another version.

    ``identity`` translates the hashes that they had before the config got further fields; study.json keeps those.
    """
    identity = identity or Identity.of(meta)
    try:
        looks = [now(Look.from_dict(value), identity) for value in meta.looks if value.get("family") == family]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"study.json holds an interim analysis (look) of family '{family}' that this version does not know "
            f"({error}); a newer version of the toolkit made it: use that"
        ) from None
    return sorted(looks, key=lambda look: look.number)


def now(look: Look, identity: Identity) -> Look:
    """Return a look with the hashes that its configs have now."""
    pairs = (replace(p, candidate=identity.now(p.candidate), reference=identity.now(p.reference)) for p in look.pairs)
    return replace(look, pairs=tuple(pairs))
