"""``baseline``: train what everything else is compared with, once or with several seeds."""

from __future__ import annotations

from argparse import Namespace

from rich.console import Console

from results.analysis.evidence import Evidence
from study.cli.script import refuse_unseeded
from study.cli.session import inputs, training_session
from study.jobs import Job, completed
from study.planning.noise import before_baseline, record_floor
from study.terminal.runs import runs_table
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Train what is missing, print what is there, write the report."""
    given = inputs(args, defines_baseline=True)
    if args.seeds > 1:
        refuse_unseeded(given.meta, given.trainable.model.seeded)
    with training_session(given) as session:
        baseline, study = session.study.meta.baseline, session.study
        name = study.meta.baseline_hash
        seeds = range(args.seed, args.seed + args.seeds)
        earlier = study.records()
        diverged = {(r.config_hash, r.seed) for r in earlier if r.status == "diverged"}  # and would again
        have = diverged | set(completed(earlier))
        jobs = session.attempts([Job("baseline", baseline, seed) for seed in seeds if (name, seed) not in have])
        if len(jobs) < args.seeds:
            session.announce(f"{args.seeds - len(jobs)} of {args.seeds} seeds already recorded")
        session.announce("\n".join(before_baseline(Evidence.of(study), args.seeds)))
        for seed in sorted(s for h, s in diverged if h == name and s in seeds):
            session.announce(f"note: seed {seed} diverged before, and would again with this config")
        code = session.train(jobs)
        records = [r for r in study.records() if r.config_hash == name and r.status == "complete"]
        scored = [r for r in records if r.seed in seeds]
        if scored:
            Console().print(runs_table(scored, study.meta.metric.plain))
        for line in record_floor(study):
            say(line)
        session.report()
        return code if scored else 1
