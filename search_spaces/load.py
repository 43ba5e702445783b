"""From a name on the command line to a checked space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from alexnet.config import Config
from results.code import execute, file_and_name, from_file, is_in_file
from results.config import ConfigClass, checked_config
from results.errors import UserError, nearest
from search_spaces.builtin import SPACES
from search_spaces.space import Space

Definition = Mapping[str, Any] | Callable[[Any], Any]


def load_space(
    name: str,
    config_class: ConfigClass,
    baseline: Mapping[str, Any],
    fixed: Mapping[str, Any] | None = None,
    own: Mapping[str, Definition] | None = None,
    sha256: str | None = None,
) -> Space:
    """Return the space called ``name``, checked against the trainable's config.

    ``name`` is ``path.py:NAME``, or a name in ``own`` (the trainable's ``SPACES``), or a built-in one; the trainable's
    names come first. ``fixed`` are fields with one value for every trial; ``sha256`` is what the file must be, compared
    before it runs. Raises UserError, before anything starts, for whatever could go wrong with the space in the middle
    of a sweep.
    """
    if is_in_file(name):
        definition, sha256 = from_file(name, "space", _spaces_in, sha256)
    else:
        definition = _by_name(name, config_class, own or {})
    space = Space(name, definition, config_class, baseline, fixed or {})
    space.sha256 = sha256
    return space


def load_ablations(path: str, config_class: ConfigClass | None = None) -> dict[str, dict[str, Any]]:
    """Return the named list of ablations of a space file: ``path.py``, or ``path.py:NAME`` (NAME is ``ablations``).

    Each is a dict of fields with the values they get in the config that is ablated. With ``config_class`` every
    field and value is checked against it. Raises UserError.
    """
    file, name = file_and_name(path)
    name = name or "ablations"
    module = execute(file, "space file")
    found = getattr(module, name, None)
    if found is None:
        raise UserError(f"space file '{file}' has no '{name}'; it is a dict like {{'no dropout': {{'dropout': 0.0}}}}")
    if not isinstance(found, Mapping) or not found:
        raise UserError(f"'{name}' of '{file}' is not a dict of at least one named ablation")
    for label, change in found.items():
        where = f"ablation '{label}' of '{file}'"
        if not isinstance(label, str) or not isinstance(change, Mapping) or not change:
            raise UserError(f"{where} is not a name with a dict of fields and values")
        if config_class is not None:
            checked_config(config_class, change, where)
    return {label: dict(change) for label, change in found.items()}


def _by_name(name: str, config_class: ConfigClass, own: Mapping[str, Definition]) -> Definition:
    if name in own:
        return own[name]
    if name not in SPACES:
        valid = {**SPACES, **own}
        raise UserError(f"unknown space '{name}'{nearest(name, valid)}; or path.py:NAME")
    if config_class is not Config:
        fields = Space(name, SPACES[name], Config, {}, {}).dimensions
        if lacking := [field for field in fields if field not in config_class.model_fields]:
            raise UserError(
                f"space '{name}' is AlexNet's, and this config has no field '{lacking[0]}': use --space path.py:NAME, "
                "or declare one with the model (space=... or SPACES)"
            )
    return SPACES[name]


def _spaces_in(module: ModuleType) -> dict[str, Definition]:
    """Return a file's own names that can be a space, those of a ``SPACES`` dict included; ``ablations`` is none."""
    found: dict[str, Definition] = {}
    listed = getattr(module, "SPACES", None)
    for name, value in vars(module).items():
        if name.startswith("_") or name in ("SPACES", "ablations") or isinstance(value, type | ModuleType):
            continue
        if isinstance(value, Mapping) or (callable(value) and getattr(value, "__module__", None) == module.__name__):
            found[name] = value
    return found | (dict(listed) if isinstance(listed, Mapping) else {})
