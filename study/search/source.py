"""A sweep as a source of jobs: which config next, when to prune, when it is over. Knows Optuna, not Ray."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from results.analysis.scores import prefixes_compare
from results.config import config_hash
from results.meta import StudyMeta
from results.outcome import Epoch
from results.reading import Reading
from results.record import Record
from results.selection import best_so_far
from search_spaces import Space
from study.jobs import Job, epochs_of, next_attempt
from study.recording.checkpoints import Interrupted
from study.search.options import SweepOptions
from study.search.own import OwnSampler
from study.search.pruner import Halvings
from study.search.sampler import Proposer, objective

KNOWN_IN_A_ROW = 50  # proposals all answered before the sampler is changed, and as many again before giving up


@dataclass(frozen=True)
class Best:
    """The best of a sweep so far."""

    record: Record
    epochs: int
    value: float


class SweepSource:
    """Proposes configs until the study holds ``trials`` records of the sweep.

    The baseline comes first unless the study has it. A config that has a record with this seed is answered from it
    and not counted. A job that was interrupted is handed out again before anything new.
    """

    def __init__(
        self,
        *,
        space: Space,
        study: StudyMeta,
        reading: Reading,
        interrupted: Sequence[Interrupted],
        options: SweepOptions,
        halvings: Halvings | None,
        about: dict[str, Any],
    ) -> None:
        self._space, self._baseline, self._seed = space, study.baseline, options.seed
        self._metric, self._prefix = study.metric.plain, study.prefix
        self._halvings, self._about = halvings, about
        self._lengths: set[int] = set()  # of complete trainings whose config says nothing of epochs
        self.total: int | None = options.trials
        self.prunes = halvings is not None
        records = reading.records
        self._names = reading.names
        own = [r for r in records if r.kind == "sweep"]
        self.earlier = Counter(r.status for r in own)
        self._count = len(own)
        self._numbers = {r.trial for r in own}  # taken by a trial
        self._lowest = 0  # all numbers below are
        same_seed = [r for r in records if r.seed == self._seed]
        self._answers = {r.config_hash: r for r in sorted(same_seed, key=lambda r: r.status == "complete")}
        learnt = [r for r in same_seed if r.kind in ("sweep", "baseline")]
        self._proposer = Proposer(space, options.sampler, self._seed, learnt, self._metric.goal)
        self.outside = self._proposer.outside
        self._own = isinstance(options.sampler, OwnSampler)  # which is never changed for another
        self.sampler_ended = False  # it has nothing more, though the space may have
        self._inside = {r.config_hash for r in same_seed if r.config in space}
        self._trials: dict[str, optuna.Trial | None] = {}  # of running jobs, by run_id
        self._flying: set[str] = set()  # config hashes of running jobs
        self._baseline_hash = study.baseline_hash
        self._wants_baseline = not any(self._is_baseline(r) for r in same_seed)
        self._baseline_history: list[float] = []
        self._baseline_ended = False
        self._best: Best | None = None
        self.exhausted_space = False
        self._interrupted = deque(
            sorted((c.job for c in interrupted if self._mine(c.job)), key=lambda job: job.trial or 0)
        )
        self._numbers |= {job.trial for job in self._interrupted}
        for record in learnt:
            self._remember(record)
        self.exhausted_space = self._all_known() and not self._interrupted and not self._wants_baseline
        for c in interrupted:
            if halvings is not None and self._mine(c.job):
                halvings.of(c.job.epochs).known(c.job.config_hash, best_so_far(c.history, self._metric))

    # -- Source ----------------------------------------------------------------------------------------------------

    def next(self) -> Job | None:
        """Return a job that was interrupted, the baseline, or a new proposal."""
        if self._full():
            return None
        if self._interrupted:
            job = self._interrupted.popleft()
            return self._fly(job, self._proposer.take(job.config))
        if self._wants_baseline and self._baseline_hash not in self._flying:
            return self._fly(self._job(self._baseline), self._proposer.take(self._baseline))
        return self._propose()

    def exhausted(self) -> bool:
        """Whether the asked number is reached or the space has nothing new."""
        return self._full() or (self.exhausted_space and not self._interrupted)

    def epoch(self, job: Job, history: list[Epoch]) -> bool:
        """Prune by successive halving; never the baseline, never at a job's own last epoch."""
        scores = best_so_far(history, self._metric)
        name = job.config_hash
        is_baseline = name == self._baseline_hash
        if is_baseline:
            self._baseline_history = scores
        if self._halvings is None:
            return False
        epoch = history[-1].epoch
        last = epoch in self._lengths if job.epochs is None else epoch == job.epochs
        return self._halvings.of(job.epochs).stops(name, epoch, scores[-1], last=last, protected=is_baseline)

    def done(self, job: Job, record: Record) -> None:
        """Learn how a job ended."""
        self._flying.discard(record.config_hash)
        self._count += 1
        trial = self._trials.pop(job.run_id, None)
        if trial is not None:
            self._proposer.tell(trial, record)
        self._wants_baseline &= not self._is_baseline(record)
        self._names.add(record.run_id)
        self._answers[record.config_hash] = record
        self._remember(record)

    # -- proposing -------------------------------------------------------------------------------------------------

    def _full(self) -> bool:
        return self._count + len(self._flying) >= (self.total or 0)

    def _propose(self) -> Job | None:
        for tries in itertools.count():
            # resumed, a sampler of a file may propose all that is known before anything new
            most = KNOWN_IN_A_ROW + (len(self._answers) if self._own else KNOWN_IN_A_ROW)
            self.sampler_ended = self._own and (self._proposer.stopped or tries >= most)
            if self.exhausted_space or self._all_known() or self.sampler_ended or tries >= most:
                self.exhausted_space = True
                return None
            if tries == KNOWN_IN_A_ROW and not self._own:
                self._proposer.look_elsewhere(self._space.size is not None)
            trial, config = self._proposer.ask()
            name = config_hash(config)
            if name in self._answers:
                self._proposer.tell(trial, self._answers[name])
            elif name in self._flying:
                self._proposer.forget(trial)
            else:
                return self._fly(self._job(config), trial)
        return None

    def _all_known(self) -> bool:
        return self._space.size is not None and len(self._inside) >= self._space.size

    def _is_baseline(self, record: Record) -> bool:
        """Whether it spares the sweep, whose seed it has, a training of the baseline."""
        counts = record.kind == "sweep" or record.status == "complete"
        return counts and record.config_hash == self._baseline_hash

    def _job(self, config: dict[str, Any]) -> Job:
        attempt = next_attempt(self._names, config, self._seed)
        while self._lowest in self._numbers:
            self._lowest += 1
        rungs = self._halvings.of(epochs_of(config)).rungs if self._halvings else []
        about = {**self._about, "rungs": rungs}
        return Job("sweep", config, self._seed, trial=self._lowest, sweep=about, attempt=attempt)

    def _fly(self, job: Job, trial: optuna.Trial | None) -> Job:
        name = job.config_hash
        self._numbers.add(job.trial)
        self._flying.add(name)
        if trial is not None:
            self._inside.add(name)
        self._trials[job.run_id] = trial
        return job

    def _mine(self, job: Job) -> bool:
        return job.kind == "sweep" and job.seed == self._seed and job.config_hash not in self._answers

    # -- what was seen ---------------------------------------------------------------------------------------------

    def _remember(self, record: Record) -> None:
        scores, epochs = best_so_far(record.history, self._metric), epochs_of(record.config)
        if self._halvings is not None:
            self._halvings.of(epochs).known(record.config_hash, scores)
        if record.status == "complete" and epochs is None:
            self._lengths.add(len(record.history))
        if record.config_hash == self._baseline_hash and record.status == "complete":
            self._baseline_history, self._baseline_ended = scores, True
        value = objective(record)
        if value is None or record.config_hash == self._baseline_hash:
            return
        if self._best is None or value > self._best.value:
            self._best = Best(record, len(record.history), value)

    def best_line(self) -> str:
        """Say the best so far beside the baseline after as many epochs, where the two compare so."""
        if self._best is None:
            return ""
        best, known, write = self._best, self._baseline_history, self._metric.text
        number = [] if best.record.trial is None else [f"trial {best.record.trial}"]
        single = best.epochs == 1 and len(known) <= 1  # a training without epochs
        about = number if single else [*number, f"{best.epochs} epochs"]
        text = f"best so far {write(best.value)} validation" + (f" ({', '.join(about)})" if about else "")
        if not known:
            return text
        compare = prefixes_compare(best.record.config, self._baseline, self._prefix)
        epochs = min(best.epochs, len(known)) if compare else len(known)
        if single:
            after = ""
        elif epochs == best.epochs:
            after = f" after {epochs} epochs"
        else:
            after = f" after its {epochs} epochs" + (" so far" if compare or not self._baseline_ended else "")
        return f"{text}; baseline {write(known[epochs - 1])}{after}; one run each: luck is not ruled out"
