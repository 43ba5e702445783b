"""The chapter that asks: what did it cost."""

from __future__ import annotations

from results.analysis.scores import frontier
from study.report import figures
from study.report.blocks import Cell, Column, Figure, Row, Section, Table, Text
from study.report.text import clean, duration, joined, number, percent, plural, strong, text
from study.report.view import View, trial_link

NAME, QUESTION, SHORT = "cost", "What does accuracy cost?", "Cost"


def frontier_section(view: View) -> Section | None:
    """Training time against validation accuracy, with the runs that none beats in both."""
    trials = [t for t in view.ranked if t.record.seconds]
    run = view.reference
    if not trials:
        return None
    names = [(trial_link(t), t.label, t.record) for t in trials]
    if run is not None and run.seconds and run.val_accuracy is not None:
        names.append((text("baseline"), "baseline", run))
    costs = [r.seconds or 0.0 for _, _, r in names]
    scores = [r.val_accuracy or 0.0 for _, _, r in names]
    kept = frontier(costs, scores)
    on = set(kept)
    from results.analysis.importance import is_log

    log = is_log(costs)
    unit, scale = ("minutes", 60.0) if max(costs) > 600 else ("seconds", 1.0)
    groups = [
        figures.Dots(
            [costs[i] / scale for i in range(len(trials)) if i not in on],
            [scores[i] for i in range(len(trials)) if i not in on],
            "trial",
            size=4,
        ),
        figures.Dots(
            [costs[i] / scale for i in kept if i < len(trials)],
            [scores[i] for i in kept if i < len(trials)],
            "good",
            size=5.5,
        ),
    ]
    if len(names) > len(trials):
        groups.append(
            figures.Dots([costs[-1] / scale], [scores[-1]], "base", "baseline", ring=True, mark="D", size=5.5)
        )
    path = [(costs[i] / scale, scores[i]) for i in kept]
    alt = f"Training time against validation accuracy of {len(names)} runs; {len(kept)} lie on the frontier"
    svg = figures.dots(
        "cost",
        groups,
        f"training time, {unit}",
        "validation accuracy",
        alt,
        path=path,
        log=log,
        percent=True,
        height=220,
    )
    rows = [
        Row(
            [
                Cell(names[i][0]),
                Cell(duration(costs[i])),
                Cell(percent(scores[i])),
                Cell(number(names[i][2].parameters)),
                Cell(percent(names[i][2].test_accuracy)),
            ]
        )
        for i in kept
    ]
    columns = [
        Column("Run"),
        Column("Training time", numeric=True),
        Column("Validation", numeric=True),
        Column("Parameters", numeric=True),
        Column("Test (not ranked)", numeric=True),
    ]
    table = Table("The frontier: no run is both faster and better on validation", columns, rows)
    devices = sorted({clean(r.device, 40) for _, _, r in names if r.device})
    reading = text(
        "The line joins the runs that no other beats in both. Times were taken on {}{}.",
        joined(devices) if devices else "an unrecorded device",
        ", with several trials side by side where there were cores" if view.meta.sweep else "",
    )
    return Section(
        "frontier", "Cost against accuracy", [Figure("cost", "Time against accuracy", svg, alt, reading), table]
    )


def spent(view: View) -> Section | None:
    """What the sweep cost, in epochs and in runs of the baseline."""
    run = view.reference
    if not view.trials:
        return None
    epochs = sum(len(t.record.history) for t in view.trials)
    seconds = sum(t.record.seconds or 0 for t in view.trials)
    full = run.config.get("epochs") if run else view.meta.baseline.get("epochs")
    worth = (
        text(", as much training as {} runs of the baseline", strong(f"{epochs / full:.1f}"))
        if isinstance(full, int) and full
        else ""
    )
    said = text(
        "{} trained for {} epochs together{}; the training time of all adds up to {}.",
        plural(len(view.trials), "trial"),
        f"{epochs:,}",
        worth,
        duration(seconds),
    )
    return Section("spent", "What the sweep cost", [Text([said])])


SECTIONS = [spent, frontier_section]
