"""The door of data: what a study keeps of what a trainable loaded, or one clear refusal."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from results.errors import UserError, named, shown
from results.escaping import hide_home
from results.meta import DatasetInfo

NONE = hashlib.sha256(b"no data").hexdigest()
LEAST_NAMED = ("class_names", "train_labels", "test_labels")  # a classification's, all or none


def describe_data(trainable: str, data: Any, label: str, source: str | None) -> DatasetInfo:
    """Return what the study keeps of ``data``, as ``trainable`` loaded it. Raises UserError.

    Data may be anything. ``name`` and ``fingerprint`` are taken from it where it has them; with ``class_names``,
    ``train_labels`` and ``test_labels`` (integers from 0) it is a classification whose labels are checked.
    """
    try:
        fault = _fault(data)
        info = None if fault else _info(data, label, source)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the data are made of
        fault, info = f"data that cannot be read: {named(error)}", None
    if info is None:
        raise UserError(f"trainable '{trainable}': loading its data gave {fault}")
    return info


def _info(data: Any, label: str, source: str | None) -> DatasetInfo:
    names = None if _is_table(data) else getattr(data, "class_names", None)
    sizes = {}
    for part in ("train", "test"):
        labels = None if _is_table(data) else getattr(data, f"{part}_labels", None)
        sizes[f"{part}_examples"] = None if labels is None else len(labels)
    return DatasetInfo(
        name=label,
        fingerprint=fingerprint(data),
        class_names=[] if names is None else [str(name) for name in names],
        source=None if source is None else hide_home(source),
        pictures=hasattr(data, "test_images"),
        **sizes,
    )


def _fault(data: Any) -> str | None:
    if _is_table(data):
        return None
    own = getattr(data, "fingerprint", "none")
    if not isinstance(own, str) or not own:
        return f"data whose fingerprint is {shown(own)}, not a text"
    if not hasattr(data, "class_names"):
        return None
    names = [str(name) for name in data.class_names]
    if len(names) < 2:
        return f"data with {len(names)} class names: at least two are needed"
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        return f"data with two classes called {shown(twice)}"
    for member in LEAST_NAMED[1:]:
        if not hasattr(data, member):
            return f"data with class_names but without '{member}', which confusion matrices need"
        labels = np.asarray(getattr(data, member))
        if labels.ndim != 1 or not len(labels):
            return f"data whose {member} are of shape {labels.shape}, not one label for each example"
        if labels.dtype.kind not in "iu":
            return f"data whose {member} are {labels.dtype}: not class numbers 0..{len(names) - 1} (a regression?)"
        if not 0 <= labels.min() <= labels.max() < len(names):
            found = f"data whose {member} go from {labels.min()} to {labels.max()}"
            return f"{found}, not within 0..{len(names) - 1}: labels count from 0"
    return None


def fingerprint(data: Any) -> str:
    """Return a hex digest of the content: the data's own, else of every array, number and text in it.

    Containers, arrays, tensors and tables are hashed by content, other objects by their attributes, else by their
    pickle. Raises UserError for what cannot be read so: it then has to name its own.
    """
    own = None if _is_table(data) else getattr(data, "fingerprint", None)
    if own is not None:
        return str(own)
    if data is None:
        return NONE
    digest = hashlib.sha256()
    try:
        _hash(data, digest.update, set())
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the data are made of
        raise UserError(
            f"the data have no fingerprint and cannot be read for one ({named(error)}): give them an attribute "
            "'fingerprint', a text that changes with their content"
        ) from None
    return digest.hexdigest()


def _hash(value: Any, update: Callable[[bytes], Any], within: set[int]) -> None:
    update(type(value).__name__.encode())
    if value is None or isinstance(value, bool | int | float | complex | str):
        update(repr(value).encode(errors="surrogatepass"))
    elif isinstance(value, bytes | bytearray | memoryview):
        update(bytes(value))
    elif isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "O":
        array = np.asarray(value, order="C")
        update(f"{array.dtype.str}{array.shape}".encode())
        update(array.tobytes())
    elif id(value) in within:
        update(b"again")
    else:
        _hash_parts(value, update, within | {id(value)})


def _hash_parts(value: Any, update: Callable[[bytes], Any], within: set[int]) -> None:
    if isinstance(value, Mapping):
        parts: Any = [part for pair in value.items() for part in pair]
    elif isinstance(value, list | tuple | np.ndarray):
        parts = list(value)
    elif isinstance(value, set | frozenset):
        parts = sorted(value, key=repr)
    elif hasattr(value, "detach") and hasattr(value, "numpy"):  # a tensor
        plain = value.detach().cpu()
        parts = [str(value.dtype), (plain.float() if "bfloat" in str(value.dtype) else plain).numpy()]
    elif _is_table(value):
        columns = [value] if not hasattr(value, "columns") else [column for _, column in value.items()]
        parts = [list(getattr(value, "columns", [])), np.asarray(value.index), *(c.to_numpy() for c in columns)]
    elif dataclasses.is_dataclass(value):
        parts = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
    elif callable(value) and hasattr(value, "__qualname__"):
        parts = [value.__qualname__]
    elif hasattr(value, "__dict__"):
        parts = sorted(vars(value).items())
    else:
        update(pickle.dumps(value, 5))
        return
    update(f"{len(parts)}:".encode())  # [[1], 2] is not [[1, 2]]
    for part in parts:
        _hash(part, update, within)


def _is_table(value: Any) -> bool:
    """Whether it is a table of pandas' or a column of one, whose attributes may be columns."""
    return hasattr(value, "to_numpy") and hasattr(value, "index")


def own_name(data: Any) -> str | None:
    """Return what the data call themselves, if anything."""
    name = None if _is_table(data) else getattr(data, "name", None)
    return name if isinstance(name, str) and name else None


def freeze(data: Any) -> None:
    """Make the data's numpy arrays read-only, as they are when they come from shared memory."""
    if dataclasses.is_dataclass(data):
        values = [getattr(data, f.name) for f in dataclasses.fields(data)]
    elif isinstance(data, Mapping):
        values = list(data.values())
    else:
        values = list(data) if isinstance(data, list | tuple) else list(getattr(data, "__dict__", {}).values())
    for value in values:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        elif isinstance(value, list | tuple):
            freeze(value)
