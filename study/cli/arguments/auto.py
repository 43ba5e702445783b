"""What ``auto`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import (
    add_dry_run,
    add_explain,
    add_margin,
    add_resources,
    add_script,
    add_study,
    add_training,
)
from study.cli.arguments.sweep import add_search
from study.limits import TRIALS, duration

EXAMPLES = """\
examples:
  # AlexNet on CIFAR-10; the same command again goes on
  python -m study.run auto --study runs/auto --budget 8h
  # another model
  python -m study.run auto --study runs/my --trainable my_model.py --budget 3h
  # only say how the budget would be split
  python -m study.run auto --study runs/auto --budget 8h --dry-run

The baseline with six seeds, a sweep, a confirmation of its best and an ablation
of what is better, each as large as costs and noise allow by then. It ends
earlier where all is decided. docs/auto.md says how the budget is split.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the budget")
    group.add_argument(
        "--budget",
        type=duration,
        metavar="TIME",
        help="what all may take by the clock, all starts together: 90m, 8h. A larger one than before extends it "
        "(default: as before)",
    )
    add_dry_run(group)
    add_explain(group)
    group = parser.add_argument_group("the search")
    group.add_argument(
        "--trials", type=TRIALS.parse, metavar="N", help="of the sweep at most (default: as many as the budget allows)"
    )
    add_search(group)
    group = parser.add_argument_group("the verdicts")
    add_margin(group)
    add_training(parser, "one value for the baseline and all trials, in a new study", study_seed=True)
    add_script(parser, margin=False)
    add_resources(parser)
    parser.epilog = EXAMPLES
