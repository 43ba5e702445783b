"""Which of the two executors runs a command's trainings, and why: decided from counts and recorded times alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from results.errors import UserError, nearest
from results.formatting import duration
from study.engine.resources import Options

ENGINES = ("auto", "here", "ray")
RAY_START = 9.0  # seconds that Ray takes longer to its first step than a child process (measured: benchmarks.overhead)


@dataclass(frozen=True)
class Choice:
    """What was chosen. ``fallback``: where Ray cannot start, ``here`` does it."""

    engine: Literal["here", "ray"]
    why: str
    fallback: bool = False

    def __str__(self) -> str:
        return f"engine {self.engine} ({self.why})" if self.why else f"engine {self.engine}"


def asked(options: Options) -> Choice | None:
    """Return what the options say; None where they leave it open. Raises UserError."""
    if options.engine not in ENGINES:
        raise UserError(f"--engine: unknown engine '{options.engine}'{nearest(options.engine, ENGINES)}")
    if options.engine == "here":
        if options.address:
            raise UserError(
                f"--engine here trains on this machine, not on the cluster at --address '{options.address}'"
            )
        return Choice("here", "--engine here")
    if options.address or options.engine == "ray":
        return Choice("ray", "--address" if options.address else "--engine ray")
    return None


def for_sweep(options: Options) -> Choice:
    """A sweep is Ray Tune, unless it is asked to be otherwise or Ray cannot start. Raises UserError."""
    return asked(options) or Choice("ray", "", fallback=True)


def for_jobs(options: Options, jobs: int, at_once: int, seconds: float | None) -> Choice:
    """Choose for a list of trainings known beforehand.

    Args:
        options: what the user asked for.
        jobs: how many trainings.
        at_once: how many Ray would run side by side.
        seconds: estimate of their training time in all; None where nothing recorded tells.

    Raises:
        UserError: the options contradict each other.
    """
    if (given := asked(options)) is not None:
        return given
    if jobs <= 1:
        return Choice("here", "a single training")
    if at_once <= 1:
        return Choice("here", "there is room for one at a time")
    if seconds is None:
        return Choice("ray", f"{jobs} trainings of unknown length", fallback=True)
    saved = seconds - seconds / jobs * math.ceil(jobs / at_once)
    if saved <= RAY_START:
        return Choice("here", f"{at_once} at a time would save {duration(saved)}, less than the start of Ray takes")
    return Choice("ray", f"{at_once} at a time save about {duration(saved)}", fallback=True)
