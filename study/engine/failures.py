"""How often a job may lose its worker and the scheduler may give up, and why a worker died, in words."""

from __future__ import annotations

import re
from collections import defaultdict

DEATHS = 3  # a job whose worker was killed this many times has failed
RESTARTS = 3  # of the scheduler, one after another without a record or an epoch between them


class Deaths:
    """Which jobs lost their workers, and why each time."""

    def __init__(self) -> None:
        self._reasons: defaultdict[str, list[str]] = defaultdict(list)

    def count(self, run_id: str, error: str | None) -> tuple[int, str | None]:
        """Note one more; return how many that makes, and why the job has failed, once it has."""
        reasons = self._reasons[run_id]
        reasons.append(reason_of(error))
        if len(reasons) < (2 if _out_of_memory(error) else DEATHS):
            return len(reasons), None
        alike = len(set(reasons)) == 1
        return len(reasons), reasons[-1] + (f" ({len(reasons)} times)" if alike else f"; before that: {reasons[0]}")


class Restarts:
    """Whether starting the scheduler again still leads anywhere: it counts progress, not how often it gave up."""

    def __init__(self) -> None:
        self._furthest: dict[str, int] = {}  # epoch, by run
        self._idle = 0

    def progress(self, run_id: str, epoch: int | None = None) -> None:
        """Note a record, or an epoch: one that its run had reached before is none."""
        if epoch is None or epoch > self._furthest.get(run_id, 0):
            self._idle = 0
        if epoch is not None:
            self._furthest[run_id] = max(epoch, self._furthest.get(run_id, 0))

    def again(self) -> bool:
        """Note that the scheduler gave up; return whether it may be started once more."""
        self._idle += 1
        return self._idle <= RESTARTS


def reason_of(error: str | None) -> str:
    """Say in words why a worker died, from what Tune says of it."""
    if error is None:
        return "its worker ended without a result"
    if _out_of_memory(error):
        return "its worker ran out of memory"
    return "its worker was killed, as systems do when memory runs out"


def _out_of_memory(error: str | None) -> bool:
    return bool(error and re.search(r"OutOfMemoryError|running low on memory", error))
