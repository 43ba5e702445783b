"""The door of data: what is refused in a line, and a fingerprint of anything that tells content from content."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.errors import UserError
from study.recording.data import describe_data, fingerprint
from tests.support import ROOT

LABELS = np.array([0, 1, 2, 0, 1, 2])
DATA = SimpleNamespace(name="d", fingerprint="f", class_names=["a", "b", "c"], train_labels=LABELS, test_labels=LABELS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"class_names": ["a", "b", "a"]}, "data with two classes called 'a'"),
        ({"class_names": []}, "data with 0 class names: at least two are needed"),
        ({"class_names": 3}, "data that cannot be read: TypeError"),
        ({"train_labels": np.linspace(0, 2, 6)}, "train_labels are float64: not class numbers 0..2 (a regression?)"),
        ({"test_labels": LABELS + 1}, "data whose test_labels go from 1 to 3, not within 0..2: labels count from 0"),
        ({"test_labels": []}, "data whose test_labels are of shape (0,)"),
        ({"fingerprint": None}, "data whose fingerprint is None, not a text"),
        ({"fingerprint": ""}, "data whose fingerprint is '', not a text"),
    ],
)  # fmt: skip
def test_data_that_contradict_themselves_are_refused(changed: dict[str, Any], said: str) -> None:
    assert describe_data("t", DATA, "d", None).class_names == ["a", "b", "c"]
    with pytest.raises(UserError, match="^trainable 't': loading its data gave ") as caught:
        describe_data("t", SimpleNamespace(**(vars(DATA) | changed)), "d", None)
    assert said in str(caught.value)


def test_class_names_without_labels_are_refused() -> None:
    without = {name: value for name, value in vars(DATA).items() if name != "test_labels"}
    with pytest.raises(UserError, match="class_names but without 'test_labels', which confusion matrices need"):
        describe_data("t", SimpleNamespace(**without), "d", None)


def test_what_is_said_of_data_is_what_they_are() -> None:
    assert describe_data("t", None, "none", None).model_dump(include={"class_names", "train_examples"}) == {
        "class_names": [],
        "train_examples": None,
    }
    regression = SimpleNamespace(train_labels=np.ones(7), test_labels=np.ones(3), test_images=np.ones((3, 3, 8, 8)))
    info = describe_data("t", regression, "r", "~/here")
    assert (info.train_examples, info.test_examples, info.pictures, info.class_names) == (7, 3, True, [])


# Each builds one set of data; ``x`` is the one number that differs.
KINDS = """
import collections, dataclasses, enum, types
import numpy as np, pandas as pd, torch
from torch.utils.data import TensorDataset, Subset

@dataclasses.dataclass
class Held:
    x: object
    rest: tuple = (1, 2)

class Slots:
    __slots__ = ("x",)
    def __init__(self, x): self.x = x

class Own:
    def __init__(self, x): self.pixels, self.name, self.transform = np.full((3, 2), x), "own", len

KINDS = {
    "array": lambda x: np.array([1.0, x]),
    "integers": lambda x: np.array([[1, int(10 * x)]]),
    "a view": lambda x: np.arange(12.0).reshape(3, 4)[:, ::2] * x,
    "texts": lambda x: np.array(["a", str(x)]),
    "objects": lambda x: np.array(["a", x, None], object),
    "tensor": lambda x: torch.tensor([1.0, x]),
    "bf16": lambda x: torch.tensor([1.0, x]).to(torch.bfloat16),
    "data set": lambda x: TensorDataset(torch.tensor([1.0, x]), torch.arange(2)),
    "part of one": lambda x: Subset(TensorDataset(torch.tensor([1.0, x])), [0, 1]),
    "table": lambda x: pd.DataFrame({"a": [1, 2], "b": ["u", "v"], "c": [0.5, x]}),
    "table of names": lambda x: pd.DataFrame({"name": ["u", "v"], "fingerprint": [0.5, x], "class_names": [1, 2]}),
    "categories": lambda x: pd.Series(["u", str(x)], dtype="category"),
    "dates": lambda x: pd.Series(pd.to_datetime([int(x * 1e9)])),
    "column": lambda x: pd.Series([1.0, x], name="y"),
    "dict": lambda x: {"train": ([1, 2.5], "t"), ("a", 1): {"deep": x}},
    "set": lambda x: {"one", "two", "three", str(x)},
    "frozen sets": lambda x: [frozenset({"k", "l", "m"}), x],
    "list": lambda x: [1, 2, [x, None, True, b"bytes"]],
    "named": lambda x: collections.namedtuple("P", "a b")(1, x),
    "dataclass": lambda x: Held(x),
    "slots": lambda x: Slots(x),
    "an object": lambda x: Own(x),
    "namespace": lambda x: types.SimpleNamespace(images=np.zeros((2, 2)), more=[x]),
    "ordered": lambda x: collections.OrderedDict(a=x),
    "counted": lambda x: collections.Counter({"u": 3, "v": int(10 * x)}),
}
"""
PROGRAM = (
    KINDS
    + """
from study.recording.data import describe_data
for name, make in KINDS.items():
    print(name, describe_data("t", make(0.5), "d", None).fingerprint, sep="|")
"""
)


def kinds() -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "kinds"}
    sys.modules["kinds"] = SimpleNamespace(**found)  # type: ignore[assignment] - dataclasses and pickle look there
    exec(KINDS, found)
    vars(sys.modules["kinds"]).update(found)
    return found["KINDS"]


def test_a_fingerprint_is_the_same_in_every_process_and_tells_one_number() -> None:
    said = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-1000:]
        said.add(done.stdout)
    assert len(said) == 1
    made = kinds()
    assert said.pop().count("\n") == len(made)
    for name, make in made.items():
        assert fingerprint(make(0.5)) == fingerprint(make(0.5)) != fingerprint(make(0.75)), name
    assert len({fingerprint(make(0.5)) for make in made.values()}) == len(made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([[1], 2], [[1, 2]]),
        (["ab", "c"], ["a", "bc"]),
        ([1], [1.0]),
        ([True], [1]),
        (["1"], [1]),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2, np.float32), np.zeros(1, np.float64)),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ([None], []),
        ([b"a", b"b"], [b"ab"]),
    ],
)
def test_what_is_alike_is_told_apart(one: Any, other: Any) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_a_circle_has_an_end_and_what_cannot_be_read_is_refused_with_the_mend() -> None:
    circle: list[Any] = [1]
    circle.append(circle)
    assert fingerprint(circle) == fingerprint(circle)
    with pytest.raises(UserError, match="give them an attribute 'fingerprint', a text that changes with their content"):
        describe_data("t", (i for i in range(3)), "d", None)
