"""``report``: from records to a page or a table. Trains nothing, executes nothing of the study's, needs no torch."""

from __future__ import annotations

import sys
from argparse import Namespace

from results.commands import shown_path
from results.store import Study
from study.cli.ending import say_next
from study.report.page import render_format, write_report
from study.terminal.screen import inert, say_whole


def run(args: Namespace) -> int:
    """Write the report."""
    study = Study.open(args.study)
    if args.format != "html" or args.table != "leaderboard":
        table = render_format(study, args.format, args.table)
        sys.stdout.write(inert(table) if sys.stdout.isatty() else table)
        return 0
    with study.lock():
        say_whole(shown_path(write_report(study)))
    say_next(study, args.quiet, done="report")
    return 0
