"""The command line: parses, dispatches, and turns every exception into one line and a code."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import time
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from results.errors import IgnoredRecord, UserError
from results.escaping import terminal
from study.cli.arguments.parser import Parser
from study.cli.boundary import EXIT_CODES, exit_code
from study.terminal.screen import tell

COMMANDS = {  # name -> one line. Its module is imported only when it runs, so that help stays quick
    "baseline": "train the baseline, once or with several seeds",
    "sweep": "search for configs that beat the baseline (Ray Tune, Optuna)",
    "confirm": "rerun the best configs on fresh seeds and give verdicts",
    "ablate": "ablation: which of a winner's changes contribute",
    "auto": "baseline, sweep, confirm and ablate within one budget of time",
    "report": "write the study as one offline HTML page, or as a table",
    "export": "write one row per run (csv, parquet, json), or one run's config and weights",
    "demo": "a whole small study on bundled digits, in minutes, without any download",
}
EXAMPLES = f"""\
examples:
  # see what it does, in minutes
  python -m study.run demo --study runs/demo
  # AlexNet on CIFAR-10, 25 epochs, and beside it fifty trials
  python -m study.run baseline --study runs/alexnet-cifar10
  python -m study.run sweep --study runs/alexnet-cifar10 --trials 50
  # then open report.html in that folder
  python -m study.run report --study runs/alexnet-cifar10

Each command explains itself: COMMAND --help.

{EXIT_CODES}
"""


def parser_for(command: str | None) -> ArgumentParser:
    """Build the parser; only ``command``'s own options are filled in."""
    parser = Parser(
        prog="python -m study.run",
        description="Which changes to my model really beat my baseline, by how much, and why?",
        epilog=EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == command:
            importlib.import_module(f"study.cli.arguments.{name}").add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; only ``--help`` raises SystemExit."""
    began = time.monotonic()
    _open_streams()
    # Threads that wait for each other by spinning bring training to a halt where other processes want the cores too:
    # 68 ms a step against more than 500 were seen. Read when torch loads, so it is set before that.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # OpenBLAS (numpy's and scipy's, not torch's) can hang for ever in a process that forks while it computes, as a
    # sweep's driver does; without threads of its own it cannot. A real sweep stood still over this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    argv = list(sys.argv[1:] if argv is None else argv)
    args = Namespace(command=next((word for word in argv if not word.startswith("-")), None), study=None)
    try:
        args = parser_for(args.command).parse_args(_texts(argv))
        args.began, args.typed = began, argv
    except Exception as error:  # noqa: BLE001 - as below
        return exit_code(error, args)
    try:
        with _sigterm_is_ctrl_c(), _ignored_said():
            code = int(importlib.import_module(f"study.cli.{args.command}").run(args))
        sys.stdout.flush()
        return code
    except BaseException as error:  # noqa: BLE001 - the one boundary: what passes here is nobody's
        return exit_code(error, args)


def _open_streams() -> None:
    """Open the null device for what the shell closed (``>&-``): Python has None there, all else expects a stream."""
    for name, mode in (
        ("stdin", "r"),
        ("stdout", "w"),
        ("stderr", "w"),
    ):  # each gets the lowest free: its own
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


@contextlib.contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """Have SIGTERM end a command as Ctrl-C does, at every moment of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _ignored_said() -> Iterator[None]:
    """Say which records are ignored in a line of ours, once, where Python would show a warning at each reading."""
    said: set[str] = set()
    with warnings.catch_warnings():
        other = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, IgnoredRecord):
                other(message, category, *where, **more)
            elif str(message) not in said:
                said.add(str(message))
                tell(f"note: {terminal(str(message))}")

        warnings.showwarning = show
        warnings.simplefilter("always", IgnoredRecord)
        yield


def _texts(argv: list[str]) -> list[str]:
    """Return the words. Raises UserError for one that no path, name or value may be."""
    for word in argv:
        if "\0" in word or any("\ud800" <= c <= "\udfff" for c in word):
            raise UserError(f"'{word}' holds a zero byte or bytes that are no text: give it in UTF-8")
    return argv
