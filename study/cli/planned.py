"""Carrying out a plan: what ``confirm`` and ``ablate`` share once it is made."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from results.analysis.chain import keep, place, problem, put
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Pair
from results.analysis.plans import Judged, Plan, judge
from results.outcome import Outcome
from results.record import Kind, Record
from results.store import Study
from study.cli.session import Session
from study.jobs import Job, next_attempt
from study.planning.plan import Proposal
from study.planning.rounds import Rounds, job_maker
from study.planning.words import explained, four_lines
from study.terminal.screen import say


def say_plan(made: Proposal, evidence: Evidence, names: Sequence[str], explain: bool) -> None:
    """Print notes, the four lines and, where asked for, the rest."""
    for line in [*made.notes, *four_lines(made, evidence, names)]:
        say(line)
    if explain:
        for line in explained(made, evidence):
            say(line)


def carry_out(
    session: Session,
    made: Proposal,
    kind: Kind,
    about: Mapping[str, Any],
    told: Callable[[Evidence, Pair, Judged], str],
) -> int:
    """Write the plan into study.json, train until all is decided, and keep each judged round. Returns the exit code."""
    study, evidence = session.study, Evidence.of(session.study)
    if made.new:
        give_up(session, evidence, made)
        study.meta.plans.append(made.plan.as_dict())
    keep(study.meta, made.judged)
    study.save_meta()  # before the first fresh run
    names = study.read().names

    def attempt(job: Job) -> Job:
        return replace(job, attempt=next_attempt(names, job.config, job.seed))

    choice, _ = session.choose_for(made.most, None if made.seconds is None else made.seconds * made.most)
    source = Rounds(
        made.plan,
        job_maker(kind, made.configs, about, attempt),
        evidence.runs,
        evidence.failures,
        functools.partial(told, evidence),
    )
    code = 0
    if not source.exhausted():
        code = session.train_source(source, [Keeper(study, made.plan, evidence)], choice, made.most)
    keep_judged(session, made.plan.family)
    return code


class Keeper:
    """Called in the writer's thread with each record that is on the disk: keeps the rounds that are whole by then.

    Not what the source has judged: that may be ahead of the disk, and a digest whose records a kill then lost would
    look like a score that was taken away.
    """

    def __init__(self, study: Study, plan: Plan, evidence: Evidence) -> None:
        self._study, self._plan = study, plan
        self._runs, self._failed = dict(evidence.runs), set(evidence.failures)
        self._rounds = judge(plan, self._runs, self._failed).rounds

    def __call__(self, record: Record, outcome: Outcome) -> None:
        """Take a record."""
        if record.status == "complete" and record.final is not None:
            self._runs.setdefault((record.config_hash, record.seed), record)
        else:
            self._failed.add((record.config_hash, record.seed))
        judged = judge(self._plan, self._runs, self._failed)
        if judged.rounds > self._rounds:
            self._rounds = judged.rounds
            keep(self._study.meta, judged)
            self._study.save_meta()


def keep_judged(session: Session, family: Family) -> None:
    """Keep in study.json how far a family's last plan has come by the records on the disk.

    Also where nothing of it is left to train: a kill may have come between its last record and study.json. A plan that
    was changed stays as it is.
    """
    evidence, meta = Evidence.of(session.study), session.study.meta
    for judged in evidence.judged(family)[-1:]:
        if not problem(meta, place(meta, judged.plan), judged):
            keep(meta, judged)
            session.study.save_meta()


def give_up(session: Session, evidence: Evidence, made: Proposal) -> None:
    """Mark the family's plan that a further one takes the place of."""
    before = evidence.open_plan(made.plan.family)
    if before is not None:
        put(session.study.meta, before.plan, given_up=True)
