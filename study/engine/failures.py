"""How often a job may lose its worker and the scheduler may give up, and why a worker died, in words."""

from __future__ import annotations

import re
import signal
from collections import defaultdict
from dataclasses import dataclass

DEATHS = 3  # a job whose worker was killed this many times has failed
NODES = 20  # and one whose node was lost this many times: that is never its own doing
RESTARTS = 3  # of the scheduler, one after another without a record or an epoch between them


@dataclass(frozen=True)
class Death:
    """Why a worker died, in words, and how many of these end its job."""

    reason: str
    most: int = DEATHS
    node: bool = False  # lost with it
    told: str = ""  # what the scheduler said of it, for the log

    @classmethod
    def by_exit(cls, code: int | None) -> Death:
        """Of a process of our own that ended with this code; None where it lives and its connection is closed."""
        if code is None:
            return cls("its worker closed its connection to the driver, as code that closes descriptors does")
        if code >= 0:
            return cls(f"its worker ended itself with code {code}, as os._exit does")
        if code == -signal.SIGKILL:
            return cls("its worker was killed (SIGKILL), as systems do when memory runs out")
        known = code in {-s for s in signal.Signals}
        return cls(f"its worker was ended by {signal.Signals(-code).name if known else f'signal {-code}'}")

    @classmethod
    def by_ray(cls, error: str | None, node_lost: bool = False) -> Death:
        """Of one of Ray's, from what Tune says of it, and whether its node answers no more."""
        if error is None:
            return cls("its worker ended without a result")
        if re.search(r"OutOfMemoryError|running low on memory", error):
            return cls("its worker ran out of memory", 2, told=error)
        died = r"NodeDiedError|node (has )?died|node failure|node .{0,80}(is dead|was terminated)"
        if node_lost or re.search(died, error, re.I):
            return cls("its node was lost", NODES, node=True, told=f"its node was lost\n{error}")
        return cls("its worker was killed, as systems do when memory runs out", told=error)


class Deaths:
    """Which jobs lost their workers, and why each time."""

    def __init__(self) -> None:
        self._reasons: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)

    def count(self, run_id: str, death: Death) -> tuple[int, str | None]:
        """Note one more; return how many that makes, and why the job has failed, once it has."""
        reasons = self._reasons[run_id, death.node]
        reasons.append(death.reason)
        if len(reasons) < death.most:
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
