"""A state comes out of a file as it went in: values, types, memory order, bits."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file, save_file

from results.errors import BadResult
from study.recording.numbers import plain_arrays
from study.training.states import SKELETON, as_arrays, pack, unpack

NUMBERS = some.sampled_from([np.dtype(kind) for kind in ("?", "i1", "i2", "i8", "u1", "u4", "f2", "f4", "f8")])
ARRAYS = arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
TENSORS = ARRAYS.filter(lambda a: a.dtype.kind not in "u" or a.dtype.itemsize == 1).map(torch.from_numpy)
PLAIN = some.one_of(some.none(), some.booleans(), some.integers(), some.floats(), some.text())
KEYS = some.one_of(some.text(max_size=5), some.integers(), some.tuples(some.integers(), some.text(max_size=2)))
TREES = some.recursive(
    some.one_of(PLAIN, ARRAYS, TENSORS),
    lambda inner: some.one_of(
        some.lists(inner, max_size=3),
        some.lists(inner, max_size=3).map(tuple),
        some.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=12,
)


def through_a_file(value: Any, folder: Path) -> Any:
    """As a checkpoint: checked, written without pickle, read, and read-only."""
    packed = plain_arrays(pack(value, "it"), "state")
    save_file({name: np.asarray(array, order="C") for name, array in packed.items()}, folder / "state")
    read = load_file(folder / "state")
    for array in read.values():
        array.flags.writeable = False
    return unpack(read)


def same(one: Any, other: Any) -> bool:
    """Compared by type and bits, NaNs included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        if one.dtype != other.dtype or one.stride() != other.stride():
            return False
        bits = {torch.float16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}
        return torch.equal(*(t.view(bits.get(t.dtype, t.dtype)) for t in (one, other)))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    return bool(one == other)


@given(TREES)
def test_a_tree_comes_back(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    assert same(through_a_file(tree, tmp_path_factory.mktemp("state")), tree)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(3, 4).to(torch.bfloat16),
        torch.randn(()).to(torch.bfloat16),
        torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.randn(2, 3, 4, 5).to(torch.bfloat16, memory_format=torch.channels_last),
        torch.randn(4, 6).t(),
        torch.randn(8, 8)[::2, 1:5],
        torch.randn(3, requires_grad=True),
        torch.empty(0, 3),
    ],
    ids=[
        "bf16",
        "a bf16 number",
        "channels last",
        "bf16, channels last",
        "transposed",
        "part",
        "with gradient",
        "empty",
    ],
)
def test_a_tensor_keeps_its_memory_order(tensor: torch.Tensor, tmp_path: Path) -> None:
    before = tensor.detach().clone(memory_format=torch.preserve_format)
    back = through_a_file({"t": tensor}, tmp_path)["t"]
    tensor.data.fill_(7)  # what was packed is a copy
    assert torch.equal(back, before) and back.dtype == before.dtype and not back.requires_grad
    assert back.stride() == tensor.stride()


def test_a_column_of_memory_stays_one(tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    back = through_a_file([array, array.T], tmp_path)
    assert [a.flags.f_contiguous for a in back] == [True, False] and np.array_equal(back[0], array)


def test_names_of_arrays_never_collide(tmp_path: Path) -> None:
    tree = {"a.b": np.ones(1), "a": {"b": np.zeros(2)}, SKELETON: np.full(3, 5), "line\nbreak": np.ones(4)}
    tree[""] = np.ones(5)
    back = through_a_file(tree, tmp_path)
    assert {name: np.size(part) for name, part in back.items() if name != "a"} == {
        "a.b": 1, SKELETON: 3, "line\nbreak": 4, "": 5,
    }  # fmt: skip
    assert back["a"]["b"].size == 2


def test_weights_are_exported_under_readable_names_as_numpy_knows_them() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).to(torch.bfloat16)
    found = as_arrays(model.state_dict(), "weights")
    assert set(found) == set(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert np.array_equal(found[name], tensor.float().numpy())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [object()]}, r"it: a\.0 is <object"),
        ({"f": len}, "it: f is .*, which a file cannot hold without pickle: keep arrays, numbers, texts, or what has"),
        ({"a": np.array(["x"])}, "it: a is an array of <U1, not of numbers or bools"),
        ({"a": np.ones(2, np.longdouble)}, "it: a is an array of float128"),
        ({"t": torch.ones(2, dtype=torch.complex64)}, "it: t is a tensor of complex64, not of numbers or bools"),
        ({"t": torch.eye(2).to_sparse()}, "it: t is a tensor that numpy cannot hold: TypeError"),
        ({"t": torch.ones(2).to(torch.float8_e4m3fn)}, "it: t is a tensor that numpy cannot hold"),
    ],
)
def test_what_only_pickle_could_keep_is_refused(value: Any, said: str) -> None:
    with pytest.raises(BadResult) as caught:
        pack(value, "it")
    assert re.match(said, str(caught.value)), str(caught.value)
