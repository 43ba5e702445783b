"""What ``export`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_study, path

EXAMPLES = """\
examples:
  # one row per run, into the study: runs.csv
  python -m study.run export --study runs/x --format csv
  # or anywhere; '-' is the standard output
  python -m study.run export --study runs/x --format json --out - | jq '.[0]'
  # one run's config.json and, if kept, weights.safetensors, into a folder
  python -m study.run export --study runs/x --run 3f2a91c07b44 --out mine
  # and its config as the baseline of another study
  python -m study.run baseline --study runs/mine --config mine/config.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--format", choices=("csv", "parquet", "json"), default="csv", help="one row per run (default: %(default)s)"
    )
    what.add_argument("--run", metavar="ID", help="one run's config and, if they were kept, its weights")
    parser.add_argument(
        "--out",
        type=path,
        metavar="PATH",
        help="the file to write, '-' for the standard output; with --run the folder "
        "(default: runs.FORMAT or export/ID in the study's folder)",
    )
    parser.epilog = EXAMPLES
