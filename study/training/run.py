"""What a training gets as ``run``: its seed and data, and where it leaves what the toolkit is to keep or to show."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from results.errors import BadResult, shown
from results.metric import Metric
from results.outcome import Epoch, Predictions, Runtime, State
from results.selection import Selecting
from study.training import generators, kept
from study.training.states import as_arrays, pack, unpack

SPLITS = ("val", "test")
KEPT, GENERATORS = "kept/", "generators/"  # before the names of a state's arrays


@dataclass
class Given:
    """What a training left beside its values, unchecked: the door of results looks at it."""

    predictions: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # split -> probabilities, labels
    class_names: list[str] | None = None
    examples: Any = None
    features: Any = None


class Run:
    """One training's side of the toolkit.

    Attributes:
        seed: names all randomness; ``random``, numpy and torch are seeded with it already.
        data: what ``load_data`` (or the decorator's ``data``) returned, shared: do not write into it.
        config: every field with its value.
        device: 'cpu' or 'cuda'; ``precision`` 'fp32' or 'bf16'; ``threads`` the CPU threads to use.
        state: a small dict for what else changes from epoch to epoch, such as a patience counter.
        parameters: how many numbers are trained; counted in what :meth:`keep` got first, if it is not set.
    """

    def __init__(
        self,
        seed: int,
        data: Any,
        config: Mapping[str, Any],
        runtime: Runtime,
        metric: Metric,
        earlier: tuple[int, State] | None = None,
    ) -> None:
        self.seed, self.data, self.config = seed, data, dict(config)
        self.device, self.precision, self.threads = runtime.device, runtime.precision, runtime.threads
        self.state: dict[str, Any] = {}
        self.parameters: int | None = None
        self.given = Given()
        self.history: list[Epoch] = []
        self.measuring = time.perf_counter()  # since when the epoch that is to be yielded lasts
        self._metric, self._selecting = metric, Selecting(metric)
        self._weights: list[Any] = []
        self._parts: dict[str, Any] = {}
        self._best: Any = None  # a copy of the weights' states at the selected epoch
        self.best_val: Predictions | None = None
        self._number: int | None = None  # of the epoch that run.epochs is in
        self.watch: Callable[[int, Mapping[str, Any]], None] | None = (
            None  # sees the caller's variables as an epoch begins
        )
        self._looped, self._last = False, int(self.config.get("epochs") or 0)
        self._earlier = _Earlier(*earlier) if earlier else None
        if self._earlier:
            self.state, self.history = self._earlier.state, self._earlier.history
            for row in self.history:
                self._selecting.add(row)
            self.best_val = self._earlier.best_val

    # -- what a training calls -------------------------------------------------------------------------------------

    def keep(self, *weights: Any, **parts: Any) -> None:
        """Name what the training is made of, before its first epoch: it can then be interrupted and go on.

        ``weights`` are copied at the best epoch, restored by :meth:`restore_best` and exported; ``parts`` (optimiser,
        scheduler, generators) are needed to go on. Each is something with ``state_dict`` and ``load_state_dict``, a
        dict of arrays, an array or tensor, a random generator, or an estimator of scikit-learn's. When an interrupted
        training goes on, their states are loaded here.
        """
        if self._looped:
            raise BadResult("run.keep comes before the loop over run.epochs, which would else train what is not loaded")
        self._weights += weights
        self._parts |= parts
        for place, value in self._places():
            kept.state_of(value, f"run.keep: {place}")  # what cannot be kept is told before anything is trained
        if self._earlier:
            states = unpack(self._earlier.arrays)
            for place, value in self._places():
                if place not in states["parts"]:
                    raise BadResult(f"run.keep: the interrupted training kept no '{place}': it was another's")
                kept.load(value, states["parts"][place], place)
            self._best = states["best"]

    def epochs(self, n: int) -> Iterator[int]:
        """Yield 1, 2, ..., n; when an interrupted training goes on, what is left of it. One loop to a training."""
        if self._looped:
            raise BadResult("run.epochs is for the one loop of a training: count further loops yourself, within it")
        if self._earlier and not self._places():
            raise BadResult("the interrupted training kept its state: call run.keep before the loop, as it did")
        self._looped, self._last = True, n
        for number in range(self._earlier.epoch + 1 if self._earlier else 1, n + 1):
            if self._earlier and number == self._earlier.epoch + 1:
                generators.restore(self._earlier.generators)
            self._number = number
            if self.watch is not None:
                self.watch(number, sys._getframe(1).f_locals)
            self.measuring = time.perf_counter()
            yield number
            if not self.history or self.history[-1].epoch != number:
                raise BadResult(f"epoch {number} ended without a yield: yield its values, once in each epoch")
        self._number = None

    def restore_best(self) -> None:
        """Load the weights of the best epoch, for the evaluation on test data. Without any epoch yet, nothing."""
        if not self._weights:
            raise BadResult("run.restore_best needs run.keep(model) before the first epoch: nothing was kept")
        if self._best is not None:
            for i, value in enumerate(self._weights):
                kept.load(value, kept.copied(self._best[i]), "restore_best")

    def predictions(self, split: str, probabilities: Any, labels: Any, classes: Any = None) -> None:
        """Leave a classifier's answers: 'val' before a yield or at the end, 'test' at the end.

        Args:
            split: 'val' or 'test'.
            probabilities: (examples, classes), rows sum to 1; or (examples,) of the second of two classes.
            labels: (examples,) class numbers from 0.
            classes: a name for each class, where the data have no ``class_names``.
        """
        if split not in SPLITS:
            raise BadResult(f"run.predictions: split is {shown(split)}, not 'val' or 'test'")
        if split == "test" and self._number is not None and self._number < self._last:
            raise BadResult(
                "run.predictions('test', ...) in an epoch: test data are looked at once, after the loop over run.epochs"
            )
        self.given.predictions[split] = (probabilities, labels)
        if classes is not None:
            self.given.class_names = [str(name) for name in classes]

    def examples(self, values: Any) -> None:
        """Leave a score for each test example, bool or number, of which the test value is the mean."""
        self.given.examples = values

    def features(self, values: Any) -> None:
        """Leave (test examples, dimensions) numbers, which the report shows in the plane."""
        self.given.features = values

    # -- what the loop calls ---------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of the epoch that a yield ends. Raises BadResult where it cannot be told."""
        if self._number is None and self._looped:
            raise BadResult("a yield after the loop over run.epochs: it would be an epoch too many; return the end")
        if self._number is None and self._earlier:
            raise BadResult("a training that goes on must loop over run.epochs(n), which knows where to begin")
        number = self._number if self._number is not None else len(self.history) + 1
        if self.history and self.history[-1].epoch == number:
            raise BadResult(f"epoch {number} yields twice: yield all its values at once, as one dict")
        return number

    def ended(self, row: Epoch, val: Predictions | None) -> None:
        """Take note of a checked epoch: of the best one, weights and predictions are kept."""
        self.history.append(row)
        if self._selecting.add(row):
            self.best_val = val
            self._best = [kept.copied(kept.state_of(value, "keep")) for value in self._weights]

    @property
    def resumable(self) -> bool:
        """Whether there is a state to go on from: a training that keeps nothing starts again."""
        return self._number is not None and bool(self._weights or self._parts)

    def snapshot(self) -> State:
        """Copy all that the rest of the training depends on. Raises BadResult for what a file cannot hold."""
        parts = {place: kept.state_of(value, place) for place, value in self._places()}
        arrays = {KEPT + n: array for n, array in pack({"parts": parts, "best": self._best}, "run.keep").items()}
        arrays |= {GENERATORS + name: array for name, array in generators.save().items()}
        return arrays | _Earlier.pack(self.history, self.best_val, self.state)

    def weights(self) -> State:
        """Copy the best weights as arrays under readable names."""
        best: Any = self._best or []
        return as_arrays(best[0] if len(best) == 1 else dict(enumerate(best)), "run.keep") if best else {}

    def counted(self) -> int:
        """How many numbers were trained."""
        return self.parameters if self.parameters is not None else sum(kept.count(value) for value in self._weights[:1])

    def _places(self) -> list[tuple[str, Any]]:
        return [*((f"weights {i}", w) for i, w in enumerate(self._weights)), *self._parts.items()]


class _Earlier:
    """The state from which an interrupted training goes on."""

    def __init__(self, epoch: int, state: State) -> None:
        self.epoch = epoch
        self.arrays = {n.removeprefix(KEPT): a for n, a in state.items() if n.startswith(KEPT)}
        self.generators = {n.removeprefix(GENERATORS): a for n, a in state.items() if n.startswith(GENERATORS)}
        told = json.loads(state["run/told"].tobytes())
        self.state: dict[str, Any] = told["state"]
        confusions = state.get("run/confusions")
        self.history = [
            Epoch(row["epoch"], row["values"], row["seconds"], None if confusions is None else confusions[i])
            for i, row in enumerate(told["history"])
        ]
        self.best_val: Predictions | None = None
        if "run/val" in state:
            self.best_val = Predictions(np.array(state["run/val"]), np.array(state["run/val_labels"]))

    @staticmethod
    def pack(history: list[Epoch], best_val: Predictions | None, state: dict[str, Any]) -> State:
        rows = [{"epoch": e.epoch, "values": e.values, "seconds": e.seconds} for e in history]
        try:
            told = json.dumps({"history": rows, "state": state})
        except (TypeError, ValueError) as error:
            raise BadResult(f"run.state holds what JSON does not: {error}: keep arrays with run.keep") from None
        arrays = {"run/told": np.frombuffer(told.encode(), np.uint8)}
        matrices = [e.val_confusion for e in history if e.val_confusion is not None]
        if matrices and len(matrices) == len(history):
            arrays["run/confusions"] = np.stack(matrices)
        if best_val is not None:
            arrays |= {"run/val": best_val.probabilities, "run/val_labels": best_val.labels}
        return arrays
