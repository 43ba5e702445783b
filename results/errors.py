"""The one kind of error that is the user's to mend."""

from __future__ import annotations

import contextlib
import difflib
import traceback
from collections.abc import Iterable, Iterator

from results.escaping import terminal

MOST = 20  # names that an error lists


class UserError(Exception):
    """Bad input. The command line prints it as one line on stderr and exits with code 2."""


class IgnoredRecord(UserWarning):
    """Lines of records.jsonl are no records that can be used; each with its reason. The command line says it once."""


class ForeignError(UserError):
    """Code of the user's raised something; its traceback is that of ``__cause__``."""


@contextlib.contextmanager
def foreign(what: str, file: str | None = None) -> Iterator[None]:
    """Turn whatever code of the user's raises into a ForeignError: ``what``, the line, the exception.

    ``file``: whose lines to name, else the innermost one. A UserError passes, for that is how such code refuses input;
    so does Ctrl-C.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            frames.append((error.filename or "", error.lineno))
        lines = [(name, line) for name, line in frames if file is None or name == file]
        where = "" if not lines else f", line {lines[-1][1]}" if file else f" ({lines[-1][0]}, line {lines[-1][1]})"
        raise ForeignError(f"{what}{where}: {named(error)}") from error


def named(error: BaseException) -> str:
    """Return an exception as one line: its type and what it says, which itself may raise."""
    try:
        text = terminal(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 - a __str__ of the user's
        text = ""
    return f"{type(error).__name__}: {text or 'no message'}"


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of ``valid``, else the list of valid names."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name[:100], valid, n=1, cutoff=0.6)
    more = f", ... ({len(valid)} in all)" if len(valid) > MOST else ""
    return f"; did you mean '{close[0]}'?" if close else f"; valid: {', '.join(valid[:MOST])}{more}"
