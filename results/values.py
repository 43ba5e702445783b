"""The named values of a run beside its metric: which of them are shown, in which order, and how each is written."""

from __future__ import annotations

from collections.abc import Iterable

from results.formatting import loss, number, percent
from results.metric import Metric
from results.names import is_loss, is_training, label_of, split_name

MOST = 6
"""Values of one split that are shown; a training may report a thousand."""


def value_text(metric: Metric, name: str, value: float | None) -> str:
    """Write a value: the metric and its likes as the metric is, an accuracy in percent, a loss in four decimals."""
    if name in (metric.name, metric.test) or label_of(name) == metric.label:
        return metric.text(metric.score(value))
    if metric.is_fraction(name):
        return percent(value)
    return loss(value) if is_loss(name) else number(value)


def value_name(metric: Metric, name: str) -> str:
    """Name a value for a reader: 'validation loss', 'training loss', 'test accuracy'; else by its own name."""
    if name == metric.name:
        return metric.what("validation")
    if name == metric.test:
        return metric.what("test")
    split = split_name(name)[0]
    return f"{split} {label_of(name)}" if split else label_of(name)


def chosen_by(metric: Metric) -> str | None:
    """Say what selects the epoch that speaks for a run: 'lowest validation loss'; None where it is the last one."""
    name, rule = metric.selects
    return None if rule == "last" else f"{'lowest' if rule == 'min' else 'highest'} {value_name(metric, name)}"


def validation_values(metric: Metric, names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that are shown of validation: the metric, what selects the epoch, and losses."""
    known = list(dict.fromkeys(names))
    losses = [n for n in known if is_loss(n) and not is_training(n) and split_name(n)[0] != "test"]
    wanted = dict.fromkeys([metric.name, metric.selects[0], *losses])
    return [n for n in wanted if n in known or n == metric.name][:MOST]


def values_of_test(metric: Metric, names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that are shown of the test set: the metric's, and losses; none without a test value."""
    if metric.test is None:
        return []
    losses = [n for n in dict.fromkeys(names) if is_loss(n) and not is_training(n)]
    return list(dict.fromkeys([metric.test, *losses]))[:MOST]


def curves(metric: Metric, names: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return label -> (training's name, validation's) of what is drawn over epochs: the metric, then losses.

    Either name is None where there is no such value.
    """
    known = list(dict.fromkeys(names))
    training = {label_of(n): n for n in reversed(known) if is_training(n)}
    shown = {label_of(n): n for n in reversed(validation_values(metric, known))}
    labels = [metric.label, *(label_of(n) for n in validation_values(metric, known) if is_loss(n))]
    labels += [label_of(n) for n in known if is_training(n) and is_loss(n)]
    return {label: (training.get(label), shown.get(label)) for label in dict.fromkeys(labels)}
