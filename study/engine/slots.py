"""The slots: what runs in them, what they spent on training, and how long the rest will take."""

from __future__ import annotations

import time
from dataclasses import dataclass

from results.outcome import Epoch
from study.jobs import Job
from study.recording.records import Trace
from study.terminal.live import Running, job_name


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
    worker: str = ""  # name of its process, as the scheduler calls it
    last_report: float = 0.0  # monotonic, when it last said anything
    held_up: float = 0.0  # seconds since then in which the driver was held up
    kill_reason: str | None = None
    left_state: bool = False  # something of it may lie in the mailbox

    @property
    def name(self) -> str:
        """Of the job, for people."""
        return job_name(self.job.kind, self.job.trial, self.job.seed, self.job.run_id)

    def trace(self) -> Trace:
        """What its record says of how it went."""
        return Trace(list(self.history), list(self.resumed_at), self.started, self.startup)

    def whole(self) -> float | None:
        """Seconds that the job will take in its slot if it goes on as so far; None before its first epoch."""
        done = self.history[-1].epoch - (self.resumed_at[-1] if self.resumed_at else 0) if self.history else 0
        if done <= 0 or not self.job.epochs:
            return None
        begin = self.startup or 0.0
        left = done + self.job.epochs - self.history[-1].epoch
        return begin + (self.last_report - self.asked - begin) * left / done

    def silent(self, now: float) -> float:
        """Seconds in which it could have reported and did not."""
        return now - (self.last_report or self.asked) - self.held_up


@dataclass
class _Spent:
    """One ended stay of a job in a slot."""

    asked: float
    ended: float
    worked: float
    fresh: bool  # the slot's first, which waited for a process to start


class Slots:
    """So many places for trainings, by trial id. ``count`` may change while they run."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.running: dict[str, Run] = {}
        self._spent: list[_Spent] = []
        self._seconds = 0.0  # sum over them

    def full(self, more: int = 0) -> bool:
        """Whether no further training may begin now, with ``more`` about to."""
        return len(self.running) + more >= self.count

    def leave(self, trial_id: str) -> None:
        """Note that a job's stay is over, however it ended."""
        run, now = self.running.pop(trial_id), time.monotonic()
        self._spent.append(_Spent(run.asked, now, run.worked, fresh=len(self._spent) < self.count))
        self._seconds += now - run.asked

    def held_up(self, seconds: float) -> None:
        """Note that nothing could be reported for so long."""
        for run in self.running.values():
            run.held_up += seconds

    def shown(self) -> list[Running]:
        """What the screen is to know of the running jobs."""
        return [
            Running(run.name, run.job.epochs, run.history[-1] if run.history else None) for run in self.running.values()
        ]

    def remaining(self, left: int, prunes: bool) -> float | None:
        """Estimate the seconds until ``left`` jobs have ended, those that run among them; None before any can tell.

        ``prunes``: jobs may be stopped early, so what runs foretells nothing.
        """
        now = time.monotonic()
        known = [(run.asked, whole) for run in self.running.values() if (whole := run.whole()) is not None]
        if prunes:
            known = []
        if self._spent:
            mean = self._seconds / len(self._spent)
        elif known:
            mean = sum(whole for _, whole in known) / len(known)
        else:
            return None
        under_way = sum(min(now - run.asked, mean) for run in self.running.values())
        longest = max((asked + whole - now for asked, whole in known), default=0.0)
        return max(0.0, longest, (left * mean - under_way) / max(1, self.count))

    def overhead(self) -> float | None:
        """Mean seconds that a stay in a slot took beside training; each slot's first is left out."""
        beside = [s.ended - s.asked - s.worked for s in self._spent if not s.fresh]
        return sum(beside) / len(beside) if beside else None

    def busy(self) -> float | None:
        """Share of slot time spent training between the moment all slots had started and the last start of a job."""
        slots = min(self.count, len(self._spent))
        first = sorted(self._spent, key=lambda s: s.asked)[:slots]
        begin = max((s.ended - s.worked for s in first), default=0.0)
        end = max((s.asked for s in self._spent), default=0.0)
        if end <= begin or not slots:
            return None
        inside = 0.0
        for s in self._spent:
            work_begin = s.ended - s.worked
            inside += max(0.0, min(s.ended, end) - max(work_begin, begin))
        return min(1.0, inside / (slots * (end - begin)))
