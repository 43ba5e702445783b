"""Any state that is made of arrays and plain values <-> a flat dict of arrays, which a file holds without pickle."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from results.errors import BadResult, named, shown
from results.outcome import State

SKELETON = "skeleton"  # the name of the array that holds the rest, as JSON
TAG = "~"


def pack(value: Any, where: str) -> State:
    """Copy a tree of dicts, lists, tuples, tensors, arrays and plain values into named arrays.

    ``where`` begins the message of BadResult, which is raised for what only pickle could keep.
    """
    arrays: State = {SKELETON: np.empty(0)}  # the name is taken
    skeleton = _pack(value, "", arrays, where)
    arrays[SKELETON] = np.frombuffer(json.dumps(skeleton, allow_nan=False).encode(), np.uint8)
    return arrays


def unpack(arrays: State) -> Any:
    """Undo :func:`pack`: new tensors and arrays, in the memory order that they had."""
    return _unpack(json.loads(arrays[SKELETON].tobytes()), arrays)


def as_arrays(value: Any, where: str) -> State:
    """Copy a tree as :func:`pack` does, into its arrays alone under readable names: what weights are exported as."""
    packed = pack(value, where)
    skeleton = json.loads(packed.pop(SKELETON).tobytes())
    for name, dtype in _dtypes(skeleton):
        if dtype == "bfloat16":
            packed[name] = (packed[name].astype(np.uint32) << 16).view(np.float32)
    return packed


def is_tensor(value: Any) -> bool:
    """Whether it is torch's; where nothing has imported torch, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _pack(value: Any, path: str, arrays: State, where: str) -> Any:
    if value is None or isinstance(value, bool | str) or type(value) is int:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {TAG: "float", "is": repr(value)}
    if is_tensor(value):
        return _pack_tensor(value, path, arrays, where)
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise BadResult(f"{where}: {path or 'it'} is an array of {value.dtype}, not of numbers or bools")
        arrays[name := _name(path, arrays)] = np.array(value, order="C")
        if not isinstance(value, np.ndarray):
            return {TAG: "scalar", "in": name}
        columns = value.flags.f_contiguous and not value.flags.c_contiguous  # a file keeps rows
        return {TAG: "array", "in": name, "columns": columns}
    if isinstance(value, Mapping):
        items = [[_pack(k, path, arrays, where), _pack(v, _join(path, k), arrays, where)] for k, v in value.items()]
        return {TAG: "dict", "items": items}
    if isinstance(value, list | tuple | set | frozenset):
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return {TAG: kind, "items": [_pack(v, _join(path, i), arrays, where) for i, v in enumerate(value)]}
    raise BadResult(
        f"{where}: {path or 'it'} is {shown(value)}, which a file cannot hold without pickle: keep arrays, numbers, "
        "texts, or what has state_dict"
    )


def _pack_tensor(tensor: Any, path: str, arrays: State, where: str) -> Any:
    torch = sys.modules["torch"]
    name, dtype = _name(path, arrays), str(tensor.dtype).removeprefix("torch.")
    try:
        plain = tensor.detach().cpu()
        if plain.dtype == torch.bfloat16:  # numpy has none
            plain = plain.view(torch.int16)
        array = np.array(plain.numpy(), order="C")
        stride = list(tensor.stride())
    except Exception as error:  # noqa: BLE001 - sparse, quantized, of eight bits
        raise BadResult(f"{where}: {path or 'it'} is a tensor that numpy cannot hold: {named(error)}") from None
    if array.dtype.kind not in "biuf":
        raise BadResult(f"{where}: {path or 'it'} is a tensor of {dtype}, not of numbers or bools")
    arrays[name] = array.view(np.uint16) if dtype == "bfloat16" else array
    return {TAG: "tensor", "in": name, "dtype": dtype, "stride": stride}


def _unpack(value: Any, arrays: State) -> Any:
    if not isinstance(value, dict):
        return value
    kind = value[TAG]
    if kind == "float":
        return float(value["is"])
    if kind in ("array", "scalar"):
        array = np.array(arrays[value["in"]], order="F" if value.get("columns") else "C")
        return array if kind == "array" else array[()]
    if kind == "tensor":
        return _unpack_tensor(value, arrays)
    if kind == "dict":
        return {_unpack(k, arrays): _unpack(v, arrays) for k, v in value["items"]}
    items = [_unpack(v, arrays) for v in value["items"]]
    return {"list": list, "tuple": tuple, "set": set}[kind](items)


def _unpack_tensor(value: Any, arrays: State) -> Any:
    import torch  # noqa: PLC0415 - only what was kept as a tensor needs it

    array = np.array(arrays[value["in"]])
    dtype = getattr(torch, value["dtype"])
    plain = torch.from_numpy(array.view(np.int16)).view(dtype) if dtype == torch.bfloat16 else torch.from_numpy(array)
    stride = tuple(value["stride"])
    if plain.stride() == stride or 0 in stride:
        return plain
    # a file has lost the memory order, on which fused kernels rely: results would differ in the last bit
    return torch.empty_strided(tuple(plain.shape), stride, dtype=plain.dtype).copy_(plain)


def _dtypes(skeleton: Any) -> list[tuple[str, str]]:
    if not isinstance(skeleton, dict):
        return []
    own = [(skeleton["in"], skeleton["dtype"])] if skeleton.get(TAG) == "tensor" else []
    inner = skeleton.get("items", [])
    parts = [part for pair in inner for part in pair] if skeleton.get(TAG) == "dict" else inner
    return own + [found for part in parts for found in _dtypes(part)]


def _join(path: str, part: Any) -> str:
    return f"{path}.{part}" if path else str(part)


def _name(path: str, taken: State) -> str:
    name = "".join(c if c.isprintable() else "?" for c in path) or "value"
    while name in taken:  # of keys 'a.b' and, in 'a', 'b'
        name += "'"
    return name
