"""Which hyperparameter matters: PED-ANOVA over trials of a sweep that compare, with how far it would move by chance.

Scores compare where all trials had their whole training, or where all are taken within the same few epochs; a scheduler
that stops most trials early leaves enough of them only in the second way. Where a shorter training is no prefix of a
longer one, only trials of equally many configured epochs compare so. As configured, epochs are a hyperparameter
like any other; within equal epochs they cannot matter and are none. Importance is the share of what sets the better
trials apart from all; it is descriptive, it sees the trials that a sampler chose, and it names no direction.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.analysis.scores import score_within
from results.record import Record

LEAST = 20
"""Trials below which nothing is shown: a dozen trials rank hyperparameters almost at random."""

TOP = 5
"""The better trials are the best fifth, but at least this many: two trials would be no group."""

FEW = 6
"""Numbers of so few values count as names: on a continuous scale four batch sizes would outweigh any learning rate."""

RESAMPLES, LEAST_RESAMPLES, RESAMPLED = 60, 10, 20_000
"""Times that a fifth of the trials is left out: as many as look at ``RESAMPLED`` trials in all. Of thousands the range
is narrow, and ten show it.
"""


@dataclass(frozen=True)
class Importance:
    """A hyperparameter's share in 0..1 (all sum to 1), and its 10 % to 90 % range without a random fifth of trials."""

    field: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Alike:
    """Trials with scores that compare: as configured where ``epochs`` is None, else all within that many epochs."""

    epochs: int | None
    records: list[Record]
    scores: list[float]

    @property
    def configs(self) -> list[dict[str, Any]]:
        """The trials' configs, without ``epochs`` where all had equally many."""
        return [{f: v for f, v in r.config.items() if self.epochs is None or f != "epochs"} for r in self.records]


def as_configured(trials: Sequence[Record]) -> Alike:
    """Return the complete trials with their validation scores."""
    own = [r for r in trials if r.status == "complete" and r.score is not None]
    return Alike(None, own, [r.score for r in own if r.score is not None])


def within_equal_epochs(trials: Sequence[Record], prefix: bool) -> Alike | None:
    """Return the trials within the most epochs that LEAST of them have had; None where fewer have any.

    Pruned trials count; failed and diverged ones have no score. Unless a shorter training is a ``prefix`` of a longer
    one, they are of one length: of the lengths with enough trials that with the most.
    """
    scored = [r for r in trials if r.status in ("complete", "pruned") and r.history]
    if not prefix:
        lengths = Counter(r.config.get("epochs") for r in scored)
        most = max(lengths, key=lambda n: lengths[n], default=None)
        scored = [r for r in scored if r.config.get("epochs") == most]
    if len(scored) < LEAST:
        return None
    epochs = sorted((len(r.history) for r in scored), reverse=True)[LEAST - 1]
    pairs = [(r, score_within(r, epochs)) for r in scored if len(r.history) >= epochs]
    whole = [(r, s) for r, s in pairs if s is not None]
    return Alike(epochs, [r for r, _ in whole], [s for _, s in whole]) if len(whole) >= LEAST else None


def comparable(trials: Sequence[Record], prefix: bool) -> Alike | None:
    """Return the trials that importance is to be taken from: complete ones if there are LEAST, else at equal epochs."""
    full = as_configured(trials)
    return full if len(full.records) >= LEAST else within_equal_epochs(trials, prefix)


def importance(configs: Sequence[Mapping[str, Any]], scores: Sequence[float], seed: int = 0) -> list[Importance]:
    """Return each varying field's importance, largest first; nothing below LEAST trials or where no score differs.

    ``configs`` and ``scores`` are (trials,), scores turned so that more is better.
    """
    made, fields = _made(configs, scores)
    whole = _shares(made, fields)
    if whole is None:
        return []
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(max(LEAST_RESAMPLES, min(RESAMPLES, RESAMPLED // len(made)))):
        index = rng.permutation(len(made))[: round(0.8 * len(made))]
        again = _shares([made[i] for i in index], fields)
        if again is not None:
            drawn.append([again[f] for f in fields])
    quantiles = np.quantile(np.array(drawn), (0.1, 0.9), axis=0) if drawn else np.full((2, len(fields)), np.nan)
    found = [Importance(f, whole[f], float(quantiles[0, i]), float(quantiles[1, i])) for i, f in enumerate(fields)]
    return sorted(found, key=lambda i: (-i.share, i.field))


def shares(configs: Sequence[Mapping[str, Any]], scores: Sequence[float]) -> dict[str, float]:
    """Return each varying field's share alone, as importance does: its ranges take ten to sixty times as long."""
    return _shares(*_made(configs, scores)) or {}


def varying(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields that take more than one value, in the order of the first config."""
    names = dict.fromkeys(f for c in configs for f in c)
    return [f for f in names if len({repr(c.get(f)) for c in configs}) > 1]


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all of ``values`` are numbers (bools are not)."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def is_log(values: Sequence[float]) -> bool:
    """Whether positive ``values`` span so much that their logarithm is the natural scale."""
    return min(values) > 0 and max(values) / min(values) >= 20


def _distribution(values: Sequence[Any]) -> Any:
    import optuna  # noqa: PLC0415 - reading a study needs no Optuna, only importance does

    if is_numeric(values) and len({float(v) for v in values}) > FEW:
        return optuna.distributions.FloatDistribution(float(min(values)), float(max(values)), log=is_log(values))
    return optuna.distributions.CategoricalDistribution(sorted({_choice(v) for v in values}, key=repr))


def _choice(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _made(configs: Sequence[Mapping[str, Any]], scores: Sequence[float]) -> tuple[list[Any], list[str]]:
    """The trials as Optuna's, made once for all resamples, and the varying fields; none where nothing is to say."""
    import optuna  # noqa: PLC0415 - reading a study needs no Optuna, only importance does

    fields = varying(configs)
    if len(scores) < LEAST or not fields or len(set(scores)) < 2:
        return [], fields
    distributions = {f: _distribution([c.get(f) for c in configs]) for f in fields}
    numbers = {f for f, d in distributions.items() if isinstance(d, optuna.distributions.FloatDistribution)}
    made = []
    for i, (config, score) in enumerate(zip(configs, scores, strict=True)):
        params = {f: float(config[f]) if f in numbers else _choice(config.get(f)) for f in fields}
        trial = optuna.trial.create_trial(params=params, distributions=distributions, value=float(score))
        trial.number = trial._trial_id = i
        made.append(trial)
    return made, fields


def _shares(trials: Sequence[Any], fields: Sequence[str]) -> dict[str, float] | None:
    """Each field's share of importance in some trials; None where there are none, or they say nothing."""
    if not trials:
        return None
    import optuna  # noqa: PLC0415 - reading a study needs no Optuna, only importance does

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="maximize")
            # add_trials would copy each deeply, sixty times over: half a minute with 500 trials
            study.get_trials = lambda deepcopy=True, states=None: list(trials)  # type: ignore[method-assign]
            evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=max(0.2, TOP / len(trials)))
            found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError, ZeroDivisionError):
        return None  # all scores alike in a resample
    finally:
        optuna.logging.set_verbosity(before)
    total = sum(found.values())
    if not np.isfinite(total) or total <= 0:
        return None
    return {f: float(found.get(f, 0.0)) / total for f in fields}
