"""What is next in a study, by its records alone: the command line ends with it, and the page shows it. No I/O.

next_step(evidence)     -> Step: which command, why, what it trains and how long that takes
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from results.analysis.chain import place, problem
from results.analysis.evidence import Evidence
from results.analysis.paired import MIN_SEEDS
from results.analysis.plans import Judged
from results.analysis.verdicts import PairVerdict
from results.code import is_in_file
from results.config import changes
from results.formatting import duration, plural
from results.record import Record
from study.limits import DEFAULT_SEED
from study.planning.confirm import candidates
from study.planning.expect import noise_of, rounds_wanted
from study.planning.plan import AtOnce, trainings
from study.planning.seeds import judged_seeds, sweep_seeds
from study.planning.step import Clock, Step, alone, common_error

SEEDS = 6  # of a baseline whose noise is measured well enough to plan by
TRIALS = 50
MOST_PLANS = 3  # of candidates that stay undecided: each has half of the error that is left, and shows less
LEFT = 60.0  # seconds of an auto's budget with which a further start is worth it


def next_step(evidence: Evidence, at_once: AtOnce | None = None) -> Step:
    """Return what is next; ``at_once`` tells how many trainings go side by side, one where it is left out."""
    auto = evidence.meta.auto
    if auto is not None and auto.stage != "done" and auto.budget - auto.used > LEFT:
        return Step("auto", (), f"go on: {duration(auto.budget - auto.used)} of the budget are left")
    return by_hand(evidence, at_once)


def by_hand(evidence: Evidence, at_once: AtOnce | None = None) -> Step:
    """The same, whatever is left of the budget of an ``auto``."""
    clock = Clock(evidence, at_once or alone)
    if not evidence.baselines:
        return _first(evidence, clock)
    if evidence.meta.sweep is None and not any(r.of_sweep for r in evidence.records):
        return _noise(evidence, clock) or _sweep(evidence, clock, TRIALS)
    asked, there = _asked(evidence), len(_trials(evidence))
    if there < asked:
        return _sweep(evidence, clock, asked, there)
    if _unseeded(evidence):
        return Step("report", (), "read the page: without {seed} in its command this study can confirm nothing")
    if evidence.unknown_plans:
        return Step("report", (), f"read the page: verdicts are left out, as {evidence.unknown_plans}")
    return _after_sweep(evidence, clock)


# -- baseline ----------------------------------------------------------------------------------------------------------


def _first(evidence: Evidence, clock: Clock) -> Step:
    """Nothing to compare with yet."""
    meta, own = evidence.meta, [r for r in evidence.records if evidence.is_baseline(r)]
    seed = (meta.sweep or {}).get("seed", min((r.seed for r in own), default=DEFAULT_SEED))
    words = () if seed == DEFAULT_SEED else ("--seed", str(seed))
    if not own:
        return Step("baseline", words, "train the baseline, which all else is compared with", 1)
    why = f"no training of the baseline came to a score ({common_error(own)}): see study.log in the study's folder"
    if all(r.status == "diverged" for r in own):
        return Step("report", (), f"{why}; a baseline with other settings is another study")
    changed = ("--trainable", meta.trainable) if is_in_file(meta.trainable) else ()  # else it is refused, once mended
    return Step("baseline", (*words, *changed), f"{why}, mend it, train it again", 1, clock.time(1, [meta.baseline]))


def _noise(evidence: Evidence, clock: Clock) -> Step | None:
    """More seeds of the baseline, as long as they are few and were not tried already."""
    if _unseeded(evidence):
        return None
    tried = {r.seed for r in evidence.records if evidence.is_baseline(r)}
    start = min(tried)
    lacking = [s for s in range(start, start + SEEDS) if s not in tried]
    if len(evidence.baselines) >= SEEDS or not lacking:
        return _failing(evidence, len(tried)) if len(evidence.baselines) < MIN_SEEDS else None
    seed = () if start == DEFAULT_SEED else ("--seed", str(start))
    why = "measure how far the same training differs from seed to seed, by luck alone"
    if len(evidence.baselines) > 1:
        why = f"{why}; {len(evidence.baselines)} seeds tell that only roughly"
    count = len(lacking)
    words = (*seed, "--seeds", str(SEEDS))
    return Step("baseline", words, why, count, clock.time(count, [evidence.meta.baseline]))


def _failing(evidence: Evidence, tried: int) -> Step:
    own = [r for r in evidence.records if evidence.is_baseline(r)]
    lost = f"{tried - len(evidence.baselines)} of {tried} seeds of the baseline failed ({common_error(own)})"
    return Step("report", (), f"read study.log in the study's folder: {lost}")


# -- sweep -------------------------------------------------------------------------------------------------------------


def _sweep(evidence: Evidence, clock: Clock, trials: int, there: int = 0, why: str = "") -> Step:
    """A sweep of so many trials in all, of which some are there."""
    left = trials - there
    seconds = clock.trials(left, str((evidence.meta.sweep or {}).get("scheduler")))
    begun = evidence.meta.sweep is not None and trials == _asked(evidence)
    said = why or ("go on with the sweep" if begun else "search for settings that score better than the baseline")
    return Step("sweep", () if begun else ("--trials", str(trials)), said, left, seconds)


def _trials(evidence: Evidence) -> list[Record]:
    return [r for r in evidence.records if r.kind == "sweep"]


def _asked(evidence: Evidence) -> int:
    """Return how many trials the study's sweep is to have; those it has where that is not known, or all are tried."""
    sweep, there = evidence.meta.sweep or {}, len(_trials(evidence))
    asked = sweep.get("trials")
    return asked if isinstance(asked, int) and not sweep.get("exhausted") else there


def _more(evidence: Evidence, clock: Clock, why: str) -> Step:
    """A larger sweep; of a space that holds no more, the page."""
    if (evidence.meta.sweep or {}).get("exhausted"):
        return Step("report", (), f"read the page: {why}, and the space holds no other settings")
    there = len(_trials(evidence))
    return _sweep(evidence, clock, 2 * there, there, f"search on: {why}")


# -- verdicts ----------------------------------------------------------------------------------------------------------


def _after_sweep(evidence: Evidence, clock: Clock) -> Step:
    """From the sweep's best to the winner's changes."""
    best = next(iter(candidates(evidence, 1)), None)
    verdicts = evidence.verdicts("confirm")
    if best is None and not verdicts:
        lost = [r for r in _trials(evidence) if r.status in ("failed", "diverged")]
        if lost:
            said = f"{len(lost)} of {plural(len(_trials(evidence)), 'trial')} failed ({common_error(lost)})"
            return Step("report", (), f"read the page and study.log: {said}")
        return _more(evidence, clock, "no trial came to its end")
    if (judged := evidence.open_plan("confirm")) is not None:
        return _going_on(evidence, clock, judged, "confirm")
    further = ("--further",) if evidence.plans("confirm") else ()
    unjudged = best is not None and best.config_hash not in {j.pair.candidate for j in verdicts}
    if best is not None and unjudged and _leads(evidence, best):
        why = "train the best trial and the baseline on fresh seeds: is it better, or was it lucky?"
        return _confirm(evidence, clock, (*further, "--top", "1"), why, [best.config])
    better = [j for j in verdicts if j.verdict.label == "better"]
    if better:
        return _apart(evidence, clock, max(better, key=lambda j: j.verdict.estimate))
    if unjudged:
        return _more(evidence, clock, "no trial lies ahead of the baseline")
    left = [j for j in verdicts if not j.verdict.decided]
    if left and further and len(evidence.plans("confirm")) < MOST_PLANS:
        return _further(evidence, clock, left)
    return _more(evidence, clock, "no candidate is shown to be better than the baseline")


def _leads(evidence: Evidence, best: Record) -> bool:
    """Whether the best trial scores above the baseline's mean on validation."""
    scores = [b.score for b in evidence.baselines if b.score is not None]
    return not scores or (best.score or 0.0) > sum(scores) / len(scores)


def _confirm(
    evidence: Evidence, clock: Clock, words: tuple[str, ...], why: str, configs: Sequence[dict[str, Any]]
) -> Step:
    """A new plan of some candidates: as many seeds as find a gain of the margin, candidates and baseline on each."""
    rounds = rounds_wanted(evidence.metric.margin, noise_of(evidence).sd, len(configs))
    ready = {b.seed for b in evidence.baselines} - sweep_seeds(evidence.everything) - judged_seeds(evidence, "confirm")
    count = rounds * (len(configs) + 1) - min(rounds, len(ready))  # what a plan reuses
    return Step("confirm", words, why, count, clock.time(count, [*configs, evidence.meta.baseline]), most=True)


def _further(evidence: Evidence, clock: Clock, left: Sequence[PairVerdict]) -> Step:
    request = evidence.plans("confirm")[-1].request
    words = ["--further"]
    for option in ("--claim", "--margin"):
        if option in request:
            words += [option, f"{request[option]}"]
    configs = _configs(evidence, {j.pair.candidate for j in left})
    who = plural(len(left), "candidate is", "candidates are")
    return _confirm(evidence, clock, tuple(words), f"{who} undecided: judge on further fresh seeds", configs)


def _going_on(evidence: Evidence, clock: Clock, judged: Judged, name: str) -> Step:
    plan, parts = judged.plan, judged.plan.request.get("--parts")
    words = () if parts is None else ("--parts", str(parts))
    if why := problem(evidence.meta, place(evidence.meta, plan), judged):
        return Step(name, ("--further", *words), f"plan {plan.number} cannot go on, make another: {why}")
    known = set(evidence.runs) | evidence.failures
    ahead = {(h, s) for p in judged.open for h in p.key for s in plan.seeds[judged.rounds :]}
    count = trainings(plan, judged) - len(ahead & known)
    configs = _configs(evidence, {h for p in judged.open for h in p.key}) or [evidence.meta.baseline]
    at = f"after {plural(judged.rounds, 'seed')} of at most {len(plan.seeds)}"
    return Step(
        name, tuple(words), f"go on with plan {plan.number}, {at}", count, clock.time(count, configs), most=True
    )


def _configs(evidence: Evidence, names: Collection[str]) -> list[dict[str, Any]]:
    known = {evidence.baseline_hash: evidence.meta.baseline} | {r.config_hash: r.config for r in evidence.everything}
    return [config for name, config in known.items() if name in names]


def _apart(evidence: Evidence, clock: Clock, winner: PairVerdict) -> Step:
    """A candidate is better: say which of its changes contribute."""
    if (judged := evidence.open_plan("ablation")) is not None:
        return _going_on(evidence, clock, judged, "ablate")
    run = evidence.chosen_run(winner.pair)
    if run is None:
        return Step("report", (), "read the page: a candidate is better")
    changed = changes(run.config, evidence.meta.baseline)
    take = Step("export", ("--run", run.run_id), "take the winner's settings (and weights, if kept) along")
    if evidence.plans("ablation") or evidence.looks("ablation") or len(changed) < 2:
        return take
    pairs = len(changed)  # leaving each out; the whole was confirmed
    rounds = rounds_wanted(evidence.metric.margin, noise_of(evidence).sd, pairs)
    count = rounds * (pairs + 1)
    best = next(iter(candidates(evidence, 1)), None)
    origin = () if best is not None and best.config_hash == run.config_hash else ("--from", run.run_id)
    why = f"train the winner without each of its {pairs} changes: which of them contribute?"
    return Step("ablate", (*origin, "--parts", "leave-one-out"), why, count, clock.time(count, [run.config]), most=True)


def _unseeded(evidence: Evidence) -> bool:
    """Whether runs of a config are alike whatever their seed, as a command without one is."""
    script = evidence.meta.script
    return script is not None and "{seed}" not in script.template
