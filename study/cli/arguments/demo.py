"""What ``demo`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import folder

EXAMPLES = """\
example:
  python -m study.run demo --study runs/demo
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    parser.add_argument("--study", type=folder, default="runs/demo", metavar="DIR", help="(default: %(default)s)")
    parser.epilog = EXAMPLES
