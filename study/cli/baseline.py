"""``baseline``: train what everything else is compared with, once or with several seeds."""

from __future__ import annotations

import argparse

from study.cli.options import add_resources, add_study, add_training, positive

EXAMPLES = """\
examples:
  python -m study.run baseline                                    # CIFAR-10, 25 epochs, seed 504
  python -m study.run baseline --seeds 6                          # and five seeds more: the noise floor
  python -m study.run baseline --dataset digits --set batch_size=32 --set epochs=8 --study runs/digits
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    parser.add_argument(
        "--seeds",
        type=positive,
        default=1,
        metavar="K",
        help="train with the K seeds N, N+1, ... (default: %(default)s)",
    )
    add_training(parser, "what this study's baseline is, where it is not the trainable's default")
    add_resources(parser)
    parser.epilog = EXAMPLES


def main(args: argparse.Namespace) -> int:
    """Train what is missing, print what is there, write the report."""
    from rich.console import Console

    from results.analysis.evidence import Evidence
    from results.config import config_hash
    from study.cli.session import training_session
    from study.jobs import Job, completed
    from study.planning.noise import before_baseline, record_floor
    from study.terminal.runs import runs_table

    with training_session(args, defines_baseline=True) as session:
        baseline, study = session.study.meta.baseline, session.study
        name = config_hash(baseline)
        seeds = range(args.seed, args.seed + args.seeds)
        earlier = study.records()
        diverged = {(r.config_hash, r.seed) for r in earlier if r.status == "diverged"}  # and would again
        have = diverged | set(completed(earlier))
        jobs = [Job("baseline", baseline, seed) for seed in seeds if (name, seed) not in have]
        jobs = session.attempts(jobs)
        session.announce(
            f"{args.seeds - len(jobs)} of {args.seeds} seeds already recorded" if len(jobs) < args.seeds else ""
        )
        session.announce("\n".join(before_baseline(Evidence.of(study), args.seeds)))
        for seed in sorted(s for h, s in diverged if h == name and s in seeds):
            session.announce(f"note: seed {seed} diverged before, and would again with this config")
        code = session.train(jobs, args, alone=args.seeds == 1)
        records = [r for r in study.records() if r.config_hash == name and r.status == "complete"]
        scored = [r for r in records if r.seed in seeds]
        Console().print(runs_table(scored))
        for line in record_floor(study):
            print(line)
        session.report()
        return code if scored else 1
