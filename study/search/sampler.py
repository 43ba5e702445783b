"""Optuna as the one who proposes: its study is rebuilt from the records at every start and asked for configs.

Records are the truth; the Optuna study lives in memory. What a trial is to Optuna:
complete -> COMPLETE with the objective, pruned -> PRUNED with intermediate values, failed or diverged -> FAIL.
Optuna sees the metric's own values and its direction, as a reader of optuna.db does.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from results.errors import UserError, nearest
from results.metric import Goal, best_so_far
from results.record import Record
from search_spaces import Space

SAMPLERS = ("tpe", "random", "gp", "qmc")
STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "diverged": TrialState.FAIL,
}


def make_sampler(name: str, seed: int, known: int) -> optuna.samplers.BaseSampler:
    """Return a seeded sampler for a sweep that already has ``known`` trials.

    A sampler's random draws begin anew when it is made; ``known`` is mixed into its seed so that a resumed sweep
    does not propose its first trials again. Raises UserError for an unknown name.
    """
    if name not in SAMPLERS:
        raise UserError(f"unknown sampler '{name}'{nearest(name, SAMPLERS)}")
    own = int(np.random.SeedSequence([seed, known]).generate_state(1)[0] >> 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna calls several stable options experimental
        if name == "tpe":
            return optuna.samplers.TPESampler(seed=own, multivariate=True, group=True, constant_liar=True)
        if name == "gp":
            return optuna.samplers.GPSampler(seed=own, deterministic_objective=False)
        if name == "qmc":
            return optuna.samplers.QMCSampler(
                seed=own, scramble=True, warn_independent_sampling=False, warn_asynchronous_seeding=False
            )
        return optuna.samplers.RandomSampler(seed=own)


def as_trial(space: Space, record: Record) -> FrozenTrial | None:
    """Return what Optuna is to know of a record; None where the space does not hold its config."""
    way = space.way_to(record.config)
    if way is None:
        return None
    metric = record.metric.plain
    scores = best_so_far(record.history, metric)
    seen = {
        row.epoch: value
        for row, score in zip(record.history, scores, strict=True)
        if math.isfinite(score) and (value := metric.score(score)) is not None
    }
    state = STATES[record.status]
    value = metric.score(objective(record))
    if state == TrialState.COMPLETE and value is None:
        state = TrialState.FAIL
    if state == TrialState.PRUNED and seen:
        value = list(seen.values())[-1]
    return create_trial(
        state=state,
        value=value if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params=way.params,
        distributions=way.distributions,
        intermediate_values=seen,
        user_attrs={
            "run_id": record.run_id,
            "kind": record.kind,
            "seed": record.seed,
            "status": record.status,
            "epochs_trained": len(record.history),
        },
    )


def objective(record: Record) -> float | None:
    """Return what the sweep maximises: a complete run's score; else None."""
    value = record.score if record.status == "complete" else None
    return value if value is not None and math.isfinite(value) else None


def direction(goal: Goal) -> StudyDirection:
    """Return which way Optuna is to go."""
    return StudyDirection.MAXIMIZE if goal == "max" else StudyDirection.MINIMIZE


class Proposer:
    """Asks and tells an Optuna study.

    ``outside``: how many of ``known`` the space does not hold, which Optuna is therefore not told.
    """

    def __init__(self, space: Space, sampler: str, seed: int, known: Iterable[Record], goal: Goal = "max") -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        known = list(known)
        self._space = space
        self._seed = seed
        self._asked = len(known)
        self.study = optuna.create_study(direction=direction(goal), sampler=make_sampler(sampler, seed, len(known)))
        trials = [as_trial(space, record) for record in known]
        self.outside = trials.count(None)
        self.study.add_trials([trial for trial in trials if trial is not None])

    def ask(self) -> tuple[optuna.Trial, dict[str, Any]]:
        """Return a new Optuna trial and the whole config it stands for."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = self.study.ask()
            config = self._space.config(self._space.suggest(trial))
        self._asked += 1
        return trial, config

    def take(self, config: dict[str, Any]) -> optuna.Trial | None:
        """Return a new Optuna trial for a given config; None where the space does not hold it."""
        params = self._space.params_for(config)
        if params is None:
            return None
        self.study.enqueue_trial(params)
        return self.ask()[0]

    def tell(self, trial: optuna.Trial, record: Record) -> None:
        """Tell Optuna how the config of ``trial`` went."""
        told = as_trial(self._space, record)
        if told is None:
            self.forget(trial)
            return
        for epoch, score in told.intermediate_values.items():
            trial.report(score, epoch)
        for name, value in told.user_attrs.items():
            trial.set_user_attr(name, value)
        self.study.tell(trial, told.value if told.state == TrialState.COMPLETE else None, state=told.state)

    def forget(self, trial: optuna.Trial) -> None:
        """End a trial that taught nothing."""
        self.study.tell(trial, state=TrialState.FAIL)

    def look_elsewhere(self, finite: bool) -> None:
        """Change to a sampler that finds what is left, where the first one keeps proposing known configs."""
        new = np.random.SeedSequence([self._seed, self._asked, 1]).generate_state(1)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.study.sampler = (
                optuna.samplers.BruteForceSampler(seed=int(new))
                if finite
                else optuna.samplers.RandomSampler(seed=int(new))
            )
