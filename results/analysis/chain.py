"""Plans in study.json: written before their first run, then round by round, and chained by digests.

Each plan holds the hash of itself and of the plan before, each judged round the digest of its scores and of the round
before, so a changed plan, score or verdict is noticed (:func:`problem`). Whoever recomputes the digests is not noticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from results.analysis.plans import Judged, Plan, digest
from results.errors import UserError
from results.identity import Identity
from results.meta import StudyMeta

MOST_PLANS, MOST_ROUNDS_IN_ALL, MOST_RUNS_IN_ALL = 50, 2_000, 20_000  # of a study: judged whenever it is read, 2 s


def plans_of(meta: StudyMeta, identity: Identity | None = None) -> list[Plan]:
    """Return the study's plans, in order, with the hashes that configs have now.

    Raises UserError for one of another version.
    """
    identity = identity or Identity.of(meta)
    try:
        return [_now(plan, identity) for plan in _stored(meta)]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(
            f"study.json holds a plan that this version does not know ({error!s:.120}); a newer version of the toolkit "
            "made it: use that"
        ) from None


def _stored(meta: StudyMeta) -> list[Plan]:
    plans = [Plan.from_dict(value) for value in meta.plans[: MOST_PLANS + 1]]
    if why := too_many([(len(p.pairs), len(p.seeds)) for p in plans]):
        raise ValueError(why)
    return plans


def too_many(sizes: Sequence[tuple[int, int]]) -> str:
    """Say why a study cannot hold plans of these (pairs, seeds); empty where it can."""
    rounds, runs = sum(r for _, r in sizes), sum(p * r for p, r in sizes)
    if len(sizes) <= MOST_PLANS and rounds <= MOST_ROUNDS_IN_ALL and runs <= MOST_RUNS_IN_ALL:
        return ""
    return (
        f"a study holds at most {MOST_PLANS} plans, of {MOST_ROUNDS_IN_ALL} seeds and of {MOST_RUNS_IN_ALL} "
        "comparisons times seeds in all"
    )


def _now(plan: Plan, identity: Identity) -> Plan:
    pairs = (replace(p, candidate=identity.now(p.candidate), reference=identity.now(p.reference)) for p in plan.pairs)
    return replace(plan, pairs=tuple(pairs))


def last_hash(meta: StudyMeta) -> str:
    """Return what the next plan has as its ``previous``: the last plan's hash, else that of the looks, if any."""
    if meta.plans:
        return str(meta.plans[-1].get("hash", ""))
    return digest(meta.looks) if meta.looks else ""


def problem(meta: StudyMeta, index: int, judged: Judged) -> str:
    """Say why a plan's verdicts do not stand: itself, one before it, or a score was changed. Empty where they do."""
    stored = Plan.from_dict(meta.plans[index])  # not all: a study of many plans asks this of each
    if stored.own_hash != stored.hash:
        return "the plan is not what it was when it was made"
    before = meta.plans[index - 1].get("hash", "") if index else digest(meta.looks) if meta.looks else ""
    if stored.previous != before:
        return "what was planned or tested before it was changed or removed"
    known, found = stored.rounds, judged.digests()
    for r, (was_then, is_now) in enumerate(zip(known, found, strict=False), 1):
        if was_then != is_now:
            return f"the scores of round {r} are not those that were judged"
    if len(found) < len(known):
        return f"runs of round {len(found) + 1} are gone that were judged"
    known_now = {v["pair"]: v for v in judged.verdicts()}
    for was in stored.verdicts:
        pair = was.get("pair")
        now = known_now.get(pair, {}) if isinstance(pair, int) else {}
        if any(now.get(k) != was.get(k) for k in ("verdict", "round", "n", "estimate")):
            return "a recorded verdict is not what its scores say"
    return ""


def place(meta: StudyMeta, plan: Plan) -> int:
    """Return where study.json holds a plan: by its hash, as one before it may have been removed."""
    return max(i for i, value in enumerate(meta.plans) if value.get("hash") == plan.hash)


def keep(meta: StudyMeta, judged: Judged) -> None:
    """Put how far a plan has come into study.json; its own part stays as it was stored."""
    now = judged.kept()
    put(meta, now, rounds=[*now.rounds], verdicts=[*now.verdicts])


def put(meta: StudyMeta, plan: Plan, **parts: Any) -> None:
    """Put those parts of a plan into study.json that come after its first run, and are not in its hash."""
    index = place(meta, plan)
    meta.plans = [*meta.plans[:index], {**meta.plans[index], **parts}, *meta.plans[index + 1 :]]
