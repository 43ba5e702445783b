"""What the engine runs: jobs, and where they come from. Imports neither Ray nor Optuna."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from results.config import config_hash, run_id
from results.outcome import Epoch, Runtime
from results.record import Kind, Record

if TYPE_CHECKING:
    from study.protocol import Trainable


@dataclass(frozen=True)
class Model:
    """What all jobs of one command train, and on what."""

    trainable: Trainable
    name: str  # as load_trainable takes it, so that workers can load it too
    data: Any  # what the trainable loaded; None where it loads nothing
    runtime: Runtime


@dataclass(frozen=True)
class Job:
    """One training to be done: a whole config and a seed, and what its record is to say about why."""

    kind: Kind
    config: dict[str, Any]  # every field of the trainable's Config, plain JSON values
    seed: int
    trial: int | None = None  # number within a sweep, from 0
    sweep: dict[str, Any] | None = None
    ablation: dict[str, Any] | None = None
    attempt: int = 1  # 2 where the study holds an unfinished (pruned, failed) record of the same config and seed

    @cached_property
    def config_hash(self) -> str:
        """Name of the config, as its record's."""
        return config_hash(self.config)

    @property
    def run_id(self) -> str:
        """Name of the run: what it is, not when it ran."""
        return run_id(self.config, self.seed, self.attempt)

    @property
    def epochs(self) -> int | None:
        """How many epochs it is to train, where the config says so."""
        return epochs_of(self.config)

    def as_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads: kept beside a checkpoint so that an interrupted job can go on."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Job:
        """Undo :meth:`as_json`. Raises TypeError or KeyError for anything else."""
        return cls(**value)


def epochs_of(config: Mapping[str, Any]) -> int | None:
    """Return how many epochs a config trains; None where it does not say."""
    value = config.get("epochs")
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


class Source(Protocol):
    """Where jobs come from and who hears how they went. The engine calls it from one thread only."""

    total: int | None  # how many records it is after, counting those it began with; None if it cannot know
    prunes: bool  # whether epoch() may stop a job

    def next(self) -> Job | None:
        """Return the next job, or None for now. A job that was interrupted comes first."""

    def exhausted(self) -> bool:
        """Whether no further job will ever come, whatever becomes of the running ones."""

    def epoch(self, job: Job, history: list[Epoch]) -> bool:
        """Hear of a running job's epochs so far; True stops the job as pruned."""

    def done(self, job: Job, record: Record) -> None:
        """Hear how a job ended."""


class FixedJobs:
    """A list of jobs known beforehand, none of which is ever pruned."""

    prunes = False

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._waiting = deque(jobs)
        self.total: int | None = len(self._waiting)
        self.records: list[Record] = []

    def next(self) -> Job | None:
        """Return the next job of the list."""
        return self._waiting.popleft() if self._waiting else None

    def exhausted(self) -> bool:
        """Whether the list has been handed out."""
        return not self._waiting

    def epoch(self, job: Job, history: list[Epoch]) -> bool:
        """Never stop."""
        return False

    def done(self, job: Job, record: Record) -> None:
        """Keep the record, in the order of finishing."""
        self.records.append(record)


def next_attempt(names: Collection[str], config: Mapping[str, Any], seed: int) -> int:
    """Return the number of the next try at this config and seed, none of whose run ids may be in ``names``."""
    return next(n for n in itertools.count(1) if run_id(dict(config), seed, n) not in names)


def completed(records: Iterable[Record]) -> dict[tuple[str, int], Record]:
    """Index the complete records by (config_hash, seed): what no command trains again."""
    return {(r.config_hash, r.seed): r for r in records if r.status == "complete"}
