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
from types import SimpleNamespace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from results.metric import Metric
from study.protocol import Trainable
from tests.support.trainings import of_function

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


METRIC = Metric("val_accuracy", unit="%", margin=0.005, test="test_accuracy", select="val_loss:min")


def answers(right: int) -> tuple[np.ndarray, np.ndarray]:
    """Predict so many of the labels rightly, and each with the same confidence."""
    labels = data().test_labels
    guessed = np.where(np.arange(len(labels)) < right, labels, (labels + 1) % CLASSES)
    return np.eye(CLASSES)[guessed] * 0.7 + 0.1, labels


def row(number: int, **changed: Any) -> dict[str, Any]:
    values = {"train_loss": 1.0 / number, "val_loss": 1.0 / number, "val_accuracy": (5 + number) / IMAGES}
    return values | changed


@dataclasses.dataclass
class Parts:
    """What a case may change."""

    row: Callable[[int], Any] = row
    numbers: Callable[[], Any] = lambda: range(1, EPOCHS + 1)
    begin: Callable[[Any], None] = lambda run: None
    after: Callable[[Any], None] = lambda run: None  # each epoch's end
    keep: Callable[[], dict[str, Any]] = lambda: {"w": np.ones(3)}
    val: Callable[[int], Any] = lambda number: answers(5 + number)
    test: Callable[[], Any] = lambda: answers(5 + EPOCHS)
    leaves: dict[str, Any] = dataclasses.field(default_factory=dict)  # run.examples and the like
    end: Callable[[], Any] = lambda: {"test_loss": 0.5, "test_accuracy": (5 + EPOCHS) / IMAGES}
    train: Callable[[Any, Any], Any] | None = None  # instead of all that


def trainable(parts: Parts) -> Trainable:
    def train(config: Config, run: Any) -> Any:
        parts.begin(run)
        run.keep(**parts.keep())
        loop = iter(run.epochs(EPOCHS))
        for number in parts.numbers():
            next(loop, None)
            if (found := parts.val(number)) is not None:
                run.predictions("val", *found)
            yield parts.row(number)
            parts.after(run)
        next(loop, None)
        if (found := parts.test()) is not None:
            run.predictions("test", *found)
        for name, value in parts.leaves.items():
            if name == "parameters":
                run.parameters = value
            else:
                getattr(run, name)(value)
        return parts.end()

    made = of_function(parts.train or train, METRIC, Config=Config, NAME="odd", load_data=data)
    return dataclasses.replace(made, name="odd")


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


def sets(**changed: Any) -> Callable[[Parts], None]:
    """Change these parts."""

    def change(parts: Parts) -> None:
        for name, value in changed.items():
            setattr(parts, name, value)

    return change


def of_end(field: str, value: Any) -> Callable[[Parts], None]:
    return sets(end=lambda: {"test_accuracy": (5 + EPOCHS) / IMAGES, field: value})


def leaves(name: str, value: Any) -> Callable[[Parts], None]:
    return sets(leaves={name: value})


def of_predictions(split: str, at: int, value: Any) -> Callable[[Parts], None]:
    """Change the probabilities (0) or the labels (1)."""

    def spoilt(number: int = EPOCHS) -> tuple[Any, ...]:
        found = list(answers(5 + number))
        found[at] = value
        return tuple(found)

    return sets(**{split: spoilt})


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
    def begin(run: Any) -> None:
        raise error

    return sets(begin=begin)


def does(what: Callable[[Any], Any]) -> Callable[[Parts], None]:
    return sets(begin=what)


def swallows_its_end(config: Any, run: Any) -> Iterator[Any]:
    for number in run.epochs(EPOCHS):
        with contextlib.suppress(BaseException):
            yield row(number, val_loss=None)


def wraps_what_is_raised(config: Any, run: Any) -> Iterator[Any]:
    for _ in run.epochs(EPOCHS):
        try:
            run.predictions("test", *answers(3))
        except Exception as error:
            raise RuntimeError("something went wrong") from error
        yield row(1)


async def is_async(config: Any, run: Any) -> None:
    return None


def keeps_in_a_thread(run: Any) -> None:
    thread = threading.Thread(target=run.keep, args=(np.ones(2),))
    thread.start()
    thread.join()


def closes_all_streams(run: Any) -> None:
    sys.stdout.close()
    sys.stderr.close()


def replaces_streams(run: Any) -> None:
    sys.stdout = sys.stderr = open(os.devnull)  # noqa: SIM115 - and not writable either


def mislabels(run: Any) -> None:
    run.data.test_labels[:] = 0


def drops_names(run: Any) -> None:
    run.data.class_names.clear()


def leaves_a_folder_that_goes(run: Any) -> None:
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")


def returns(value: Any) -> Callable[[Parts], None]:
    """A plain function that returns this."""
    return sets(train=lambda config, run: value)


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
    "recurses": does(lambda run: deep()),
    "lowers the recursion limit": does(lambda run: sys.setrecursionlimit(120)),
    "changes folder": does(lambda run: os.chdir("/")),
    "changes to a folder that goes": does(leaves_a_folder_that_goes),
    "closes stdout and stderr": does(closes_all_streams),
    "replaces stdout": does(replaces_streams),
    "prints": does(lambda run: print("\x1b[2J", "x" * 1000)),
    "warns": does(lambda run: warnings.warn("a warning", stacklevel=1)),
    "writes on the labels": does(mislabels),
    "forgets the classes": does(drops_names),
    "seeds the generators": does(lambda run: (random.seed(0), np.random.seed(0))),
    "numpy raises": does(lambda run: np.seterr(all="raise")),
    "swallows its end": sets(train=swallows_its_end),
    "wraps what is raised": sets(train=wraps_what_is_raised),
    "keeps in a thread": does(keeps_in_a_thread),
    "changes its config": does(lambda run: run.config.clear()),
    "empties the history": sets(after=lambda run: run.history.clear()),
    "one epoch too many": sets(numbers=lambda: range(1, EPOCHS + 2)),
    "one too few": sets(numbers=lambda: range(1, EPOCHS)),
    "none": sets(numbers=lambda: ()),
    "yields without end": sets(numbers=lambda: iter(lambda: 1, None)),
    "keeps what raises": sets(keep=deep),
    "keeps objects": sets(keep=lambda: {"rng": object()}),
    "keeps what it cannot name": sets(keep=lambda: {"a\nb": np.ones(2)}),
    "a state of objects": does(lambda run: run.state.update(a=object())),
    "no predictions": sets(test=lambda: None),
    "no predictions of validation": sets(val=lambda number: None),
    "predictions of validation at the end": sets(after=lambda run: run.predictions("val", *answers(8))),
    "others of validation at the end": sets(after=lambda run: run.predictions("val", *answers(1))),
    "is no function of two": sets(train=lambda config: None),
    "an async function": sets(train=is_async),
    **{f"returns {name}": returns(value) for name, value in VALUES.items()},
    **{f"returns the metric {name}": returns({"val_accuracy": value}) for name, value in VALUES.items()},
    **{f"ends with {name}": sets(end=lambda value=value: value) for name, value in VALUES.items()},
}  # fmt: skip


def cases() -> dict[str, Callable[[Parts], None]]:
    """All of them, by name."""
    found: dict[str, Callable[[Parts], None]] = {"nothing odd": lambda parts: None, **CONDUCT}
    for name, value in VALUES.items():
        for field in ("train_loss", "val_loss", "val_accuracy"):
            found[f"epoch.{field}={name}"] = of_epoch(field, value, 1 + len(found) % EPOCHS)
        for field in ("test_loss", "test_accuracy"):
            found[f"end.{field}={name}"] = of_end(field, value)
        for field in ("examples", "features", "parameters"):
            found[f"{field}={name}"] = leaves(field, value)
        for at, field in enumerate(("probabilities", "labels")):
            split = ("val", "test")[len(found) % 2]
            found[f"{split}.{field}={name}"] = of_predictions(split, at, value)
        found[f"epoch={name}"] = sets(row=lambda number, value=value: value)
        found[f"keep={name}"] = sets(keep=lambda value=value: {"w": value})
    for name, array in random_arrays(np.random.default_rng(504)):
        found[f"val.probabilities={name}"] = of_predictions("val", 0, array)
        found[f"test.probabilities={name}"] = of_predictions("test", 0, array)
        found[f"test.labels={name}"] = of_predictions("test", 1, array)
        found[f"keep={name}"] = sets(keep=lambda array=array: {"w": array})
        found[f"features={name}"] = leaves("features", array)
        found[f"examples={name}"] = leaves("examples", array)
    return found
