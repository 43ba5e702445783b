"""From ``--config`` and ``--set`` to a validated config, with errors that help."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from results.errors import UserError, nearest


def read_config(path: Path) -> dict[str, Any]:
    """Read a config's JSON; a whole record's line works as well. Raises UserError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--config '{path}': {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"--config '{path}' is not JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"]
    if not isinstance(value, dict):
        raise UserError(f"--config '{path}' holds a {type(value).__name__}, not an object of fields")
    return value


def read_sets(sets: Sequence[str], config_class: Any) -> dict[str, Any]:
    """Parse ``FIELD=VALUE`` words to typed values. Raises UserError for an unknown field or a value out of range."""
    raw: dict[str, Any] = {}
    for word in sets:
        name, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"--set '{word}' is not FIELD=VALUE")
        if name in raw:
            raise UserError(f"--set {name} is given twice")
        raw[name] = value
    return {name: value for name, value in validated(raw, config_class).items() if name in raw}


def validated(values: dict[str, Any], config_class: Any) -> dict[str, Any]:
    """Complete ``values`` with the defaults and check all. Returns every field as plain JSON values.

    Raises UserError naming the first field that is wrong and, for a name, the nearest valid one.
    """
    known = config_class.model_fields
    for name in values:
        if name not in known:
            raise UserError(f"unknown field '{name}'{nearest(name, known)}")
    try:
        return dict(config_class.model_validate(values).model_dump(mode="json"))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "config"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "literal_error":
            choices = [
                c.strip("' ") for c in str(first.get("ctx", {}).get("expected", "")).replace(" or ", ",").split(",")
            ]
            message += nearest(str(first["input"]), choices) if "did" not in message else ""
        raise UserError(f"{name}={first['input']!r}: {message}") from None


def difference(config: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of ``config`` that are not the baseline's."""
    return {k: v for k, v in config.items() if baseline.get(k) != v}
