"""One training with the door of results before it: what every way of running a job calls."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from results.errors import BadResult, line_in, named
from results.outcome import Epoch, Outcome, State
from results.selection import selected
from study.jobs import Model, epochs_of
from study.protocol import Trainable
from study.recording.numbers import plain_arrays
from study.recording.outcomes import Checker
from study.training.generators import seeded, use_threads
from study.training.run import Run

OnEpoch = Callable[[Epoch, Callable[[], State] | None, bool], bool]
"""Called after every epoch with its measurements, a function that copies the state or None, and whether it is known to
be the last; True asks to stop."""


Watch = Callable[[int, Mapping[str, Any]], None]
"""Called as each epoch of ``run.epochs`` begins, with its number and the training's own variables."""


def train(
    model: Model,
    config: Mapping[str, Any],
    seed: int,
    on_epoch: OnEpoch,
    earlier: tuple[int, State] | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Train and return a checked outcome; ``on_epoch`` hears of checked epochs.

    Args:
        earlier: the epoch to go on after, and the state then.

    Raises:
        BadResult: what was handed over breaks a rule.
        BaseException: whatever the trainable or ``on_epoch`` raises.
    """
    training = _Training(model, config, seed, on_epoch, earlier)
    training.run.watch = watch
    use_threads(model.runtime.threads)
    with seeded(seed):
        started = model.trainable.start(config, training.run)
        return training.follow(started) if isinstance(started, Generator) else training.single(started)


class _Training:
    def __init__(
        self,
        model: Model,
        config: Mapping[str, Any],
        seed: int,
        on_epoch: OnEpoch,
        earlier: tuple[int, State] | None,
    ) -> None:
        self._metric, self._on_epoch = model.trainable.metric, on_epoch
        self._epochs = epochs_of(config)
        self._checker = Checker(self._metric, self._epochs, model.data)
        self.run = Run(seed, model.data, config, model.runtime, self._metric, earlier)

    def follow(self, training: Generator[Any, None, Any]) -> Outcome:
        """Go through a generator's epochs to its end."""
        run = self.run
        try:
            while True:
                run.measuring = time.perf_counter()
                try:
                    values = next(training)
                except StopIteration as end:
                    return self._completed(end.value)
                if (outcome := self._epoch(values)) is not None:
                    return outcome
        finally:
            self._close(training)

    def single(self, values: Any) -> Outcome:
        """Take the values that a plain function returned: one measurement, of validation and of test."""
        metric = self._metric
        if not isinstance(values, Mapping) or metric.name not in values:
            what = "nothing" if values is None else f"{sorted(map(str, values))}" if isinstance(values, Mapping) else ""
            what = what or f"a {type(values).__name__}"
            raise BadResult(
                f"the training returned {what}: return {{'{metric.name}': ...}}, or yield such a dict after each epoch"
            )
        test = {name: value for name, value in values.items() if name == metric.test or str(name).startswith("test")}
        outcome = self._epoch({name: value for name, value in values.items() if name not in test}, single=True)
        return outcome or self._completed(test)

    def _epoch(self, values: Any, single: bool = False) -> Outcome | None:
        """Take one epoch; return the outcome where the training ends with it early."""
        run, seconds = self.run, time.perf_counter() - self.run.measuring
        number = run.epoch
        row, val = self._checker.epoch(number, values, seconds, run.given.predictions.pop("val", None))
        run.ended(row, val)
        state = (lambda: plain_arrays(run.snapshot(), "state")) if run.resumable else None
        last = single or number == self._epochs
        stop = self._on_epoch(row, state, last)
        if self._checker.diverged:
            return self._early("diverged", self._checker.diverged)
        return self._early("stopped") if stop and not last else None

    def _early(self, status: Any, error: str | None = None) -> Outcome:
        return Outcome(status, self.run.history, error=error, parameters=self._checker.parameters(self.run.counted()))

    def _completed(self, values: Any) -> Outcome:
        run, check, given = self.run, self._checker, self.run.given
        best = selected(run.history, self._metric)
        if best is None:
            raise BadResult(f"the training ended without an epoch: yield {{'{self._metric.name}': ...}} after each")
        test_values, test = check.end(values, given.predictions.get("test"))
        val = run.best_val
        if (answers := given.predictions.get("val")) is not None:
            val = check.validation(answers, best)
        return Outcome(
            "complete",
            run.history,
            best.epoch,
            test_values=test_values,
            val=val,
            test=test,
            examples=check.examples(given.examples, test_values, test),
            class_names=check.class_names(given.class_names),
            features=None if given.features is None else check.features(given.features, test),
            weights=check.weights(run.weights()),
            parameters=check.parameters(run.counted()),
        )

    def _close(self, training: Generator[Any, None, Any]) -> None:
        """End a training early: GeneratorExit is raised at its yield, so that its ``finally`` runs."""
        try:
            training.close()
        except RuntimeError as error:
            if "ignored GeneratorExit" not in str(error):
                raise
            raise BadResult(
                "told to stop, the training yielded again: an 'except' around its yield must let GeneratorExit pass"
            ) from None


def reason(error: BaseException, trainable: Trainable | None) -> str:
    """Say in one line why a training failed, with the innermost line of the trainable's file that it passed."""
    file = str(getattr(trainable and trainable.module, "__file__", ""))
    line = None
    if not isinstance(error, BadResult):
        with contextlib.suppress(Exception):
            line = line_in(error, file)
    return named(error) if line is None else f"{named(error)} ({Path(file).name}, line {line})"
