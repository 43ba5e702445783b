"""``ablate``, without its command line: which changes, which runs. Pure planning; the command trains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from results.analysis.ablation_plan import AblationPlan, Config
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Pair
from results.analysis.plans import Plan
from results.config import changes, config_hash
from results.errors import UserError, nearest
from results.record import Record, find_run
from study.jobs import Job
from study.planning.confirm import candidates
from study.planning.runs import missing
from study.planning.seeds import failed_seeds, fresh_seeds, judged_seeds

FAMILY: Family = "ablation"
INTERACTION_SEEDS = 6  # of the interaction, which is described and not judged
FEW = 10  # changes of which all subsets are looked at, to say what a path may cost
Validate = Callable[[Config], Config]  # completes and checks a config; raises UserError


def starting_config(evidence: Evidence, origin: str) -> Config:
    """Return the config to ablate: 'best' (of the sweep, by validation), 'baseline', or that of a run, by its id.

    Raises UserError where there is none.
    """
    if origin == "baseline":
        return evidence.meta.baseline
    if origin == "best":
        found = candidates(evidence, 1)
        if not found:
            raise UserError(
                "the study has no complete sweep trial to ablate: give --from RUN_ID, or run a sweep", "sweep"
            )
        return found[0].config
    try:
        return dict(find_run(evidence.everything, origin).config)
    except UserError as error:
        advice = nearest(origin, ["best", "baseline"])
        if "did you mean" in advice:
            raise UserError(f"--from: no run '{origin}'{advice}") from None
        raise UserError(f"--from: {error}", *error.words) from None


def confirmed(evidence: Evidence) -> set[tuple[str, str]]:
    """Return the comparisons that confirm has tested: their verdict is confirm's."""
    looks = {p.key for look in evidence.looks("confirm") for p in look.pairs}
    return looks | {p.key for plan in evidence.plans("confirm") for p in plan.pairs}


def plan_ablation(
    start: Config,
    baseline: Config,
    validate: Validate,
    *,
    fixed: Config | None = None,
    only: Sequence[str] = (),
    most: int | None = None,
    named: Mapping[str, Config] | None = None,
) -> tuple[AblationPlan, list[str]]:
    """Return what to ablate, and notes on what was left out.

    Each field that differs is one change; ``only`` names the ones wanted, ``most`` keeps the first so many in the order
    of the fields. With ``named`` ablations and no ``only`` the fields are not ablated. Raises UserError where
    nothing is left.
    """
    fixed = dict(fixed or {})
    start, baseline = validate(start | fixed), validate(baseline | fixed)
    differing = changes(start, baseline)
    for name in only:
        if name not in differing:
            raise UserError(
                f"--changes: '{name}' does not differ from the baseline{nearest(name, differing) if differing else ''}"
            )
    names = [n for n in differing if n in only or not only] if only or not named else []
    notes = []
    if most is not None and len(names) > most:
        notes.append(f"left as they are: {', '.join(names[most:])} (--leave-out {most})")
        names = names[:most]
    kept: dict[str, Config] = {}
    for name in names:
        try:
            without = validate(start | {name: baseline[name]})
            alone = validate(baseline | {name: start[name]})
        except UserError as error:
            notes.append(f"{name} cannot be changed by itself: {error}")
            continue
        if without == start or alone == baseline:
            notes.append(f"{name} makes no difference by itself")
            continue
        kept[name] = {name: start[name]}
    applied = {}
    for label, change in (named or {}).items():
        ablated = validate(start | change | fixed)
        if ablated == start:
            notes.append(f"'{label}' leaves the start as it is")
            continue
        applied[label] = {k: v for k, v in ablated.items() if v != start.get(k)}
    if not kept and not applied:
        raise UserError(
            "nothing to ablate: the start differs from the baseline in no field that could be changed alone"
        )
    return AblationPlan(start, baseline, kept, applied, fixed), notes


def pairs(a: AblationPlan, parts: Sequence[str], elsewhere: Collection[tuple[str, str]] = ()) -> list[Pair]:
    """Return the comparisons that get verdicts here; those of ``elsewhere`` (confirm's) have theirs.

    Raises UserError where none is left.
    """
    found = a.comparisons({"all", "named", *parts})
    made = [Pair(*key, (), role, name) for key, (role, name) in found.items() if key not in elsewhere]
    if not made and len(a.changes) > 1:  # a path alone: it hangs on the whole, whose verdict stays confirm's
        made = [Pair(*key, (), role, name) for key, (role, name) in found.items()]
    if found and not made:
        raise UserError(
            f"'{', '.join(a.changes)}' is all that differs from the baseline, and confirm has tested it: nothing is "
            "left to ablate"
        )
    return made


def configs(a: AblationPlan) -> dict[str, Config]:
    """Index every config of the comparisons by hash."""
    all_of = [a.start, a.baseline, *(a.without(n) for n in (*a.changes, *a.named)), *(a.adding(n) for n in a.changes)]
    return {config_hash(c): c for c in all_of}


def about(wanted: Sequence[Pair]) -> dict[str, Any]:
    """Map the configs of comparisons, by hash, to what their records say of why they were run."""
    return {h: {"role": p.role, "change": p.name} for p in wanted for h in p.key}


def seeds_for(
    evidence: Evidence, a: AblationPlan, wanted: Sequence[Pair], start: int
) -> Callable[[int], tuple[int, ...]]:
    """Return what chooses fresh seeds: none at which the winner was seen to be one, nor any that was judged before.

    The start's runs that confirmed it are left out too: they are why it is ablated, and so flatter it.
    """
    own = config_hash(a.baseline)
    fresh = {h for p in wanted for h in p.key} - {own}
    avoid = judged_seeds(evidence, "confirm") | judged_seeds(evidence, FAMILY) | failed_seeds(evidence, own)
    return lambda count: fresh_seeds(evidence.everything, count, start, reuse=own, fresh=fresh, avoid=avoid)


def step_jobs(records: Sequence[Record], a: AblationPlan, seeds: Sequence[int]) -> list[Job]:
    """Return the jobs that choosing the path's next step needs."""
    found = {config_hash(c): c for n in a.changes if n not in a.path for c in [a.adding(*a.path, n)]}
    found |= {config_hash(a.baseline): a.baseline}
    return missing(
        records, [(h, s) for h in found for s in seeds], found, "ablation", {h: {"role": "path"} for h in found}
    )[0]


def interaction_jobs(records: Sequence[Record], a: AblationPlan, seeds: Sequence[int]) -> list[Job]:
    """Return the jobs that the interaction of ``a.interaction`` needs."""
    if a.interaction is None:
        return []
    one, other = a.interaction
    found = {config_hash(c): c for c in (a.adding(one, other), a.adding(one), a.adding(other), a.baseline)}
    return missing(
        records, [(h, s) for h in found for s in seeds], found, "ablation", {h: {"role": "interaction"} for h in found}
    )[0]


def runs_needed(records: Sequence[Record], a: AblationPlan, plan: Plan, path_seeds: int, parts: Collection[str]) -> int:
    """Return how many runs path and interaction may add to the plan's at most: they choose as they go."""
    changes = list(a.changes)
    if len(changes) < 2:
        return 0
    have = {(r.config_hash, r.seed) for r in records if r.status != "pruned"}
    have |= {(h, s) for p in plan.pairs for h in p.key for s in plan.seeds[:INTERACTION_SEEDS]}

    def lacking(wanted: Iterable[Config], at: Sequence[int]) -> set[tuple[str, int]]:
        return {(config_hash(c), s) for c in wanted for s in at} - have

    singles = [a.baseline, *(a.adding(n) for n in changes)]
    found: set[tuple[str, int]] = set()
    later = 0
    if "path" in parts:
        at = plan.seeds[:path_seeds]
        found |= lacking([*singles, a.adding(*changes)], at)
        for size in range(2, len(changes)):  # a later step tries one config for each change that is left
            most = len(at) * (len(changes) - size + 1)
            if len(changes) <= FEW:
                most = min(most, len(lacking((a.adding(*some) for some in combinations(changes, size)), at)))
            later += most
    both = 0
    if "interaction" in parts:
        seeds = plan.seeds[:INTERACTION_SEEDS]
        quads = [[a.adding(m, n), a.adding(m), a.adding(n), a.baseline] for m, n in combinations(changes, 2)]
        both = max(len(lacking(quad, seeds) - found) for quad in quads)
    return len(found) + later + both
