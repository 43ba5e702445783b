"""What ``report`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_study
from study.report.formats import FORMATS, TABLES

EXAMPLES = """\
examples:
  # the page, report.html in the study's folder
  python -m study.run report --study runs/x
  # tables for other programs and for papers
  python -m study.run report --study runs/x --format csv > leaderboard.csv
  python -m study.run report --study runs/x --format latex --table ablation
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="html",
        help="html writes report.html into the study; the others print --table (default: %(default)s)",
    )
    parser.add_argument(
        "--table",
        choices=TABLES,
        metavar="TABLE",
        default="leaderboard",
        help="leaderboard, verdicts (confirm's), ablation; as md or latex also methods (default: %(default)s)",
    )
    parser.epilog = EXAMPLES
