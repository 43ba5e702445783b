"""``report``: from records to a page or a table. Trains nothing and needs no torch."""

from __future__ import annotations

import argparse
import sys

from study.cli.options import add_study
from study.report.page import FORMATS, TABLES


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
        default="leaderboard",
        help="leaderboard; as md or latex also verdicts (confirm's), ablation, methods (default: %(default)s)",
    )
    parser.epilog = (
        "examples:\n"
        "  python -m study.run report --study runs/alexnet-cifar10 --format csv > leaderboard.csv\n"
        "  python -m study.run report --study runs/alexnet-cifar10 --format latex --table ablation > ablation.tex"
    )


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    from results.files import lock_folder
    from results.store import Study
    from study.report.page import render_format, write_report

    study = Study.open(args.study)
    if args.format != "html" or args.table != "leaderboard":
        sys.stdout.write(render_format(study, args.format, args.table))
        return 0
    with lock_folder(args.study):
        print(write_report(study))
    return 0
