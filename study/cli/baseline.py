"""``baseline``: train what everything else is compared with, once or with several seeds."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from results.analysis.evidence import Evidence
from results.analysis.paired import MIN_SEEDS
from results.config import checked_config, read_config
from results.record import Record
from study.cli.compatibility import same_baseline
from study.cli.ending import end
from study.cli.script import refuse_unseeded
from study.cli.session import Planning, Session, inputs, planning, training_session
from study.jobs import Job, completed
from study.planning.noise import before_baseline, confirming, record_floor
from study.planning.runs import training_seconds
from study.terminal.console import print_table
from study.terminal.runs import runs_table
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Train what is missing, print what is there, write the report."""
    seeds = range(args.seed, args.seed + args.seeds)
    if args.dry_run:
        return _dry_run(args, seeds)
    given = inputs(args, defines_baseline=True)
    if args.seeds > 1:
        refuse_unseeded(given.meta, given.trainable.model.seeded)
    with training_session(given) as session:
        for line in plan(session, seeds):
            session.announce(line)
        code = train_seeds(session, seeds)
        scored = show_seeds(session, seeds)
        if scored and args.seeds >= MIN_SEEDS and (later := confirming(Evidence.of(session.study))):
            say(later)
        end(session)
        return code if scored else 1


def _dry_run(args: Namespace, seeds: range) -> int:
    """Say what it would train; executes nothing but what this command line names, and writes nothing."""
    if (args.study / "study.json").exists():
        desk = planning(args)
        if len(seeds) > 1:
            refuse_unseeded(desk.study.meta)
        if args.config or desk.sets:
            start = read_config(args.config) if args.config else {}
            asked = checked_config(desk.config_class, {**start, **desk.sets})
            same_baseline(desk.study.meta.baseline, asked, args.study)
        for line in plan(desk, seeds):
            say(line)
        return 0
    given = inputs(args, defines_baseline=True)
    if len(seeds) > 1:
        refuse_unseeded(given.meta, given.trainable.model.seeded)
    for line in before_baseline(seeds, len(seeds), given.baseline, None):
        say(line)
    return 0


def plan(desk: Planning, seeds: range) -> list[str]:
    """Say in four lines what is trained, when it ends, what it shows and what it costs."""
    study, config = desk.study, desk.study.meta.baseline
    records = study.records()
    jobs, seconds = lacking(desk, seeds, records), None
    each = training_seconds(records, jobs[:1])
    if jobs and each is not None:
        at_once = desk.at_once(len(jobs), each) or 1
        seconds = each * -(-len(jobs) // at_once)
    return before_baseline(seeds, len(jobs), config, seconds)


def lacking(desk: Planning, seeds: Sequence[int], records: Sequence[Record]) -> list[Job]:
    """Return the baseline's jobs of the seeds that it lacks; what diverged would again."""
    meta = desk.study.meta
    have = {(r.config_hash, r.seed) for r in records if r.status == "diverged"} | set(completed(records))
    return [Job("baseline", meta.baseline, seed) for seed in seeds if (meta.baseline_hash, seed) not in have]


def train_seeds(session: Session, seeds: Sequence[int]) -> int:
    """Train the baseline with those of ``seeds`` that it lacks. Returns the exit code."""
    earlier: list[Record] = session.study.records()
    name = session.study.meta.baseline_hash
    jobs = session.attempts(lacking(session, seeds, earlier))
    for seed in sorted({r.seed for r in earlier if r.config_hash == name and r.status == "diverged"} & set(seeds)):
        session.announce(f"note: seed {seed} diverged before, and would again with this config")
    return session.train(jobs)


def show_seeds(session: Session, seeds: Sequence[int]) -> bool:
    """Print the baseline's runs with ``seeds`` and keep its noise floor; return whether there is such a run."""
    study = session.study
    records = [r for r in study.records() if r.config_hash == study.meta.baseline_hash and r.status == "complete"]
    scored = sorted((r for r in records if r.seed in seeds), key=lambda r: r.seed)
    if scored:
        print_table(runs_table(scored, study.meta.metric.plain))
    for line in record_floor(study):
        say(line)
    return bool(scored)
