"""What ``export`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_study, path

EXAMPLES = """\
examples:
  python -m study.run export --format csv                         # one row per run, into the study: runs.csv
  python -m study.run export --format json --out - | jq '.[0]'    # or anywhere; '-' is the standard output
  python -m study.run export --run 3f2a91c07b44-s504 --out mine   # mine/config.json and mine/weights.safetensors
  python -m study.run baseline --config mine/config.json --study runs/mine
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
