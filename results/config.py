"""A run's settings: read from ``--config`` and ``--set``, checked by the trainable's Config, named, compared."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model

from results.errors import UserError, complaint, foreign, nearest

ConfigClass = type[BaseModel]
LARGEST = 10_000_000  # bytes of a --config file
DEEPEST = 3  # lists within lists of one field's value


def read_config(path: Path) -> dict[str, Any]:
    """Read a config's JSON; a whole record's line works as well. Raises UserError."""
    try:
        if path.stat().st_size > LARGEST or not path.is_file():
            raise UserError(f"--config '{path}' is no file of at most {LARGEST:,} bytes")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--config '{path}': {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"--config '{path}' is not JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"]
    if not isinstance(value, dict):
        raise UserError(f"--config '{path}' holds a {type(value).__name__}, not an object of fields")
    return value


def read_sets(sets: Sequence[str], config_class: ConfigClass) -> dict[str, Any]:
    """Parse ``FIELD=VALUE`` words to typed values. Raises UserError for an unknown field or a value out of range."""
    raw: dict[str, Any] = {}
    for word in sets:
        name, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"--set '{word}' is not FIELD=VALUE")
        if name in raw:
            raise UserError(f"--set {name} is given twice")
        raw[name] = value
    return {name: value for name, value in checked_config(config_class, raw, "--set").items() if name in raw}


def checked_config(config_class: ConfigClass, values: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Complete ``values`` with the defaults and check all. Returns every field as plain JSON values.

    Raises UserError that begins with ``where`` and names the first field that is wrong, the rule, and for a name the
    nearest valid one.
    """
    known_fields(config_class, values, where)
    begin = f"{where}: " if where else ""
    try:
        with foreign(f"{begin}the trainable's Config"):
            try:
                config = build(config_class, values)
            except ValidationError as error:
                field, rule, _ = complaint(error)
                name = field if field in values else ""
                given = f"{name}={values[name]!r}" if name else ", ".join(f"{k}={v!r}" for k, v in values.items())
                raise UserError(f"{begin}{given or field or 'the defaults'}: {rule}") from None
        json.dumps(config, allow_nan=False)
    except (ValueError, RecursionError):
        raise UserError(f"{begin}a config's numbers are finite: {config}") from None
    for field, value in config.items():
        if not _plain(value, DEEPEST):
            raise UserError(f"{begin}{field} is a {type(value).__name__}: a config is flat: numbers, texts, lists")
    return config


def known_fields(config_class: ConfigClass, names: Iterable[Any], where: str = "") -> None:
    """Raise UserError for the first name that is no field of the config, with the nearest one."""
    known = config_class.model_fields
    for name in names:
        if name not in known:
            begin = f"{where}: " if where else ""
            raise UserError(f"{begin}the config has no field '{name}'{nearest(str(name), known)}")


def build(config_class: ConfigClass, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete config of ``values`` as a record holds it. Raises pydantic's ValidationError."""
    return dict(config_class.model_validate(dict(values)).model_dump(mode="json"))


def recorded_config(baseline: Mapping[str, Any]) -> ConfigClass:
    """Return a Config that knows of a trainable's no more than a study does: the fields, and the kind of each.

    It plans without executing anything; bounds are the trainable's own and not known. Raises UserError.
    """

    def like(example: Any, text: Any) -> Any:
        if not isinstance(text, str) or isinstance(example, str):
            return text
        try:
            value = json.loads(text)
            if isinstance(example, int | float) and (
                not isinstance(value, int | float) or type(example)(value) != value
            ):
                raise ValueError
            return type(example)(value) if isinstance(example, int | float) else value
        except (ValueError, OverflowError, RecursionError):
            raise ValueError(f"is not like {example!r}") from None

    def field(example: Any) -> Any:
        return Annotated[Any, BeforeValidator(lambda text: like(example, text))], example

    for name in baseline:
        if name.startswith("_") or (name.startswith("model_") and hasattr(BaseModel, name)):
            raise UserError(f"study.json: the baseline has a field '{name}', which no config can have")
    try:
        made: ConfigClass = create_model(
            "Config",
            __config__=ConfigDict(extra="forbid", protected_namespaces=()),
            **{name: field(example) for name, example in baseline.items()},
        )
    except Exception as error:  # noqa: BLE001 - names that Python or pydantic keep for themselves
        raise UserError(f"study.json: the baseline's fields are no config's: {error}") from None
    return made


def config_hash(config: dict[str, Any]) -> str:
    """Return 12 hex digits naming a config: SHA-256 over its JSON with sorted keys. 1 and 1.0 hash alike."""
    plain = {k: float(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in config.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def run_id(config: dict[str, Any], seed: int, attempt: int = 1) -> str:
    """Name a run by what it is: the same config and seed give the same id; a second attempt gets a suffix."""
    return f"{config_hash(config)}-s{seed}" + (f"-{attempt}" if attempt > 1 else "")


RUN_ID = re.compile(r"([0-9a-f]{12})-s(0|[1-9]\d{0,18})(-[1-9]\d{0,5})?")
"""What :func:`run_id` makes: config hash, seed, and from the second on the attempt."""


def changes(config: dict[str, object], baseline: dict[str, object]) -> dict[str, tuple[object, object]]:
    """Return what a config changes: field -> (the baseline's value, its own); a field that is missing is None."""
    fields = dict.fromkeys([*baseline, *config])
    pairs = {f: (baseline.get(f), config.get(f)) for f in fields}
    return {f: (a, b) for f, (a, b) in pairs.items() if a != b}


def _plain(value: Any, deepest: int) -> bool:
    if isinstance(value, list):
        return deepest > 0 and all(_plain(item, deepest - 1) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
