"""``export``: the study for other tools. Trains nothing and needs no torch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from study.cli.options import add_study

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
        type=Path,
        metavar="PATH",
        help="the file to write, '-' for the standard output; with --run the folder "
        "(default: runs.FORMAT or export/ID in the study's folder)",
    )
    parser.epilog = EXAMPLES


def main(args: argparse.Namespace) -> int:
    """Write what was asked for and print its path."""
    from results.errors import UserError
    from results.record import find_run
    from results.store import Study
    from study.report.tables.runs import export, export_run

    study = Study.open(args.study)
    if args.run is not None:
        run_id = find_run(study.records(), args.run).run_id
        exported = export_run(study, run_id, args.out or args.study / "export" / run_id)
        print(exported.config)
        if exported.weights is not None:
            print(exported.weights)
        if exported.note is not None:
            print(f"note: {exported.note}", file=sys.stderr)
        return 0
    if args.out == Path("-"):
        if args.format == "parquet":
            raise UserError("--format parquet is no text: give --out a file")
        export(study, args.format, sys.stdout.buffer)
        return 0
    out = args.out or args.study / f"runs.{args.format}"
    if out.is_dir():
        raise UserError(f"--out '{out}' is a folder; name a file in it")
    rows = export(study, args.format, out)
    if not args.quiet:
        print(f"{rows} {'run' if rows == 1 else 'runs'}: {out}")
    return 0
