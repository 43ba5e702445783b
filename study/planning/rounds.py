"""A plan's runs as a source of jobs: round by round, as many side by side as there are slots, until all is decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from results.analysis.looks import Pair
from results.analysis.plans import Judged, Plan, judge
from results.outcome import Epoch
from results.record import Kind, Record
from study.jobs import Job

Tell = Callable[[Judged], list[str]]  # what is new, in words


class Rounds:
    """The jobs that a plan still needs, in the order of its seeds.

    A free slot takes the next run of the first round that lacks one, so later rounds begin before earlier ones are
    judged; what runs when its candidate stops is recorded and not counted. ``tell`` puts decisions into words.
    """

    prunes = False

    def __init__(
        self,
        plan: Plan,
        make: Callable[[str, int], Job],
        runs: Mapping[tuple[str, int], Record],
        failed: Collection[tuple[str, int]],
        tell: Callable[[Pair, Judged], str],
    ) -> None:
        self._make, self._tell = make, tell
        self._runs, self._failed = dict(runs), set(failed)
        self._handed: set[tuple[str, int]] = set()
        self._news: list[str] = []
        self._epochs: dict[str, int] = {}
        self.judged = judge(plan, self._runs, self._failed)
        self.total: int | None = None  # it may be over at any round

    @property
    def _lacking(self) -> tuple[str, int] | None:
        open_pairs = self.judged.open
        for seed in self.judged.plan.seeds[self.judged.rounds :] if open_pairs else ():
            for name in dict.fromkeys(h for p in open_pairs for h in reversed(p.key)):  # the reference first
                run = (name, seed)
                if run not in self._runs and run not in self._failed and run not in self._handed:
                    return run
        return None

    def next(self) -> Job | None:
        """Return the next job."""
        run = self._lacking
        if run is None:
            return None
        self._handed.add(run)
        return self._make(*run)

    def exhausted(self) -> bool:
        """Whether nothing more is to be handed out: all is decided, or every round has been."""
        return self._lacking is None

    def epoch(self, job: Job, history: list[Epoch]) -> bool:
        """Never stop a training."""
        return False

    def done(self, job: Job, record: Record) -> None:
        """Judge the rounds that are whole now."""
        run = (job.config_hash, job.seed)
        if record.status == "complete" and record.final is not None:
            self._runs.setdefault(run, record)
        else:
            self._failed.add(run)
        before = self.judged
        self.judged = judge(before.plan, self._runs, self._failed)
        self._news += [self._tell(p, self.judged) for p in before.open if p not in self.judged.open]

    def news(self) -> list[str]:
        """Return what has been decided since it was last asked, a line each."""
        found, self._news = self._news, []
        return found

    def best_line(self) -> str:
        """Say where the plan is, for the screen."""
        plan = self.judged.plan
        going = f"{len(self.judged.open)} of {len(plan.pairs)} still open" if len(plan.pairs) > 1 else "open"
        return f"round {self.judged.rounds} of at most {len(plan.seeds)}: {going}"


def job_maker(
    kind: Kind, configs: Mapping[str, dict[str, Any]], about: Mapping[str, Any], attempt: Callable[[Job], Job]
) -> Callable[[str, int], Job]:
    """Return what makes the job of a config (by hash) and a seed; ``about`` maps hashes to Record.ablation."""

    def make(name: str, seed: int) -> Job:
        return attempt(Job(kind, configs[name], seed, ablation=about.get(name)))

    return make
