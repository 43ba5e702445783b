"""What ``sweep`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_dry_run, add_resources, add_script, add_study, add_training
from study.limits import FACTOR, GRACE, KEEP_WEIGHTS, TRIALS, duration

EXAMPLES = """\
examples:
  # the default space; the same command again goes on
  python -m study.run sweep --study runs/alexnet-cifar10 --trials 50
  # another space, and one field the same for all trials
  python -m study.run sweep --study runs/x --space optimiser --set epochs=10
  # your own space: docs/search-spaces.md
  python -m study.run sweep --study runs/x --space mine.py:WIDE --sampler gp
  # fifty more, or as many as eight hours allow
  python -m study.run sweep --study runs/x --trials 100 --time-limit 8h

Everything a sweep finds is exploratory: the best of 50 equal runs is 2.25
standard deviations above their mean by luck alone. A confirmation on fresh
seeds tells luck from gain:
  python -m study.run confirm --study runs/x --top 1
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the search")
    group.add_argument(
        "--trials",
        type=TRIALS.parse,
        metavar="N",
        help="how many the study's sweep is to have in all, whatever became of them (default: as before, else 50)",
    )
    add_search(group)
    group.add_argument(
        "--time-limit",
        type=duration,
        metavar="TIME",
        help="end cleanly after this, e.g. 90m or 8h; the same command goes on later",
    )
    add_dry_run(group)
    add_training(parser, "one value for all trials (and for the baseline, in a new study)", study_seed=True)
    add_script(parser, margin=True)
    add_resources(parser)
    parser.epilog = EXAMPLES


def add_search(group: argparse._ArgumentGroup) -> None:
    """Add where a sweep looks, and how."""
    group.add_argument(
        "--space",
        metavar="NAME|FILE.py:NAME",
        help="what may vary: default, optimiser, architecture, or your own (default: the study's, else 'default')",
    )
    group.add_argument(
        "--sampler",
        metavar="NAME|FILE.py:NAME",
        help="tpe, random, gp or qmc, all seeded by --seed, or any Optuna sampler in a file of yours (default: the "
        "study's, else tpe)",
    )
    group.add_argument(
        "--scheduler",
        help="asha stops trials that are behind others after as many epochs; none trains all to their end, "
        "at about five times the cost (default: the study's, else asha)",
    )
    group.add_argument(
        "--reduction-factor",
        type=FACTOR.parse,
        metavar="X",
        help="asha: one in X goes on past epochs GRACE, GRACE*X, GRACE*X^2, ...; 50 trials of 25 epochs cost about "
        "9 full trainings with 2, 3 or 4 alike (default: 3)",
    )
    group.add_argument(
        "--grace",
        type=GRACE.parse,
        metavar="N",
        help="asha: the grace period, epochs that no trial is stopped before; with 2 those 50 trials cost about 13 "
        "full trainings, with 3 about 17, and slow starters are spared (default: 1)",
    )
    group.add_argument(
        "--keep-weights",
        type=KEEP_WEIGHTS.parse,
        default=3,
        metavar="K",
        help="best configs whose weights are kept, beside the baseline's (default: %(default)s)",
    )
