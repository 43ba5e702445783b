"""From ``--config`` and ``--set`` to a validated config, with errors that help."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from results.errors import UserError, nearest

ConfigClass = type[BaseModel]


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


def config_hash(config: dict[str, Any]) -> str:
    """Return 12 hex digits naming a config: SHA-256 over its JSON with sorted keys. 1 and 1.0 hash alike."""
    plain = {k: float(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in config.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def run_id(config: dict[str, Any], seed: int, attempt: int = 1) -> str:
    """Name a run by what it is: the same config and seed give the same id; a second attempt gets a suffix."""
    return f"{config_hash(config)}-s{seed}" + (f"-{attempt}" if attempt > 1 else "")


def changes(config: dict[str, object], baseline: dict[str, object]) -> dict[str, tuple[object, object]]:
    """Return what a config changes: field -> (the baseline's value, its own); a field that is missing is None."""
    fields = dict.fromkeys([*baseline, *config])
    pairs = {f: (baseline.get(f), config.get(f)) for f in fields}
    return {f: (a, b) for f, (a, b) in pairs.items() if a != b}


def build(config_class: ConfigClass, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete config of ``values`` as a record holds it. Raises pydantic's ValidationError."""
    return config_class(**values).model_dump(mode="json")


def complaint(error: ValidationError) -> tuple[str, str]:
    """Return the field ('' where a rule spans several) and the rule of the first complaint."""
    first = error.errors()[0]
    return ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")


def checked_config(config_class: ConfigClass, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the complete config of ``values``. Raises UserError that begins with ``where``."""
    known_fields(config_class, values, where)
    try:
        return build(config_class, values)
    except ValidationError as error:
        field, rule = complaint(error)
        given = f"{field}={values[field]!r}" if field in values else ", ".join(f"{k}={v!r}" for k, v in values.items())
        raise UserError(f"{where}: {given}: {rule}") from None


def known_fields(config_class: ConfigClass, names: Iterable[str], where: str) -> None:
    """Raise UserError for the first name that is no field of the config, with the nearest one."""
    for name in names:
        if name not in config_class.model_fields:
            raise UserError(f"{where}: the config has no field '{name}'{nearest(str(name), config_class.model_fields)}")
