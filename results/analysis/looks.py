"""Interim analyses (looks): which comparisons a study has made on which seeds, as study.json keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from results.analysis.corrections import ALPHA, look_level
from results.analysis.paired import CLAIMS, MARGIN, MIN_SEEDS, Claim
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

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values, with the error it spent."""
        value = asdict(self) | {"spent": look_level(self.number, self.alpha)}
        return value | {"pairs": [{**asdict(p), "seeds": [*p.seeds], "without": [*p.without]} for p in self.pairs]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Look:
        """Undo :meth:`as_dict`, leaving unknown keys out. Raises KeyError, TypeError, ValueError for anything else."""
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
        texts = [own.get("when") or "", own.get("command") or ""]
        texts += [p.get(k) or "" for p in pairs for k in ("candidate", "reference", "role", "name", "chosen")]
        if not isinstance(own.get("details", {}), dict) or not all(isinstance(text, str) for text in texts):
            raise ValueError("its texts are none")
        if any(type(s) is not int for p in pairs for s in (*p["seeds"], *p.get("without", ()))):
            raise ValueError("its seeds are no whole numbers")
        seeds = [{"seeds": tuple(p["seeds"]), "without": tuple(p.get("without", ()))} for p in pairs]
        return cls(**own, pairs=tuple(Pair(**(p | s)) for p, s in zip(pairs, seeds, strict=True)))

    def same_data(self, other: Look) -> bool:
        """Whether the other look asks the very same question of the same runs, so that it need not be spent."""
        mine, its = ({(p.key, tuple(sorted(p.seeds))) for p in look.pairs} for look in (self, other))
        return mine == its and (self.claim, self.margin, self.alpha) == (other.claim, other.margin, other.alpha)


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


def settled(runs: Runs, look: Look) -> Look:
    """Return the look with the seeds that have no score now, as study.json is to keep it."""
    pairs = []
    for pair in look.pairs:
        bare = replace(pair, without=())
        scored = {a.seed for a, _ in paired(runs, bare)}
        pairs.append(replace(bare, without=tuple(s for s in sorted(set(pair.seeds)) if s not in scored)))
    return replace(look, pairs=tuple(pairs))


def spends(runs: Runs, look: Look) -> bool:
    """Whether any pair has enough scores for a verdict: a look without one has tested nothing and need not be kept."""
    return any(len(paired(runs, pair)) >= MIN_SEEDS for pair in look.pairs)


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


def next_look(
    looks: Sequence[Look],
    family: Family,
    pairs: Sequence[Pair],
    claim: Claim,
    margin: float | None,
    runs: Runs = MappingProxyType({}),
    **about: Any,
) -> Look:
    """Return the look that tests ``pairs`` beside all that the family compared before: the last one where nothing
    is new.

    A pair seen before gets its new seeds and keeps the old ones; the others stay as they were. With ``runs``, a
    score that the last look had to do without is new as well.
    """
    merged = {p.key: p for p in looks[-1].pairs} if looks else {}
    for pair in pairs:
        before = merged.get(pair.key)
        seeds = tuple(dict.fromkeys((before.seeds if before else ()) + pair.seeds))
        merged[pair.key] = Pair(
            pair.candidate,
            pair.reference,
            seeds,
            pair.role,
            pair.name,
            pair.chosen or (before.chosen if before else None),
        )
    look = Look(family, len(looks) + 1, tuple(merged.values()), claim, margin, **about)
    if not looks or not looks[-1].same_data(look):
        return look
    late = any(all((h, s) in runs for h in p.key) for p in looks[-1].pairs for s in p.without)
    return look if late else looks[-1]
