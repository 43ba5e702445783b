"""The slots' time: what runs in them, what they spent on training, and how long the rest will take."""

from __future__ import annotations

from dataclasses import dataclass

from results.outcome import Epoch
from study.jobs import Job


@dataclass
class Run:
    """A job at work."""

    job: Job
    history: list[Epoch]
    resumed_at: list[int]
    asked: float  # monotonic, when the slot was given to it
    started: str | None = None
    startup: float | None = None
    worked: float = 0.0
    actor_id: str = ""
    last_report: float = 0.0  # monotonic, when it last said anything
    held_up: float = 0.0  # seconds since then in which the driver was held up
    kill_reason: str | None = None

    def whole(self) -> float | None:
        """Seconds that the job will take in its slot if it goes on as so far; None before its first epoch."""
        done = self.history[-1].epoch - (self.resumed_at[-1] if self.resumed_at else 0) if self.history else 0
        if done <= 0 or not self.job.epochs:
            return None
        begin = self.startup or 0.0
        left = done + self.job.epochs - self.history[-1].epoch
        return begin + (self.last_report - self.asked - begin) * left / done


@dataclass
class Spent:
    """For the statistics: one ended stay of a job in a slot."""

    asked: float
    ended: float
    worked: float
    fresh: bool  # the slot's first, which waited for a process to start


def mean(values: list[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None
