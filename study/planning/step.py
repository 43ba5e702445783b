"""A command that a study needs next: why, what it trains, and how long that takes as recorded runs took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.analysis.evidence import Evidence
from results.commands import next_command
from results.formatting import duration, plural
from results.meta import StudyMeta
from results.record import Record
from study.planning.auto import FULL_COST, TRIAL_COST
from study.planning.plan import AtOnce, seconds_each

REASON = 120  # characters of a failure


@dataclass(frozen=True)
class Step:
    """One command: its ``name``, its ``words`` beside --study, and what it is for, as 'measure the noise: ...'.

    ``trainings``: how many it takes, 0 for none; of a sweep they are trials. ``most``: whether that is an upper bound.
    ``seconds``: of all of them by the clock, as recorded ones took; None where none is recorded.
    """

    name: str
    words: tuple[str, ...]
    why: str
    trainings: int = 0
    seconds: float | None = None
    most: bool = False

    @property
    def cost(self) -> str:
        """Say what it costs: '5 trainings, about 2 h 55 min'; empty where it trains nothing."""
        if not self.trainings:
            return ""
        count = plural(self.trainings, "trial" if self.name == "sweep" else "training")
        time = "of unknown length" if self.seconds is None else f"about {duration(self.seconds)}"
        return f"{'at most ' * self.most}{count}, {time}"

    @property
    def sentence(self) -> str:
        """Say what it is for and what it costs."""
        return f"{self.why} ({self.cost})" if self.cost else self.why


def given_command(step: Step, study: Path | str, meta: StudyMeta) -> str:
    """Return the step as a complete command."""
    return next_command(step.name, study, meta, *step.words)


def alone(count: int, seconds: float | None) -> int:
    """Have trainings go one after another: an ``AtOnce``."""
    return 1


@dataclass(frozen=True)
class Clock:
    """How long trainings of a study take; ``at_once`` tells how many go side by side."""

    evidence: Evidence
    at_once: AtOnce

    def time(self, count: int, configs: Sequence[dict[str, Any]], share: float = 1.0) -> float | None:
        """Return the seconds by the clock of so many trainings of these configs, each cut to ``share``."""
        each = seconds_each(self.evidence, dict(enumerate(configs)))  # type: ignore[arg-type]
        if each is None:
            return None
        return share * each * math.ceil(count / min(self.at_once(count, share * each) or 1, max(count, 1)))

    def trials(self, left: int, scheduler: str) -> float | None:
        """Return the seconds of so many trials: as the study's took, else as the baseline's share by the scheduler."""
        evidence = self.evidence
        runs = [r.seconds for r in evidence.records if r.kind == "sweep" and r.seconds]
        if not runs:
            whole = scheduler == "none" or not evidence.has_epochs
            return self.time(left, [evidence.meta.baseline], FULL_COST if whole else TRIAL_COST)
        each = sum(runs) / len(runs)
        return each * math.ceil(left / min(self.at_once(left, each) or 1, max(left, 1)))


def commonest_error(records: Sequence[Record]) -> tuple[str, int]:
    """Return the reason that most of these runs give for having no score, and of how many it is."""
    lost = [(r.error or "").strip() or r.status for r in records if r.status in ("failed", "diverged")]
    found = Counter(reason.splitlines()[0][:REASON] for reason in lost)
    return next(iter(found.most_common(1)), ("no reason is recorded", 0))


def common_error(records: Sequence[Record]) -> str:
    """Return the same in a few words."""
    reason, count = commonest_error(records)
    return f"{reason}; {count} times" if count > 1 else reason
