"""JSON from files that anyone may have made: text or a reason why it is not taken."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from pydantic import ValidationError

from results.errors import SHOWN, complaint

MOST_INT = 2**63 - 1
DEEPEST = 20  # levels of a config or an environment; the toolkit writes at most 6


class Unreadable(ValueError):
    """JSON that is not taken, with the rule and the value."""


def parse(data: bytes) -> dict[str, Any]:
    """Return one JSON object: UTF-8, no NaN or Infinity in any spelling, no lone surrogate. Raises Unreadable."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
        # what is not finite (1e999) or no text ("\\ud800") cannot be written again either: C looks at every value here
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None
    except UnicodeEncodeError:
        raise Unreadable("a text holds half a character (a lone surrogate)") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except Unreadable:
        raise
    except ValueError as error:
        finite = "Out of range float" not in str(error)
        raise Unreadable("it is no whole JSON" if finite else "a number is not finite") from None
    if not isinstance(value, dict):
        raise Unreadable(f"it is a JSON {type(value).__name__}, not an object")
    return value


def _refuse(constant: str) -> NoReturn:
    raise Unreadable("a number is not finite")


def check_free(value: Any, where: str, levels: int = DEEPEST) -> None:
    """Check a value that no model describes: bounded depth and numbers. Raises Unreadable."""
    if isinstance(value, dict | list):
        if levels == 0:
            raise Unreadable(f"{where} is nested more than {DEEPEST} levels deep")
        for item in value.values() if isinstance(value, dict) else value:
            check_free(item, where, levels - 1)
    elif isinstance(value, int) and abs(value) > MOST_INT:
        raise Unreadable(f"{where} holds a number of more than 63 bits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"{where} holds a number that is not finite")


def reason(error: ValidationError) -> str:
    """Say what a model's first complaint is: field, rule, value."""
    field, rule, given = complaint(error)
    return f"{(field or 'it')[:SHOWN]}: {rule}{f' (here {given})' if given else ''}"
