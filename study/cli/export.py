"""``export``: the study for other tools. Trains nothing, executes nothing of the study's, needs no torch."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from results.commands import shown_path
from results.errors import UserError
from results.formatting import plural
from results.record import find_run
from results.store import Study
from study.cli.ending import say_next
from study.report.tables.runs import export, export_run
from study.terminal.screen import note, say_whole


def run(args: Namespace) -> int:
    """Write what was asked for and print its path."""
    study = Study.open(args.study)
    if args.run is not None:
        return one_run(study, args.run, args.out, args.quiet)
    if args.out == Path("-"):
        if args.format == "parquet":
            raise UserError("--format parquet is no text: give --out a file")
        export(study, args.format, sys.stdout.buffer)
        return 0
    out = args.out or study.path / f"runs.{args.format}"
    if out.is_dir():
        raise UserError(f"--out '{out}' is a folder; name a file in it")
    rows = export(study, args.format, out)
    if not args.quiet:
        say_whole(f"{plural(rows, 'run')}: {shown_path(out)}")
    say_next(study, args.quiet)
    return 0


def one_run(study: Study, name: str, out: Path | None, quiet: bool) -> int:
    """Write a run's config and, if they were kept, its weights."""
    run_id = find_run(study.records(), name).run_id
    exported = export_run(study, run_id, out or study.path / "export" / run_id)
    for path in (exported.config, exported.weights):
        if path is not None:
            say_whole(shown_path(path))
    if exported.note is not None:
        note(f"note: {exported.note}")
    say_next(study, quiet, done="export")
    return 0
