"""What becomes of an exception that no command mended: one line, an exit code, and its traceback in a log."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import traceback
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from results.commands import TRAINING, as_typed, command
from results.errors import ForeignError, UserError, named
from results.escaping import terminal
from study.terminal.screen import tell

OK, NOTHING, BAD_INPUT, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = """\
exit codes: 0 done, 1 every training failed or there is nothing to conclude,
2 bad input (one line says what), 3 a defect of this program (the line names a
log), 130 interrupted (the same command goes on)."""
MOST = 2000  # characters of one line


def exit_code(error: BaseException, args: Namespace) -> int:
    """Say ``error`` in one line on stderr, keep its traceback where it may be needed, and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        typed = getattr(args, "typed", None)
        again = f":\n  {terminal(as_typed(typed, args.study), MOST)}" if typed else ""
        _say(f"\ninterrupted: what is finished is kept; the same command goes on from there{again}")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # 'report --format csv | head' has read enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    if isinstance(error, UserError):
        log = f" (traceback in {_log(error, args)})" if isinstance(error, ForeignError) else ""
        mended = f":\n  {terminal(_mending(error, args), MOST)}" if error.words and args.study is not None else ""
        _say(f"error: {terminal(error, MOST)}{log}{mended}")
        return BAD_INPUT
    if isinstance(error, OSError):  # of a path that was given, a full disk, no more file handles: not ours to mend
        path = next((str(p) for p in (error.filename2, error.filename) if p), args.command)
        what = terminal(f"cannot use '{path}': {error.strerror or error}", MOST)
        _say(f"error: {what} (traceback in {_log(error, args)})")
        return BAD_INPUT
    what = terminal(named(error), MOST)
    _say(f"error: a defect of this program: {what} (please report it; traceback in {_log(error, args)})")
    return DEFECT


def _mending(error: UserError, args: Namespace) -> str:
    """Return the command that an error names, with what this command line had to give of its study's code."""
    name, *words = error.words
    for option, attribute in (("--command", "script"), ("--trainable", "trainable")):
        given = getattr(args, attribute, None)
        words += [option, given] if given and name in TRAINING else []
    return command(name, args.study, *words)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads any more
        tell(text)


def _log(error: BaseException, args: Namespace) -> str:
    """Append the traceback to the study's log, or write a file of its own that only this user may read."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = f"[{stamp}] {args.command}\n{''.join(traceback.format_exception(error))}".encode(errors="backslashreplace")
    for make in (_in_the_study, _in_the_temporary_folder):
        with contextlib.suppress(OSError, ValueError):
            handle, path = make(args)
            with os.fdopen(handle, "wb") as file:
                file.write(told)
            return f"'{terminal(path)}'"
    return "no log: neither the study nor the temporary folder can be written"


def _in_the_study(args: Namespace) -> tuple[int, Path]:
    folder: Path | None = getattr(args, "study", None)
    if folder is None or not stat.S_ISREG((folder / "study.json").lstat().st_mode):
        raise FileNotFoundError(folder)
    path = folder / "study.log"
    # no link is followed and no FIFO waited for: the folder may be a stranger's
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(handle)
        raise FileExistsError(path)
    return handle, path


def _in_the_temporary_folder(args: Namespace) -> tuple[int, Path]:
    handle, name = tempfile.mkstemp(prefix="study-error-", suffix=".log")  # of mode 0600
    return handle, Path(name)
