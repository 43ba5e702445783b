"""Whether it was a bigger budget: a line on it, every trial's learning curve, and what a longer search would find."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.scores import curve, expected_best
from results.record import Record
from study.report import figures
from study.report.blocks import Block, Figure, Fold
from study.report.cells import Column, Table
from study.report.figures.svg import READABLE
from study.report.parts.importance import shares
from study.report.text import capital, plural, strong, text
from study.report.view import View


def search(view: View) -> list[Block]:
    """What else the search shows, each as one line that opens."""
    return [*_curves(view), *shares(view), *_expected(view)] if view.trials else []


def _budget(view: View) -> Markup:
    """Whether the best trial trained longer than the baseline; empty where either is missing."""
    best = view.best
    if best is None or best.compared.as_configured is None or best.compared.baseline is None:
        return Markup("Learning curves of all trials")
    mine, its = len(best.record.history), len(best.compared.baseline.history)
    if mine == its:
        return text("A bigger budget? No: the best, {}, trained for the baseline's own {} epochs", best.label, its)
    if best.compared.at_equal is None:
        return text(
            "A bigger budget? The best, {}, trained for {} epochs, the baseline for {}; what shorter trainings would "
            "show is unknown",
            best.label,
            mine,
            its,
        )
    return text(
        "A bigger budget? The best, {}, trained for {} epochs, the baseline for {}: as configured {}, within the same "
        "{} epochs {}",
        best.label,
        mine,
        its,
        view.amount(best.compared.as_configured, short=True),
        best.compared.equal_epochs,
        view.amount(best.compared.at_equal, short=True, bold=True),
    )


def _curves(view: View) -> list[Block]:
    trials = view.shown
    if not view.has_epochs or not any(t.record.history for t in trials):
        return []
    drawn = []
    best, what = view.best, view.metric.what("validation")
    runs = [t.record for t in trials] + ([view.reference] if view.reference else [])
    limit = view.worst_drawn([s for r in runs for _, s in curve(r)])
    for trial in trials:
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
    alt = f"{capital(what)} by epoch of {plural(len(trials), 'trial')} with the baseline laid over"
    axis, tick = view.metric.axis(what), view.metric.tick
    svg = figures.lines("curves-all", drawn, "epoch", axis, alt, tick=tick, height=230, size=READABLE)
    reading = (
        f"Thin: trials that completed; pale: those that were stopped or failed. The {view.metric.label} of every "
        f"epoch, not the best so far. {view.least}{view.beyond(limit)}{view.of_all}"
    ).strip()
    figure = Figure("curves-all", "Every trial's learning curve", svg, alt, reading)
    return [Fold(_budget(view), [figure], "equal-epochs")]


def _values(view: View, run: Record, limit: float | None) -> list[tuple[float, float]]:
    """The metric's validation value by epoch, none beyond the limit."""
    scores = ((epoch, s if limit is None else max(s, limit)) for epoch, s in curve(run))
    return [(float(epoch), view.raw(s) or 0.0) for epoch, s in scores]


def _expected(view: View) -> list[Block]:
    """The validation score that a search of k trials would be expected to find."""
    scores = [t.record.score for t in view.ranked if t.record.score is not None]
    if len(scores) < 3:
        return []
    means = expected_best(scores)
    run, what = view.reference, view.metric.what("validation")
    known = run is not None and run.score is not None
    first = next(
        (k for k, v in enumerate(means, 1) if run is not None and run.score is not None and v > run.score), None
    )
    said = (
        text(
            "More trials? A random search is expected to pass the baseline's {} after {}",
            what,
            strong(plural(first, "complete trial")) if first else "more trials than were run",
        )
        if known
        else text("More trials? The gain that they would be expected to bring")
    )
    return [Fold(said, [_expected_figure(view, scores, means)], "expected-best")]


def _expected_figure(view: View, scores: list[float], means: list[float]) -> Figure:
    run, what = view.reference, view.metric.what("validation")
    ks = [float(k) for k in range(1, len(means) + 1)]
    drawn = [figures.Line(ks, [view.raw(s) or 0.0 for s in means], "trial", "expected best")]
    if run is not None and run.score is not None:
        drawn.append(figures.Line(ks, [view.raw(run.score) or 0.0] * len(ks), "base", "baseline", dash=True, width=1.1))
    alt = f"Expected best {what}: {view.score(means[0])} with one trial, {view.score(means[-1])} with {len(means)}"
    axis, tick = view.metric.axis(f"expected best {what}"), view.metric.tick
    svg = figures.lines("expected", drawn, "complete trials", axis, alt, tick=tick, size=READABLE)
    picked = sorted({1, 2, 3, 5, 10, 20, 50, 100, 200, 500, len(means)} & set(range(1, len(means) + 1)))
    columns: list[Column] = [
        Column("k", str, numeric=True),
        Column("Expected best", lambda k: view.score(means[k - 1]), numeric=True),
    ]
    table = Table.of("Expected best of k complete trials", picked, columns, compact=True)
    reading = text(
        "The mean of the best of k scores drawn from those of the {} (Dodge et al. 2019). It takes them for draws of a "
        "random search; a sampler that learns{} the later ones better than that. On validation, so partly luck. {}",
        plural(len(scores), "complete trial"),
        " and a scheduler that prunes make" if view.has_epochs else " makes",
        view.least,
    )
    return Figure("expected", "Expected best", svg, alt, reading, table)
