"""A training for comparison: run again, left early, gone on with from its state as a file gives it back."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from results.outcome import Epoch, Outcome, Runtime, State
from study.jobs import Model
from study.protocol import Trainable
from study.training.loop import train


@dataclass
class Rehearsal:
    """Trains with the door of results before it, in a process whose global generators are anywhere."""

    trainable: Trainable
    config: dict[str, Any]
    data: Any
    runtime: Runtime
    states: list[State | None] = field(default_factory=list)
    generator: bool = True  # whether it yields; a plain function is asked nothing in between
    variables: dict[int, dict[str, Any]] = field(default_factory=dict)  # the training's own, as each epoch began

    def run(
        self, seed: int, earlier: tuple[int, State] | None = None, leave_after: int = 0, **settings: Any
    ) -> Outcome:
        """Train; ``leave_after`` ends it there as a scheduler does. ``states`` are then those after each epoch."""
        random.seed(noise := random.SystemRandom().randrange(2**32))
        np.random.seed(noise)
        self.states, self.variables = [], {}

        def watch(number: int, variables: Mapping[str, Any]) -> None:
            self.variables[number] = {k: copy.deepcopy(v) for k, v in variables.items() if _is_plain(v)}

        def on_epoch(epoch: Epoch, copy_state: Callable[[], State] | None, last: bool) -> bool:
            self.states.append(None if copy_state is None else copy_state())
            self.generator = self.generator and not (last and epoch.epoch == 1)
            if epoch.epoch == leave_after:
                raise SystemExit
            return False

        model = Model(self.trainable, self.trainable.name, self.data, self.runtime)
        return train(model, self.config | settings, seed, on_epoch, earlier, watch)

    def interrupted(self, seed: int, after: int) -> State | None:
        """Train until ``after`` and return the state as a file gives it back, read-only; None where there is none."""
        with contextlib.suppress(SystemExit):
            self.run(seed, leave_after=after)
        state = self.states[-1]
        if state is None:
            return None
        read: State = load(save({name: np.asarray(array, order="C") for name, array in state.items()}))
        for array in read.values():
            array.flags.writeable = False
        return read


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str) or (
        isinstance(value, list | tuple)
        and len(value) < 1000
        and all(isinstance(v, bool | int | float | str) for v in value)
    )
