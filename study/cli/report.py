"""``report``: from records to a page or a table. Trains nothing, executes nothing of the study's, needs no torch."""

from __future__ import annotations

import sys
from argparse import Namespace

from results.store import Study
from study.report.page import render_format, write_report


def run(args: Namespace) -> int:
    """Write the report."""
    study = Study.open(args.study)
    if args.format != "html" or args.table != "leaderboard":
        sys.stdout.write(render_format(study, args.format, args.table))
        return 0
    with study.lock():
        print(write_report(study))
    return 0
