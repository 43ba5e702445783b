"""What a driver is given to leave in it what it learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from results.store import Study
from study.engine.states import States
from study.recording.records import Context
from study.recording.writer import Writer
from study.terminal.live import LiveView
from study.terminal.log import Log


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
