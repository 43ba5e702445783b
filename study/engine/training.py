"""One training with the door of results before it: what both ways of running a job call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from results.errors import BadResult, line_in, named
from results.outcome import Epoch, Outcome, State
from study.jobs import Model, epochs_of
from study.protocol import OnEpoch, fit
from study.recording.numbers import plain_arrays
from study.recording.outcomes import Checker


def train(
    model: Model, config: Mapping[str, Any], seed: int, on_epoch: OnEpoch, earlier: tuple[int, State] | None
) -> Outcome:
    """Train and return a checked outcome; ``on_epoch`` hears of checked epochs, and its snapshots are plain arrays.

    Args:
        earlier: the epoch to go on after, and the state then.

    Raises:
        BadResult: what was handed over breaks a rule, also where the trainable swallowed that in ``on_epoch``.
        BaseException: whatever the trainable raises.
    """
    after, state = earlier or (0, None)
    checker = Checker(epochs_of(config), model.data, after)

    asked = False  # to stop

    def checked(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
        nonlocal asked
        row = checker.epoch(epoch)
        asked |= bool(on_epoch(row, lambda: plain_arrays(snapshot(), "state")) or checker.diverged)
        return asked

    settings = model.trainable.Config(**config)
    try:
        outcome = fit(model.trainable, settings, seed, model.data, checked, state, model.runtime)
    except Exception as error:
        if checker.broken is not None and error is not checker.broken:
            raise checker.broken from error
        raise
    found = checker.outcome(outcome)
    if found.status == "stopped" and not asked:
        raise BadResult("status is 'stopped', but on_epoch never returned True: what ends by itself is 'complete'")
    return found


def reason(error: BaseException, trainable: ModuleType | None) -> str:
    """Say in one line why a training failed, with the innermost line of the trainable's file that it passed."""
    file = str(getattr(trainable, "__file__", ""))
    line = None if isinstance(error, BadResult) else line_in(error, file)
    return named(error) if line is None else f"{named(error)} ({Path(file).name}, line {line})"
