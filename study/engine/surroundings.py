"""What an executor is given to start with, and what a driver is given to leave in it what it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from results.outcome import Runtime
from results.store import Study
from study.engine.resources import Options
from study.engine.states import States
from study.recording.records import Context
from study.recording.writer import Writer
from study.terminal.live import LiveView
from study.terminal.log import Log


@dataclass(frozen=True)
class Start:
    """What an executor is to make ready for."""

    options: Options  # what the user asked for
    jobs: int | None  # how many trainings there are; None if that cannot be known
    runtime: Runtime  # where they compute
    environment: Callable[[int], Mapping[str, str]]  # variables of the worker processes, by threads of each
    modules: list[str]  # package folders that a cluster's nodes get a copy of
    view: LiveView  # is told where the start takes long


@dataclass(frozen=True)
class Surroundings:
    """Where a driver leaves what it learns."""

    study: Study
    context: Context  # what every record says of this command
    writer: Writer
    states: States
    view: LiveView
    log: Log
    folder: Path | None  # where workers print to; None on a cluster
    kill: Callable[[str], None]  # ends the process of a trial's worker
