"""The command line: parses, dispatches, and turns errors into one line."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

# name -> (module, one line). A command's module is imported only when it is the one asked for, so help stays quick.
COMMANDS = {
    "baseline": ("study.cli.baseline", "train the baseline, once or with several seeds"),
    "sweep": ("study.cli.sweep", "search for configs that beat the baseline (Ray Tune, Optuna)"),
    "confirm": ("study.cli.confirm", "rerun the best configs on fresh seeds and give verdicts"),
    "ablate": ("study.cli.ablate", "take a winner apart: which of its changes earn their place"),
    "report": ("study.cli.report", "write the study as one offline HTML page, or as a table"),
    "export": ("study.cli.export", "write one row per run (csv, parquet, json), or one run's config and weights"),
    "demo": ("study.cli.demo", "a whole small study on bundled digits, in minutes, without any download"),
}
EXAMPLES = """\
examples:
  python -m study.run demo                                  # see what it does, in minutes
  python -m study.run baseline                              # AlexNet on CIFAR-10, 25 epochs
  python -m study.run sweep --trials 50                     # beside it, fifty trials
  python -m study.run report                                # then open runs/alexnet-cifar10/report.html

'python -m study.run COMMAND --help' explains a command.
"""
INTERRUPTED = 130  # what a shell gives for Ctrl-C
REFUSED_BY_DISK = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO}


def parser_for(command: str | None) -> argparse.ArgumentParser:
    """Build the parser; only ``command``'s own options are filled in."""
    from study.cli.parser import Parser

    parser = Parser(
        prog="python -m study.run",
        description="Which changes to my model really beat my baseline, by how much, and why?",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, line) in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=line,
            description=line[0].upper() + line[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == command:
            importlib.import_module(module).add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, 2 for bad input, 1 where every training failed, 130 for Ctrl-C."""
    # Threads that wait for each other by spinning bring training to a halt where other processes want the cores too:
    # 68 ms a step against more than 500 were seen. Read when torch loads, so it is set before that.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # OpenBLAS (numpy's and scipy's, not torch's) can hang for ever in a process that forks while it computes, as a
    # sweep's driver does; without threads of its own it cannot. A real sweep stood still over this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    argv = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in argv if not word.startswith("-")), None)
    args = parser_for(command).parse_args(argv)
    from results.errors import UserError

    try:
        code = int(importlib.import_module(COMMANDS[args.command][0]).main(args) or 0)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("\ninterrupted: what is finished is kept; the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # 'report --format csv | head' has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in REFUSED_BY_DISK:
            raise
        return _refuse(f"cannot write '{error.filename or args.command}': {error.strerror}")


def _refuse(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2
