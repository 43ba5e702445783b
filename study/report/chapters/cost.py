"""The chapter that asks: what did it cost."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from results.analysis.importance import is_log
from results.analysis.scores import frontier
from results.record import Record
from study.report import figures
from study.report.blocks import Figure, Section, Text
from study.report.cells import Column, Table
from study.report.text import clean, duration, joined, number, plural, strong, text
from study.report.view import View, trial_link

NAME, SHORT = "cost", "Cost"


def QUESTION(view: View) -> str:  # noqa: N802 - what other chapters have as a text
    """Ask for the price of what the study is about."""
    return f"What does {view.metric.label if view.metric.is_accuracy else 'a better score'} cost?"


def frontier_section(view: View) -> Section | None:
    """Training time against validation scores, with the runs that none beats in both, and what the sweep cost."""
    runs = [t.record for t in view.ranked if t.record.seconds]
    named = [trial_link(t) for t in view.ranked if t.record.seconds]
    run = view.reference
    if not runs:
        return Section("spent", "What the sweep cost", [Text([_spent(view)])]) if view.trials else None
    if run is not None and run.seconds and run.score is not None:
        runs, named = [*runs, run], [*named, Markup("baseline")]
    kept = frontier([r.seconds or 0.0 for r in runs], [r.score or 0.0 for r in runs])
    columns = [
        Column("Run", show=lambda i: named[i]),
        Column("Training time", show=lambda i: duration(runs[i].seconds), numeric=True),
        Column("Validation", show=lambda i: view.score(runs[i].score), numeric=True),
        Column(
            "Parameters",
            show=lambda i: number(runs[i].parameters),
            numeric=True,
            when=any(runs[i].parameters for i in kept),
        ),
        Column(
            "Test (not ranked)",
            show=lambda i: view.score(runs[i].test_score),
            numeric=True,
            when=bool(view.metric.test),
        ),
    ]
    table = Table.of("The frontier: no run is both faster and better on validation", kept, columns)
    return Section("frontier", f"Cost against {view.metric.label}", [_frontier(view, runs, kept, table)])


def _frontier(view: View, runs: list[Record], kept: list[int], table: Table) -> Figure:
    """The runs over time and score, the baseline's last."""
    costs = [r.seconds or 0.0 for r in runs]
    unit, scale = ("minutes", 60.0) if max(costs) > 600 else ("seconds", 1.0)
    limit = view.worst_drawn([r.score or 0.0 for r in runs])
    scores = [r.score or 0.0 if limit is None else max(r.score or 0.0, limit) for r in runs]
    values = [view.raw(score) or 0.0 for score in scores]
    path = [(costs[i] / scale, values[i]) for i in kept]
    base = [i for i, r in enumerate(runs) if r is view.reference]

    def of(own: list[int], role: str, **style: Any) -> figures.Dots:
        return figures.Dots([costs[i] / scale for i in own], [values[i] for i in own], role, **style)

    groups = [
        of([i for i in range(len(runs)) if i not in {*kept, *base}], "trial", size=4),
        of([i for i in kept if i not in base], "good", size=5.5),
        of(base, "base", label="baseline", ring=True, mark="D", size=5.5),
    ]
    what = view.metric.what("validation")
    alt = f"Training time against {what} of {len(runs)} runs; {len(kept)} lie on the frontier"
    plane = figures.Plane(f"training time, {unit}", view.metric.axis(what), log=is_log(costs), tick=view.metric.tick)
    devices = sorted({clean(r.device, 40) for r in runs if r.device})
    reading = text(
        "{} Line: the runs that no other beats in time and score. {}Times on {}{}.",
        _spent(view),
        view.least + view.beyond(limit),
        joined(devices) if devices else "an unrecorded device",
        ", of trials that may have run side by side" if view.meta.sweep else "",
    )
    title = f"Time against {view.metric.label}"
    return Figure("cost", title, figures.dots("cost", groups, plane, alt, path), alt, reading, table)


def _spent(view: View) -> Markup:
    """What the sweep cost, in time and, where there are any, in epochs and in runs of the baseline."""
    run = view.reference
    epochs = sum(len(t.record.history) for t in view.trials)
    full = run.config.get("epochs") if run else view.meta.baseline.get("epochs")
    worth = (
        text(", as much training as {} runs of the baseline", strong(f"{epochs / full:.1f}"))
        if isinstance(full, int) and full
        else ""
    )
    trained = text(" for {} epochs together{}", f"{epochs:,}", worth) if view.has_epochs else ""
    return text(
        "{} trained{}, {} in all.",
        plural(len(view.trials), "trial"),
        trained,
        duration(sum(t.record.seconds or 0 for t in view.trials)),
    )


SECTIONS = [frontier_section]
