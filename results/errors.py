"""The kinds of error that are the user's to mend, and how exceptions and values are said."""

from __future__ import annotations

import contextlib
import difflib
import reprlib
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from results.escaping import terminal

MOST = 20  # names that an error lists
SHOWN = 60  # characters of a value in a reason
MOST_SAID = 300  # characters of a message of several lines; of a longer one the last line says what is wrong
LONGEST_TEXT = 2000  # characters of a failure's reason that a record keeps


class UserError(Exception):
    """Bad input. The command line prints it as one line on stderr and exits with code 2.

    ``words``: the command that would mend it and its options beside --study, which is written below that line.
    """

    def __init__(self, message: object = "", *words: str) -> None:
        super().__init__(message)
        self.words = words


class BadResult(ValueError):
    """What a trainable handed over breaks a rule: the field, the rule and the value, in one line."""


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


def line_in(error: BaseException, file: str) -> int | None:
    """Return the innermost line of ``file`` that an exception passed; None where it passed none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def named(error: BaseException) -> str:
    """Say an exception in one line of at most LONGEST_TEXT characters: its type and its message, of a long one the end.

    Of pydantic's, which end with a link, the first complaint. Never raises, whatever the exception's class does.
    """
    if isinstance(error, BadResult):
        return str(error)[:LONGEST_TEXT]
    said = ""
    with contextlib.suppress(Exception):
        said = str(error.msg if isinstance(error, SyntaxError) else error).strip()
        said = terminal(said if len(said) <= MOST_SAID else said.splitlines()[-1], LONGEST_TEXT)
    with contextlib.suppress(Exception):
        field, rule, given = complaint(error)
        said = terminal(f"{field}={given}: {rule}", LONGEST_TEXT)
    return f"{type(error).__name__}: {said or 'no message'}"[:LONGEST_TEXT]


def complaint(error: Any) -> tuple[str, str, str]:
    """Return a ValidationError's first complaint: field ('' of a rule over several), rule, value ('' if missing)."""
    first = error.errors(include_url=False)[0]
    rule = first["msg"].removeprefix("Value error, ")
    if first["type"] == "literal_error":
        expected = str(first.get("ctx", {}).get("expected", "")).replace(" or ", ",")
        close = nearest(str(first["input"]), [choice.strip("' ") for choice in expected.split(",")])
        rule += close if "did you mean" in close else ""  # else the rule lists them all
    return ".".join(map(str, first["loc"])), rule, "" if first["type"] == "missing" else shown(first["input"])


def shown(value: Any) -> str:
    """Say a value in one line of at most SHOWN characters; never raises, whatever its class does."""
    try:
        said = terminal(reprlib.repr(value))
    except Exception:  # noqa: BLE001 - a repr of the user's
        said = f"a {type(value).__name__}"
    return said if len(said) <= SHOWN else f"{said[: SHOWN - 3]}..."


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of ``valid``, else the list of valid names."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name[:100], valid, n=1, cutoff=0.6)
    more = f", ... ({len(valid)} in all)" if len(valid) > MOST else ""
    return f"; did you mean '{close[0]}'?" if close else f"; valid: {', '.join(valid[:MOST])}{more}"
