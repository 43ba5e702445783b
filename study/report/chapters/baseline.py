"""The chapter that asks: how good is the baseline, and how far does it vary by itself."""

from __future__ import annotations

import re
from typing import Literal

from markupsafe import Markup

from results.record import Record
from results.values import chosen_by, validation_values, value_name, values_of_test
from results.values import curves as drawn_values
from study.report import figures
from study.report.blocks import Block, Command, Facts, Figure, Grid, Section, Text
from study.report.cells import Column, Table
from study.report.parts.errors import confusion_matrix, recall
from study.report.parts.images import augmented, features, mistakes
from study.report.parts.reproduce import reproduce
from study.report.text import capital, code, duration, joined, plural, strong, text, value
from study.report.view import View

NAME, QUESTION, SHORT = "baseline", "How good is the baseline?", "The baseline"


def scores(view: View) -> Section | None:
    """Every baseline run with its validation and test figures."""
    if not view.baselines:
        return None
    metric = view.metric
    of_validation = validation_values(metric, (name for r in view.baselines for name in r.val))
    of_test = values_of_test(metric, (name for r in view.baselines for name in r.test))
    columns = [
        Column("Seed", lambda r: str(r.seed), numeric=True),
        *(_measured(view, "val", name) for name in of_validation),
        Column("Best epoch", lambda r: f"{r.best_epoch} of {len(r.history)}", numeric=True, when=view.has_epochs),
        *(_measured(view, "test", name) for name in of_test),
        Column("Training time", lambda r: duration(r.seconds), numeric=True),
    ]
    at = ", each at its best epoch" if view.has_epochs else ""
    caption = text("The baseline's runs ({}){}", plural(len(view.baselines), "seed"), at)
    blocks: list[Block] = [
        Text([_scored(view, view.baselines[0])]),
        Table.of(caption, view.baselines, columns, name="baseline-runs"),
        Command(reproduce(view, view.baselines[0]), "To reproduce the baseline"),
    ]
    return Section("baseline-scores", "Validation and test" if metric.test else "Validation", blocks)


def _measured(view: View, split: Literal["val", "test"], name: str) -> Column:
    """A column of one named value of the runs."""
    label = capital(value_name(view.metric, name))
    return Column(label, lambda run: view.measured(name, getattr(run, split).get(name)), numeric=True)


def _scored(view: View, first: Record) -> Markup:
    """Say how a run comes to its score, and the first one's."""
    seed = f" with seed {first.seed}" if len(view.baselines) > 1 else ""
    if view.metric.test is None:
        at = f" at {view.best_epoch}" if view.has_epochs else ""
        said = text(
            "The score of a run is its {}{}: {}{}.", view.metric.what(), at, strong(view.score(first.score)), seed
        )
        return said + text(" There is no test value: verdicts compare it on fresh seeds.")
    n = first.test_examples.n if first.test_examples else view.meta.dataset.test_examples
    who = f"The weights of {view.best_epoch} are kept and" if view.has_epochs and first.parameters else "Each run is"
    on = f" on {n:,} test {view.members}" if n else ""
    return text("{} evaluated once on the test set: {}{}{}.", who, strong(view.score(first.test_score)), on, seed)


def curves(view: View) -> Section | None:
    """The metric and losses by epoch, of training and validation."""
    run = view.reference
    if run is None or not run.history or not view.has_epochs:
        return None
    names = [name for row in run.history for name in row.values]
    drawn = [_curve(view, run, label, *pair) for label, pair in list(drawn_values(view.metric, names).items())[:4]]
    blocks: list[Block] = [Grid(drawn)]
    if said := _overfitting(view, run):
        blocks.append(Text([said]))
    return Section("learning-curves", "Learning curves", blocks)


def _curve(view: View, run: Record, label: str, training: str | None, validation: str | None) -> Figure:
    """One kind of value by epoch, of training, validation or both."""
    title = f"{capital(label)} by epoch"
    both = [(training, "muted", "training"), (validation, "trial", "validation")]
    given = [(name, role, split) for name, role, split in both if name is not None]
    drawn = []
    for name, role, split in given:
        pairs = [(float(row.epoch), v) for row in run.history if (v := row.values.get(name)) is not None]
        mark = float(run.best_epoch) if split == "validation" and run.best_epoch else None
        drawn.append(figures.Line([x for x, _ in pairs], [y for _, y in pairs], role, split, mark=mark))
    columns = [
        Column("Epoch", lambda h: str(h.epoch), numeric=True),
        *(_by_epoch(view, name, split) for name, _, split in given),
    ]
    ends = ", ".join(
        f"{line.label} {view.measured(name, line.y[-1])}"
        for line, (name, *_) in zip(drawn, given, strict=True)
        if line.y
    )
    alt = f"{title}, seed {run.seed}. After epoch {len(run.history)}: {ends}"
    own = validation == view.metric.name
    slug = "curve-" + (re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "metric")
    kept = "whose weights were kept" if run.parameters else "that speaks for the run"
    marked = f"The dot marks the epoch {kept}: the {chosen_by(view.metric) or 'last'}. "
    marked = marked if validation is not None and run.best_epoch else ""
    return Figure(
        slug,
        title,
        figures.lines(
            slug,
            drawn,
            "epoch",
            view.metric.axis(label) if own else label,
            alt,
            tick=view.metric.tick if own else None,
        ),
        alt,
        f"{marked}{view.least if own else ''}".strip(),
        Table.of(f"{title}, seed {run.seed}", run.history, columns, compact=True),
    )


def _by_epoch(view: View, name: str, split: str) -> Column:
    """A column of one named value of the epochs."""
    return Column(capital(split), lambda h: view.measured(name, h.values.get(name)), numeric=True)


def _overfitting(view: View, run: Record) -> Markup | None:
    """Lay training and validation beside each other at the best epoch and at the last; None where there is no such."""
    label = view.metric.label
    training, validation = drawn_values(view.metric, [n for row in run.history for n in row.values]).get(
        label, (None, None)
    )
    best = next((h for h in run.history if h.epoch == run.best_epoch), None)
    last = run.history[-1]
    if training is None or validation is None:
        return None
    if best is None or best.values.get(training) is None or best.values.get(validation) is None:
        return text("No epoch of this run has both a training and a validation score.")
    said = text(
        "At the best epoch, {}, training {} is {} and validation {} {}",
        code(best.epoch),
        label,
        view.measured(training, best.values[training]),
        label,
        view.measured(validation, best.values[validation]),
    )
    if last.epoch == best.epoch:
        name, rule = view.metric.selects
        if rule == "last":
            return said + Markup(".")
        still = text(
            ", and the {} was still {}", value_name(view.metric, name), "falling" if rule == "min" else "rising"
        )
        return said + still + Markup(" when training ended.")
    parts = [
        text("training {} {}", label, view.measured(training, last.values.get(training))),
        text("validation {}", view.measured(validation, last.values.get(validation))),
    ]
    return said + text("; in the last, {}, {}.", code(last.epoch), joined(parts))


def settings(view: View) -> Section | None:
    """The baseline's config, field by field."""
    items = [(code(field, 60), code(value(v))) for field, v in view.meta.baseline.items()]
    return Section("baseline-config", "The baseline's settings", [Facts(items)]) if items else None


FOLDED = True
SECTIONS = [scores, curves, settings, confusion_matrix, recall, augmented, mistakes, features]
