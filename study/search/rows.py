"""Many finished trials into Optuna's own tables at once.

``study.add_trials`` takes a transaction and some forty statements for each, and counts all trials before it: 10 ms of
CPU a trial (of two hyperparameters and one epoch, among 2,000). Its storage bound to one outer transaction takes 7,
inserts of many rows at a time 0.05.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages._rdb import models  # the tables of the Optuna that is installed: public ways write one trial each
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, func, insert, select


def last_trial(connection: Connection, study_id: int) -> int | None:
    """Return the id of the study's last trial; None where it has none."""
    trials = models.TrialModel
    found: int | None = connection.scalar(select(func.max(trials.trial_id)).where(trials.study_id == study_id))
    return found


def run_ids(connection: Connection, study_id: int) -> list[str | None]:
    """Return of each trial, in order, the run that it is; None where it does not say."""
    trials, attributes = models.TrialModel, models.TrialUserAttributeModel
    run = (attributes.trial_id == trials.trial_id) & (attributes.key == "run_id")
    found = select(attributes.value_json).select_from(trials).outerjoin(attributes, run)
    rows = connection.scalars(found.where(trials.study_id == study_id).order_by(trials.trial_id))
    return [None if text is None else json.loads(text) for text in rows]


def add(connection: Connection, study_id: int, number: int, trials: Sequence[FrozenTrial]) -> None:
    """Insert trials, the first of which gets ``number``."""
    tables = (
        models.TrialModel,
        models.TrialValueModel,
        models.TrialParamModel,
        models.TrialUserAttributeModel,
        models.TrialIntermediateValueModel,
    )
    found: tuple[list[dict[str, Any]], ...] = tuple([] for _ in tables)
    rows, values, params, attributes, intermediate = found
    last = connection.scalar(select(func.max(models.TrialModel.trial_id))) or 0  # of any study that is in the file
    for trial_id, trial in enumerate(trials, start=last + 1):
        times = {"datetime_start": _utc(trial.datetime_start), "datetime_complete": _utc(trial.datetime_complete)}
        row: dict[str, Any] = {"trial_id": trial_id, "number": number + trial_id - last - 1, "study_id": study_id}
        rows.append(row | times | {"state": trial.state})
        if trial.value is not None:
            value, kind = models.TrialValueModel.value_to_stored_repr(trial.value)
            values.append({"trial_id": trial_id, "objective": 0, "value": value, "value_type": kind})
        for name, given in trial.params.items():
            distribution = trial.distributions[name]
            row = {"trial_id": trial_id, "param_name": name, "param_value": distribution.to_internal_repr(given)}
            params.append(row | {"distribution_json": distribution_to_json(distribution)})
        for key, attribute in trial.user_attrs.items():
            attributes.append({"trial_id": trial_id, "key": key, "value_json": json.dumps(attribute)})
        for step, given in trial.intermediate_values.items():
            stored, finite = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr(given)
            row = {"trial_id": trial_id, "step": step, "intermediate_value": stored}
            intermediate.append(row | {"intermediate_value_type": finite})
    for table, new in zip(tables, found, strict=True):
        if new:
            connection.execute(insert(table), new)


def _utc(time: datetime | None) -> datetime | None:
    """Return local time without a zone, as Optuna hands it out, as Optuna's tables hold it."""
    return time and time.astimezone(UTC).replace(tzinfo=None)
