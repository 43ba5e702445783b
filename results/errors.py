"""The one kind of error that is the user's to mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 20  # names that an error lists


class UserError(Exception):
    """Bad input. The command line prints it as one line on stderr and exits with code 2."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of ``valid``, else the list of valid names."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.6)
    more = f", ... ({len(valid)} in all)" if len(valid) > MOST else ""
    return f"; did you mean '{close[0]}'?" if close else f"; valid: {', '.join(valid[:MOST])}{more}"
