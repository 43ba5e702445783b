"""Which knob matters: PED-ANOVA over the complete trials of a sweep, with how far it would move by chance.

Only complete trials count: a score cut short at another epoch says nothing about a config. Where epochs vary they are a
knob like any other. Importance is the share of what sets the better trials apart from all; it is descriptive, it sees
the trials that a sampler chose and a scheduler let through, and it names no direction.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = 20
"""Complete trials below which nothing is shown: a dozen trials rank knobs almost at random."""

TOP = 5
"""The better trials are the best tenth, but at least this many: two trials would be no group."""

RESAMPLES = 60


@dataclass(frozen=True)
class Importance:
    """A knob's share in 0..1 (all sum to 1), and its 10 % to 90 % range with a random fifth of trials left out."""

    field: str
    share: float
    low: float
    high: float


def importance(configs: Sequence[Mapping[str, Any]], scores: Sequence[float], seed: int = 0) -> list[Importance]:
    """Return each varying field's importance, largest first; nothing below LEAST trials or where no score differs.

    ``configs`` and ``scores`` are (trials,), a score being a validation accuracy in 0..1.
    """
    fields = varying(configs)
    if len(scores) < LEAST or not fields or len(set(scores)) < 2:
        return []
    distributions = {f: _distribution([c.get(f) for c in configs]) for f in fields}
    values = np.asarray(scores, dtype=float)
    whole = _shares(configs, values, distributions)
    if whole is None:
        return []
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        index = rng.permutation(len(values))[: round(0.8 * len(values))]
        again = _shares([configs[i] for i in index], values[index], distributions)
        if again is not None:
            drawn.append([again[f] for f in fields])
    spread = np.quantile(np.array(drawn), (0.1, 0.9), axis=0) if drawn else np.full((2, len(fields)), np.nan)
    found = [Importance(f, whole[f], float(spread[0, i]), float(spread[1, i])) for i, f in enumerate(fields)]
    return sorted(found, key=lambda i: (-i.share, i.field))


def varying(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields that take more than one value, in the order of the first config."""
    names = dict.fromkeys(f for c in configs for f in c)
    return [f for f in names if len({repr(c.get(f)) for c in configs}) > 1]


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all of ``values`` are finite numbers (bools are not)."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) and np.isfinite(v) for v in values)


def is_log(values: Sequence[float]) -> bool:
    """Whether positive ``values`` span so much that their logarithm is the natural scale."""
    return min(values) > 0 and max(values) / min(values) >= 20


def _distribution(values: Sequence[Any]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if is_numeric(values):
        return FloatDistribution(float(min(values)), float(max(values)), log=is_log(values))
    return CategoricalDistribution(sorted({_choice(v) for v in values}, key=repr))


def _choice(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _shares(
    configs: Sequence[Mapping[str, Any]], scores: np.ndarray, distributions: dict[str, Any]
) -> dict[str, float] | None:
    import optuna
    from optuna.distributions import FloatDistribution
    from optuna.importance import PedAnovaImportanceEvaluator

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="maximize")
            trials = []
            for config, score in zip(configs, scores, strict=True):
                params = {
                    f: float(config[f]) if isinstance(d, FloatDistribution) else _choice(config.get(f))
                    for f, d in distributions.items()
                }
                trials.append(optuna.trial.create_trial(params=params, distributions=distributions, value=float(score)))
            study.add_trials(trials)
            evaluator = PedAnovaImportanceEvaluator(target_quantile=max(0.1, TOP / len(trials)))
            found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError, ZeroDivisionError):
        return None  # all scores alike in a resample
    finally:
        optuna.logging.set_verbosity(before)
    total = sum(found.values())
    if not np.isfinite(total) or total <= 0:
        return None
    return {f: float(found.get(f, 0.0)) / total for f in distributions}
