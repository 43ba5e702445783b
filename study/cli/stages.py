"""The stages of ``auto``: what is done in order, each within what is left of the budget.

One session over all of them: one lock, one load of the data.
"""

from __future__ import annotations

import contextlib
import math
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from results.analysis.evidence import Evidence
from results.analysis.looks import Family
from results.analysis.verdicts import PairVerdict
from results.errors import UserError
from results.formatting import duration
from results.meta import AutoSplit
from study.cli import ablate, baseline, confirm, main, sweep
from study.cli.budget import Clock, costs_of, split_of
from study.cli.ending import end
from study.cli.planned import carry_out, keep_judged
from study.cli.session import Session
from study.planning import ablate as ablation
from study.planning.auto import (
    END,
    HERE,
    IMPORTS,
    LEAST_TRIALS,
    MOST_TRIALS,
    RAY,
    Costs,
    least,
    seeds_for,
    unknown,
)
from study.planning.confirm import candidates, verdict_lines
from study.planning.confirm import told as told_of_candidate
from study.planning.next_step import by_hand
from study.planning.noise import record_floor
from study.planning.plan import Proposal
from study.terminal.screen import say

NOTHING = 1  # exit code
PARTS = ["leave-one-out"]
FAMILIES: tuple[Family, ...] = ("confirm", "ablation")


@dataclass
class Stages:
    """What is done in order, each stage within what is left."""

    session: Session
    clock: Clock
    args: Namespace
    wanted: sweep.Search
    resumed: bool = False  # whether the stage under way was begun by an earlier start
    ray: float = RAY  # seconds that Ray takes to start and end: longer where the sweep's took longer

    def run(self) -> int:
        """Go on at the stage under way. Returns the exit code."""
        code, began = 0, self.clock.auto.stage
        for stage, title, work in (
            ("baseline", "1. Baseline: how large is luck?", self.baseline),
            ("sweep", "2. Sweep", self.sweep),
            ("confirm", "3. Confirmation of the best, on fresh seeds", self.confirm),
            ("ablation", "4. Ablation of what is better", self.ablation),
        ):
            if not code and self.clock.auto.stage == stage:
                self.resumed = stage == began
                say(f"\n{title}")
                code = work()
        return self.end(code)

    @property
    def last(self) -> float:
        """Seconds that the page and the last words take: more on a machine that is slow to start Ray."""
        return END * self.ray / RAY

    def limit(self, engine: float, most: float = math.inf) -> bool:
        """Have the next trainings end in time, after ``most`` seconds at the latest; return whether there is any.

        ``engine``: seconds that the executor takes beside them.
        """
        limit = min(self.clock.left - self.last - engine, most)
        self.session.options = replace(self.session.options, time_limit=max(limit, 0.1))
        return limit > 0

    def baseline(self) -> int:
        """Train the first seed for what it costs, then the others for the noise."""
        session, study = self.session, self.session.study
        first = self.wanted.options.seed
        if not Evidence.of(study).baselines:
            say(unknown(self.clock.auto.budget))
        self.limit(HERE)
        baseline.train_seeds(session, [first])
        costs = self.costs()
        if costs is None:
            why = "did not end within the budget" if self.clock.left < END + 2 * HERE else "came to no score"
            say(f"The baseline's first training {why}: nothing can be said.")
            return NOTHING
        done = len(Evidence.of(study).baselines)
        needed = least(costs, done) - IMPORTS
        if self.clock.left < needed:
            say(
                f"A training of the baseline takes {duration(costs.seconds)}: the budget of "
                f"{duration(self.clock.auto.budget)} does not pay for {LEAST_TRIALS} trials and three seeds of a "
                f"candidate. The least that would do is {duration(self.clock.used + needed)}; the same command with "
                "such a --budget goes on."
            )
            return NOTHING
        count = seeds_for(costs.trainings(self.clock.left))
        self.limit(self.ray)
        baseline.train_seeds(session, range(first + 1, first + count))
        baseline.show_seeds(session, range(first, first + count))
        costs = self.costs() or costs
        if not self.split(costs):
            say("What is left does not pay for a sweep and a confirmation.")
            return NOTHING
        return 0

    def split(self, costs: Costs) -> bool:
        """Split what is left by now, say how, and keep that; return whether it is enough. Trials there are stay."""
        evidence = Evidence.of(self.session.study)
        there = sum(r.kind == "sweep" for r in evidence.records)
        left = self.clock.left - self.last - HERE - self.ray
        made, lines = split_of(evidence, costs, left, self.args)
        if made is None:
            return False
        for line in lines:
            say(line)
        until = self.clock.used + self.ray + made.sweep * costs.each
        trials = min(there + made.trials, self.args.trials or MOST_TRIALS)
        kept = AutoSplit(trials=trials, top=made.top, sweep=until, kept=made.kept * costs.each)
        self.clock.enter("sweep", kept)
        return True

    def costs(self) -> Costs | None:
        """Return what the baseline's runs took so far."""
        return costs_of(self.session, Evidence.of(self.session.study), self.wanted.options.scheduler)

    def sweep(self) -> int:
        """Search until its share of time or its trials are over; begun before, its share is of what is left now."""
        if self.resumed and (costs := self.costs()) is not None:
            self.split(costs)  # else an interruption would be taken from the sweep alone
        how = self.clock.auto.split
        trials = how.trials if how else LEAST_TRIALS
        if self.args.trials is not None:
            trials = min(trials, self.args.trials)
        share = math.inf if how is None else how.sweep - self.clock.used - self.ray
        if self.limit(self.ray, share):
            options, began = replace(self.wanted.options, trials=trials), time.monotonic()
            wanted = replace(self.wanted, options=options)
            summary = sweep.search(self.session, wanted, limited="Its share of the budget is used.")
            if summary.engine is not None:
                self.ray = max(self.ray, time.monotonic() - began - summary.engine.seconds)
        self.clock.enter("confirm")
        return 0

    def confirm(self) -> int:
        """Judge the best by a plan."""
        session, study = self.session, self.session.study
        evidence = Evidence.of(study)
        plans = evidence.plans("confirm")
        if not plans and not candidates(evidence, 1):
            say("No trial came to its end with a score: there is nothing to confirm.")
            self.clock.enter("sweep")  # where a further start goes on
            return NOTHING
        if not self.limit(HERE):
            say("The budget is used up before all is confirmed.")
            return 0
        with self._said("The confirmation is left out"):
            made = self._plan(evidence)
            if made is not None:
                self.limit(self._engine(made))
                carry_out(session, made, "confirm", {}, told_of_candidate)
                record_floor(study)
            else:
                keep_judged(session, "confirm")
        evidence = Evidence.of(study)
        if evidence.plans("confirm") and evidence.open_plan("confirm") is None:
            self.clock.enter("ablation")
        return 0

    def _plan(self, evidence: Evidence) -> Proposal | None:
        """Go on with the plan under way, or make one of as many candidates as can be paid for. Raises UserError."""
        how, plans = self.clock.auto.split, evidence.plans("confirm")
        under_way = evidence.open_plan("confirm") is not None or (plans and self.resumed)  # else of an earlier start
        if how is None or under_way:
            return confirm.plan(self.session, self._options("confirm", []))
        seconds = max(1.0, self.clock.left - self.last - self.ray - how.kept)
        words = ["--budget", f"{seconds:.0f}s", *self._margin(), *(["--further"] if plans else [])]
        for top in range(how.top, 1, -1):  # longer trainings than the baseline's may be too much for all
            with contextlib.suppress(UserError):
                return confirm.plan(self.session, self._options("confirm", ["--top", str(top), *words]))
        return confirm.plan(self.session, self._options("confirm", ["--top", "1", *words]))

    def _margin(self) -> list[str]:
        return [] if self.args.margin is None or self.args.script else ["--margin", str(self.args.margin)]

    def _engine(self, made: Proposal) -> float:
        """Return what the executor of a plan's trainings takes beside them."""
        choice, _ = self.session.choose_for(made.most, None if made.seconds is None else made.most * made.seconds)
        return HERE if choice.engine == "here" else self.ray

    def ablation(self) -> int:
        """Take the best of what is better apart, one change at a time, at its own epochs."""
        study = self.session.study
        evidence = Evidence.of(study)
        best = _best(evidence.verdicts("confirm"))
        if best is None:
            say(
                "The ablation is left out: no candidate is better than the baseline, so there is no gain to take apart."
            )
        elif self.limit(HERE):
            with self._said("The ablation is left out"):
                self._ablate(evidence, best)
        if best is None or Evidence.of(study).open_plan("ablation") is None and self.clock.left > END:
            self.clock.enter("done")
        return 0

    def _ablate(self, evidence: Evidence, best: PairVerdict) -> None:
        words: list[str] = []
        if not evidence.plans("ablation"):
            run = evidence.chosen_run(best.pair)
            seconds = max(1.0, self.clock.left - self.last - self.ray)
            words = ["--parts", PARTS[0], "--budget", f"{seconds:.0f}s", *self._margin()]
            words += ["--from", run.run_id] if run is not None else []
        session = replace(self.session, sets={})  # those of the trials are in the winner's config
        ready = ablate.prepare(session, self._options("ablate", words), PARTS, [])
        if ready.proposal is not None:
            self.limit(self._engine(ready.proposal))
            session.options = self.session.options
            carry_out(session, ready.proposal, "ablation", ablation.about(ready.plan.pairs), ablate.told)
        else:
            keep_judged(session, "ablation")

    @contextlib.contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """Say in a line why a stage cannot be: what was found before stays."""
        try:
            yield
        except UserError as error:
            say(f"{what}: {error}.")

    def _options(self, command: str, words: Sequence[str]) -> Namespace:
        """Return what the words mean to a command of its own."""
        explain = ["--explain"] if self.args.explain else []
        study = ["--study", str(self.args.study)]
        return main.parser_for(command).parse_args([command, *study, *explain, *words])

    def end(self, code: int) -> int:
        """Say what was found, where the page is, and what was used."""
        session, evidence = self.session, Evidence.of(self.session.study)
        say("\nResult")
        for line in verdict_lines(evidence):
            say(line)
        ablate.show(session)
        used = f"{duration(self.clock.used)} of {duration(self.clock.auto.budget)} used"
        under_way = next((f for f in FAMILIES if evidence.open_plan(f)), None)
        if under_way:
            used += f"; the {'confirmation' if under_way == 'confirm' else under_way} is still under way"
            used += ", and a larger --budget goes on with it too"
        say(f"{used}.")
        end(session, by_hand(Evidence.of(session.study), session.at_once))
        return code


def _best(verdicts: Sequence[PairVerdict]) -> PairVerdict | None:
    """Return which of the better candidates gains most."""
    better = [j for j in verdicts if j.verdict.label == "better"]
    return max(better, key=lambda j: j.verdict.estimate, default=None)
