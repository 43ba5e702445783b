"""``report``: from records to a page or a table. Trains nothing, executes nothing of the study's, needs no torch."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from pathlib import Path

from results.commands import shown_path
from results.files import Held
from results.store import Study
from study.cli.ending import say_next
from study.report.live import PAGE, Live
from study.report.page import render, render_format, write_report
from study.terminal.screen import inert, say, say_whole


def run(args: Namespace) -> int:
    """Write the report."""
    study = Study.open(args.study)
    if args.format != "html" or args.table != "leaderboard":
        table = render_format(study, args.format, args.table)
        sys.stdout.write(inert(table) if sys.stdout.isatty() else table)
        return 0
    try:
        say_whole(shown_path(written(study)))
    except Held as held:
        study.files.write(PAGE, render(study, Live()).encode())
        with contextlib.suppress(Held):
            say_whole(shown_path(written(study)))  # that has ended meanwhile, and its own page with it
            return 0
        say(f"{shown_path(study.path / PAGE)}: a snapshot, for {held}")
        return 0
    say_next(study, args.quiet, done="report")
    return 0


def written(study: Study) -> Path:
    """Write the page of a study to which nobody writes. Raises Held where somebody does."""
    with study.lock():
        return write_report(study)
