"""Trainables that are wrong in one way each: a table of changes to a tiny one that is right.

Each case is a name and a function that changes the parts of the right one. Nothing here ends the process it runs in
(``os._exit``, a signal) or closes its descriptors: training in this process cannot outlive that.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from results.outcome import Epoch, Outcome, Predictions, predictions

CLASSES, IMAGES, EPOCHS = 3, 12, 3


class Config(BaseModel):
    """What a run is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = EPOCHS


def data() -> Any:
    labels = np.arange(IMAGES) % CLASSES
    return SimpleNamespace(
        name="odd", fingerprint="0dd", class_names=["a", "b", "c"], train_labels=labels.copy(), test_labels=labels
    )


def answers(right: int, labels: np.ndarray) -> Predictions:
    """Predict so many of the labels rightly, and each with the same confidence."""
    guessed = np.where(np.arange(len(labels)) < right, labels, (labels + 1) % CLASSES)
    return predictions(np.eye(CLASSES)[guessed] * 0.7 + 0.1, labels)


def row(number: int, **changed: Any) -> Epoch:
    val = answers(5 + number, data().test_labels)
    return dataclasses.replace(
        Epoch(number, 1.0 / number, 0.5, 1.0 / number, val.accuracy, 0.01, val.confusion), **changed
    )


@dataclasses.dataclass
class Parts:
    """What a case may change."""

    row: Callable[[int], Any] = row
    numbers: Callable[[], Any] = lambda: range(1, EPOCHS + 1)
    begin: Callable[[Any, Any], None] = lambda config, data: None
    call: Callable[[Any, Any, Any], Any] = lambda on_epoch, epoch, state: on_epoch(epoch, state)
    state: Callable[[], Any] = lambda: {"w": np.ones(3)}
    outcome: Callable[[Outcome], Any] = lambda outcome: outcome


def trainable(parts: Parts) -> ModuleType:
    module = ModuleType("odd")

    def fit(config: Config, seed: int, data: Any, on_epoch: Any, state: Any = None) -> Any:
        parts.begin(config, data)
        history = []
        for number in parts.numbers():
            history.append(parts.row(number))
            parts.call(on_epoch, history[-1], parts.state)
        answered = answers(5 + EPOCHS, data.test_labels)
        done = Outcome("complete", history, EPOCHS, answered, answered, weights={"w": np.ones(3)}, parameters=3)
        return parts.outcome(done)

    module.NAME, module.Config, module.fit = "odd", Config, fit  # type: ignore[attr-defined]
    module.load_data = lambda dataset, data_dir: data()  # type: ignore[attr-defined]
    return module


# -- values --------------------------------------------------------------------------------------------------------


class Angry:
    """Raises whatever is asked of it."""

    def _no(self, *args: Any) -> Any:
        raise RuntimeError("not me")

    __float__ = __int__ = __index__ = __len__ = __iter__ = __array__ = __bool__ = __eq__ = __str__ = __repr__ = _no
    __hash__ = None  # type: ignore[assignment]
    ndim = property(_no)
    dtype = property(_no)


class Leaving:
    """Ends the process politely, or tries to, when it is looked at."""

    def __float__(self) -> float:
        raise SystemExit(3)

    def __index__(self) -> int:
        raise GeneratorExit

    def __array__(self, *args: Any, **more: Any) -> Any:
        raise asyncio.CancelledError


class Endless(list):
    def __iter__(self) -> Iterator[Any]:
        while True:
            yield row(1)


class Liar(float):
    def __float__(self) -> Any:
        return "seven"


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")

    __repr__ = __str__


class NotAnException(BaseException):
    pass


VALUES: dict[str, Any] = {
    "None": None, "text": "0.5", "bytes": b"0.5", "True": True, "list": [], "dict": {}, "tuple": (0.5,),
    "object": object(), "several": np.ones(2), "one in an array": np.ones(1), "array of text": np.array("x"),
    "objects": np.array([None] * 3), "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "negative": -1,
    "seven": 7.0, "huge": 1e308,
    "beyond floats": 10**400, "complex": 1 + 2j, "angry": Angry(), "leaving": Leaving(), "liar": Liar(0.5),
    "generator": (i for i in (1, 2)), "function": len, "class": int, "Decimal": Decimal("0.5"),
    "fraction": Fraction(1, 2), "signalling": Decimal("sNaN"), "float16": np.float16(0.5), "0-d": np.array(0.5),
    "masked": np.ma.masked, "date": datetime.date(2026, 1, 1), "set": {1}, "ellipsis": ..., "range": range(3),
    "memory": memoryview(b"123"), "ragged": [[1], [2, 3]], "longdouble": np.longdouble(0.5),
    "datetime64": np.datetime64("2026"),
    "endless": Endless(), "surrogate": "caf\udce9", "megabytes": "x" * 3_000_000, "int64 min": np.int64(-(2**63)),
    "uint64 max": np.uint64(2**64 - 1), "0": 0, "1": 1, "2.0": 2.0, "nested": (lambda x: [x.append(x), x][1])([]),
}  # fmt: skip


def of_epoch(field: str, value: Any, number: int) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts.row = lambda n: row(n, **{field: value} if n == number else {})

    return change


def of_outcome(field: str, value: Any) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts.outcome = lambda outcome: dataclasses.replace(outcome, **{field: value})

    return change


def of_predictions(split: str, field: str, value: Any) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        def outcome(done: Outcome) -> Outcome:
            found = dataclasses.replace(getattr(done, split), **{field: value})
            return dataclasses.replace(done, **{split: found})

        parts.outcome = outcome

    return change


def random_arrays(random: np.random.Generator) -> Iterator[tuple[str, Any]]:
    """Arrays of odd shapes and types, drawn; a name for each."""
    for _ in range(60):
        shape = tuple(int(n) for n in random.choice([0, 1, 2, 3, 12, 13], size=random.integers(0, 4)))
        kind = random.choice(["f2", "f4", "f8", "i1", "i8", "u8", "?", "c8", "U3", "O"])
        scale = float(random.choice([0, 1e-300, 0.3, 1, 300, -1]))
        yield f"{kind}{shape}*{scale:g}", (random.random(shape) * scale).astype(kind)


# -- conduct -------------------------------------------------------------------------------------------------------


def deep(n: int = 0) -> int:
    return deep(n + 1) + 1


def raises(error: BaseException) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        def begin(config: Any, data: Any) -> None:
            raise error

        parts.begin = begin

    return change


def does(what: Callable[[Any, Any], Any]) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts.begin = what

    return change


def swallows(parts: Parts) -> None:
    def call(on_epoch: Any, epoch: Any, state: Any) -> None:
        with contextlib.suppress(BaseException):
            on_epoch(dataclasses.replace(epoch, val_loss=None), state)

    parts.call = call


def wraps(parts: Parts) -> None:
    def call(on_epoch: Any, epoch: Any, state: Any) -> None:
        try:
            on_epoch(dataclasses.replace(epoch, val_accuracy=7.0), state)
        except Exception as error:
            raise RuntimeError("something went wrong") from error

    parts.call = call


def from_a_thread(parts: Parts) -> None:
    def call(on_epoch: Any, epoch: Any, state: Any) -> None:
        thread = threading.Thread(target=on_epoch, args=(epoch, state))
        thread.start()
        thread.join()

    parts.call = call


def never_calls(parts: Parts) -> None:
    parts.call = lambda on_epoch, epoch, state: None


def closes_all_streams(config: Any, data: Any) -> None:
    sys.stdout.close()
    sys.stderr.close()


def replaces_streams(config: Any, data: Any) -> None:
    sys.stdout = sys.stderr = open(os.devnull)  # noqa: SIM115 - and not writable either


def mislabels(config: Any, data: Any) -> None:
    data.test_labels[:] = 0


def drops_names(config: Any, data: Any) -> None:
    data.class_names.clear()


def leaves_a_folder_that_goes(config: Any, data: Any) -> None:
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")


def returns(value: Any) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts.outcome = lambda outcome: value

    return change


ERRORS: list[BaseException] = [
    ValueError("line one\nline two"), ValueError(), KeyError("x"), SystemExit(0), SystemExit("bye"), GeneratorExit(),
    StopIteration(), MemoryError("no room"), RecursionError("deep"), asyncio.CancelledError(), NotAnException("odd"),
    Silent(), OSError(28, "No space left on device", "somewhere"), BrokenPipeError(), EOFError(), AssertionError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), ValueError("caf\udce9.png"), ValueError("\x1b[31mred\x1b[0m\a"),
    ValueError("x" * 3_000_000), ExceptionGroup("two", [ValueError("a"), TypeError("b")]), ImportError("no torch"),
    BaseExceptionGroup("one", [SystemExit(1)]), Warning("mind"), NotImplementedError(), TimeoutError("late"),
    type("Été", (Exception,), {})("named oddly"), PermissionError(13, "no"),
]  # fmt: skip

CONDUCT: dict[str, Callable[[Parts], None]] = {
    **{f"raises {i} {type(e).__name__}": raises(e) for i, e in enumerate(ERRORS)},
    "recurses": does(lambda config, data: deep()),
    "lowers the recursion limit": does(lambda config, data: sys.setrecursionlimit(120)),
    "changes folder": does(lambda config, data: os.chdir("/")),
    "changes to a folder that goes": does(leaves_a_folder_that_goes),
    "closes stdout and stderr": does(closes_all_streams),
    "replaces stdout": does(replaces_streams),
    "prints": does(lambda config, data: print("\x1b[2J", "x" * 1000)),
    "warns": does(lambda config, data: warnings.warn("a warning", stacklevel=1)),
    "writes on the labels": does(mislabels),
    "forgets the classes": does(drops_names),
    "seeds the generators": does(lambda config, data: (random.seed(0), np.random.seed(0))),
    "numpy raises": does(lambda config, data: np.seterr(all="raise")),
    "swallows what on_epoch raises": swallows,
    "wraps what on_epoch raises": wraps,
    "reports from a thread": from_a_thread,
    "never reports": never_calls,
    "one epoch too many": lambda parts: setattr(parts, "numbers", lambda: range(1, EPOCHS + 2)),
    "one too few": lambda parts: setattr(parts, "numbers", lambda: range(1, EPOCHS)),
    "none": lambda parts: setattr(parts, "numbers", lambda: ()),
    "begins at 0": lambda parts: setattr(parts, "numbers", lambda: range(EPOCHS)),
    "backwards": lambda parts: setattr(parts, "numbers", lambda: (3, 2, 1)),
    "all the first": lambda parts: setattr(parts, "numbers", lambda: (1, 1, 1)),
    "reports without end": lambda parts: setattr(parts, "numbers", lambda: iter(lambda: 1, None)),
    "a state that raises": lambda parts: setattr(parts, "state", deep),
    "a state of objects": lambda parts: setattr(parts, "state", lambda: {"rng": object()}),
    "a state that is none": lambda parts: setattr(parts, "state", lambda: None),
    "returns itself": lambda parts: setattr(parts, "outcome", lambda outcome: parts),
    "returns a generator": lambda parts: setattr(parts, "outcome", lambda outcome: (x for x in [outcome])),
    "returns the class": lambda parts: setattr(parts, "outcome", lambda outcome: Outcome),
    **{f"returns {name}": returns(value) for name, value in VALUES.items()},
}  # fmt: skip


def cases() -> dict[str, Callable[[Parts], None]]:
    """All of them, by name."""
    found: dict[str, Callable[[Parts], None]] = {"nothing odd": lambda parts: None, **CONDUCT}
    for field in (f.name for f in dataclasses.fields(Epoch)):
        for name, value in VALUES.items():
            found[f"epoch.{field}={name}"] = of_epoch(field, value, 1 + len(found) % EPOCHS)
    for field in (f.name for f in dataclasses.fields(Outcome)):
        for name, value in VALUES.items():
            found[f"outcome.{field}={name}"] = of_outcome(field, value)
    for at, field in enumerate(f.name for f in dataclasses.fields(Predictions)):
        for name, value in VALUES.items():
            split = ("val", "test")[(at + len(found)) % 2]
            found[f"{split}.{field}={name}"] = of_predictions(split, field, value)
    for name, array in random_arrays(np.random.default_rng(504)):
        found[f"epoch.val_confusion={name}"] = of_epoch("val_confusion", array, 2)
        found[f"test.probabilities={name}"] = of_predictions("test", "probabilities", array)
        found[f"outcome.weights={name}"] = of_outcome("weights", {"w": array})
        found[f"outcome.features={name}"] = of_outcome("features", array)
    for name, value in VALUES.items():
        found[f"weights[w]={name}"] = of_outcome("weights", {"w": value})
        found[f"history=[{name}]"] = of_outcome("history", [value] * EPOCHS)
    return found
