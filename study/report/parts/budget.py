"""Whether it was a bigger budget: every trial by epoch, and what a longer search would find."""

from __future__ import annotations

from results.analysis.scores import curve, expected_best
from results.record import Record
from study.report import figures
from study.report.blocks import Block, Cell, Column, Figure, Grid, Note, Row, Section, Table, Text
from study.report.text import capital, plural, strong, text
from study.report.view import View, trial_link


def equal(view: View) -> Section | None:
    """All trials against the baseline at equal epochs, pruned ones at the epoch at which they were stopped."""
    shown = [t for t in view.trials if t.compared.at_equal is not None and t.record.history]
    if not view.has_epochs or not any(t.record.history for t in view.trials):
        return None
    said = []
    best = view.best
    if best is not None and best.compared.as_configured is not None and best.compared.baseline is not None:
        mine, its = len(best.record.history), len(best.compared.baseline.history)
        if mine == its:
            said.append(
                text("The best trial, {}, trained for the baseline's own {} epochs: no.", trial_link(best), its)
            )
        elif best.compared.at_equal is not None:
            said.append(
                text(
                    "The best trial, {}, trained for {} epochs, the baseline for {}. As configured the "
                    "difference is {}, within "
                    "the same {} epochs {}.",
                    trial_link(best),
                    mine,
                    its,
                    view.amount(best.compared.as_configured),
                    best.compared.equal_epochs,
                    view.amount(best.compared.at_equal, short=True, bold=True),
                )
            )
        else:
            said.append(
                text(
                    "The best trial, {}, trained for {} epochs, the baseline for {}: as configured the difference is "
                    "{}. What shorter trainings would show is unknown: here a shorter one is not the beginning of a "
                    "longer one.",
                    trial_link(best),
                    mine,
                    its,
                    view.amount(best.compared.as_configured),
                )
            )
    pruned = [t for t in shown if t.record.status == "pruned"]
    other = len(view.having("pruned")) - len(pruned)
    if pruned:
        ahead = sum((t.compared.at_equal or 0) > 0 for t in pruned)
        said.append(
            text(
                "{} pruned: without a full score, compared on validation at the epoch at which they were "
                "stopped, where {} "
                "of them stood {} the baseline.",
                plural(len(pruned), "trial was", "trials were"),
                ahead,
                view.above,
            )
        )
    blocks: list[Block] = [Text(said)] if said else []
    if other and not view.meta.prefix:
        said.append(
            text(
                "{} pruned that {} to train for another number of epochs than the baseline: compared with nothing.",
                plural(other, "trial was", "trials were"),
                "was" if other == 1 else "were",
            )
        )
    drawn = [_curves(view), *([_equal_figure(view)] if shown else [])]
    return Section("equal-epochs", "At equal epochs" if shown else "Epoch by epoch", [*blocks, Grid(drawn)])


def _curves(view: View) -> Figure:
    drawn = []
    best, what = view.best, view.metric.what("validation")
    runs = [t.record for t in view.trials] + ([view.reference] if view.reference else [])
    limit = view.worst_drawn([s for r in runs for _, s in curve(r)])
    for trial in view.trials:
        if trial is best:
            continue
        pairs = _values(view, trial.record, limit)
        role = "trial" if trial.record.status == "complete" else "pale"
        drawn.append(figures.Line([x for x, _ in pairs], [y for _, y in pairs], role, width=0.6))
    for run, role, label in (
        (view.reference, "base", "baseline"),
        (best.record if best else None, "best", best.label if best else ""),
    ):
        if run is not None:
            pairs = _values(view, run, limit)
            drawn.append(figures.Line([x for x, _ in pairs], [y for _, y in pairs], role, label, width=1.9))
    drawn.sort(key=lambda line: ("pale", "trial", "base", "best").index(line.role))
    alt = f"{capital(what)} by epoch of {len(view.trials)} trials with the baseline laid over"
    axis, tick = view.metric.axis(what), view.metric.tick
    svg = figures.lines("curves-all", drawn, "epoch", axis, alt, tick=tick, height=230)
    reading = (
        f"Thin: trials that completed; pale: those that were stopped or failed. The {view.metric.label} of every "
        f"epoch, not the best so far. {view.least}{view.beyond(limit)}"
    ).strip()
    return Figure("curves-all", "Every trial's learning curve", svg, alt, reading)


def _values(view: View, run: Record, limit: float | None) -> list[tuple[float, float]]:
    """The metric's validation value by epoch, none beyond the limit."""
    scores = ((epoch, s if limit is None else max(s, limit)) for epoch, s in curve(run))
    return [(float(epoch), view.raw(s) or 0.0) for epoch, s in scores]


def _equal_figure(view: View) -> Figure:
    full: list[tuple[float, float]] = []
    part: list[tuple[float, float]] = []
    top: list[tuple[float, float]] = []
    for t in view.trials:
        if t.compared.at_equal is None or t.compared.equal_epochs is None:
            continue
        pair = (float(t.compared.equal_epochs), view.shown_raw(t.compared.at_equal) or 0.0)
        (top if t is view.best else full if t.record.status == "complete" else part).append(pair)
    groups = [
        figures.Dots(*_split(part), "muted", ring=True, size=4),
        figures.Dots(*_split(full), "trial"),
        figures.Dots(*_split(top), "best", view.best.label if view.best else "", size=6),
    ]
    rows = [
        Row(
            [
                Cell(trial_link(t)),
                Cell(str(t.compared.equal_epochs)),
                Cell(view.gain(t.compared.at_equal)),
                Cell(t.record.status),
            ]
        )
        for t in view.trials
        if t.compared.at_equal is not None
    ]
    columns = [
        Column("Run"),
        Column("Epochs compared", numeric=True),
        Column(view.metric.axis_of_difference("Difference"), numeric=True),
        Column("Status"),
    ]
    alt = (
        f"Difference to the baseline at equal epochs for {len(rows)} trials, pruned ones at the epoch at "
        f"which they were stopped"
    )
    svg = figures.dots(
        "equal",
        groups,
        figures.Plane(
            "epochs that both had",
            view.metric.axis_of_difference("difference at equal epochs"),
            whole=True,
            level=0.0,
            level_label="baseline",
        ),
        alt,
    )
    reading = "Rings: pruned, compared at the epoch at which they were stopped. Full dots: complete."
    reading = f"{reading} {view.least}".strip()
    table = (
        Table("Difference to the baseline at equal epochs", columns, rows, compact=True) if len(rows) <= 100 else None
    )
    return Figure("equal", "Against the baseline at equal epochs", svg, alt, reading, table)


def _split(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]


def search(view: View) -> Section | None:
    """The validation score that a search of k trials would be expected to find."""
    scores = [t.record.score for t in view.ranked if t.record.score is not None]
    if len(scores) < 3:
        return None
    means = expected_best(scores)
    ks = [float(k) for k in range(1, len(means) + 1)]
    what = view.metric.what("validation")
    drawn = [figures.Line(ks, [view.raw(s) or 0.0 for s in means], "trial", "expected best")]
    run = view.reference
    if run is not None and run.score is not None:
        drawn.append(figures.Line(ks, [view.raw(run.score) or 0.0] * len(ks), "base", "baseline", dash=True, width=1.1))
    alt = f"Expected best {what}: {view.score(means[0])} with one trial, {view.score(means[-1])} with {len(means)}"
    axis, tick = view.metric.axis(f"expected best {what}"), view.metric.tick
    svg = figures.lines("expected", drawn, "complete trials", axis, alt, tick=tick)
    picked = sorted({1, 2, 3, 5, 10, 20, 50, 100, 200, 500, len(means)} & set(range(1, len(means) + 1)))
    rows = [Row([Cell(str(k)), Cell(view.score(means[k - 1]))]) for k in picked]
    table = Table(
        "Expected best of k complete trials",
        [Column("k", numeric=True), Column("Expected best", numeric=True)],
        rows,
        compact=True,
    )
    first = next(
        (k for k, v in enumerate(means, 1) if run is not None and run.score is not None and v > run.score),
        None,
    )
    said = (
        text(
            "A random search over this space would be expected to pass the baseline's {} after {}.",
            what,
            strong(plural(first, "complete trial")) if first else "more trials than were run",
        )
        if run is not None
        else text("The gain that more trials would be expected to bring.")
    )
    note = text(
        "It takes the {} as draws of a random search; a sampler that learns{} "
        "the later ones "
        "better than that. On validation, so partly luck.",
        plural(len(scores), "complete trial"),
        " and a scheduler that prunes make" if view.has_epochs else " makes",
    )
    reading = "The mean of the best of k scores drawn from those of the complete trials (Dodge et al. 2019)."
    reading = f"{reading} {view.least}".strip()
    return Section(
        "expected-best",
        "Expected best against the number of trials",
        [
            Text([said]),
            Note("info", "Exploratory", [note]),
            Figure("expected", "Expected best", svg, alt, reading, table),
        ],
    )
