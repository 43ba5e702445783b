"""What ``baseline`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_dry_run, add_resources, add_script, add_study, add_training
from study.limits import SEEDS

EXAMPLES = """\
examples:
  # AlexNet on CIFAR-10, 25 epochs, seed 504
  python -m study.run baseline --study runs/alexnet-cifar10
  # and five seeds more: how far do runs differ by luck alone?
  python -m study.run baseline --study runs/alexnet-cifar10 --seeds 6
  # another model
  python -m study.run baseline --study runs/my --trainable my_model.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    parser.add_argument(
        "--seeds",
        type=SEEDS.parse,
        default=1,
        metavar="K",
        help="train with the K seeds N, N+1, ..., where N is --seed (default: %(default)s)",
    )
    add_dry_run(parser)
    add_training(parser, "what this study's baseline is, where it is not the trainable's default")
    add_script(parser, margin=True)
    add_resources(parser)
    parser.epilog = EXAMPLES
