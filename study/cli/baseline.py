"""``baseline``: train what everything else is compared with, once or with several seeds."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from rich.console import Console

from results.analysis.evidence import Evidence
from results.analysis.paired import MIN_SEEDS
from study.cli.script import refuse_unseeded
from study.cli.session import Session, inputs, training_session
from study.jobs import Job, completed
from study.planning.noise import before_baseline, confirming, record_floor
from study.terminal.runs import runs_table
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Train what is missing, print what is there, write the report."""
    given = inputs(args, defines_baseline=True)
    if args.seeds > 1:
        refuse_unseeded(given.meta, given.trainable.model.seeded)
    with training_session(given) as session:
        seeds = range(args.seed, args.seed + args.seeds)
        session.announce(before_baseline(args.seeds))
        code = train_seeds(session, seeds)
        scored = show_seeds(session, seeds)
        if scored and args.seeds >= MIN_SEEDS and (later := confirming(Evidence.of(session.study))):
            say(later)
        session.report()
        return code if scored else 1


def train_seeds(session: Session, seeds: Sequence[int]) -> int:
    """Train the baseline with those of ``seeds`` that it lacks. Returns the exit code."""
    baseline, study = session.study.meta.baseline, session.study
    name = study.meta.baseline_hash
    earlier = study.records()
    diverged = {(r.config_hash, r.seed) for r in earlier if r.status == "diverged"}  # and would again
    have = diverged | set(completed(earlier))
    jobs = session.attempts([Job("baseline", baseline, seed) for seed in seeds if (name, seed) not in have])
    if len(jobs) < len(seeds):
        session.announce(f"{len(seeds) - len(jobs)} of {len(seeds)} seeds already recorded")
    for seed in sorted(s for h, s in diverged if h == name and s in seeds):
        session.announce(f"note: seed {seed} diverged before, and would again with this config")
    return session.train(jobs)


def show_seeds(session: Session, seeds: Sequence[int]) -> bool:
    """Print the baseline's runs with ``seeds`` and keep its noise floor; return whether there is such a run."""
    study = session.study
    records = [r for r in study.records() if r.config_hash == study.meta.baseline_hash and r.status == "complete"]
    scored = [r for r in records if r.seed in seeds]
    if scored:
        Console().print(runs_table(scored, study.meta.metric.plain))
    for line in record_floor(study):
        say(line)
    return bool(scored)
