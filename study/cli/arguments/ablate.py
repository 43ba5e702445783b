"""What ``ablate`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_judgement, add_resources, add_script, add_size, add_study, add_training
from study.limits import COUNT, SEEDS

EXAMPLES = """\
examples:
  # the sweep's best by validation
  python -m study.run ablate --study runs/x
  # another run, within four hours
  python -m study.run ablate --study runs/x --from 1a2b3c4d5e6f --budget 4h
  # a cheap one: short trainings, and only leaving each change out
  python -m study.run ablate --study runs/x --set epochs=8 --parts leave-one-out
  # your own list in mine.py: ablations = {"no flips": {...}}
  python -m study.run ablate --study runs/x --from baseline --space-file mine.py
"""
PARTS = ("leave-one-out", "add-one-in", "path", "interaction")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the ablation")
    group.add_argument(
        "--from",
        dest="origin",
        default="best",
        metavar="best|baseline|RUN_ID",
        help="the config whose changes are studied (default: %(default)s, of the sweep by validation)",
    )
    add_size(group)
    group.add_argument(
        "--changes", metavar="A,B,...", help="only these fields (default: every field that differs from the baseline)"
    )
    group.add_argument(
        "--leave-out", type=COUNT.parse, metavar="N", help="at most N changes, in the order of the fields"
    )
    group.add_argument("--parts", default=",".join(PARTS), metavar="A,B,...", help="which parts (default: %(default)s)")
    group.add_argument(
        "--path-seeds",
        type=SEEDS.parse,
        default=1,
        metavar="K",
        help="seeds of the greedy path, which is only descriptive (default: %(default)s)",
    )
    group.add_argument(
        "--space-file",
        metavar="FILE.py[:NAME]",
        help="ablations by hand: a dict of names to changed fields, called 'ablations'",
    )
    add_judgement(parser)
    add_training(parser, "one value for every run of the ablation, the baseline and the winner too", begins=False)
    add_script(parser, margin=False, begins=False)
    add_resources(parser)
    parser.epilog = EXAMPLES
