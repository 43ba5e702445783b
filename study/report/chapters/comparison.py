"""The chapter that asks: did anything beat the baseline beyond noise."""

from __future__ import annotations

from results.analysis.scores import expected_maximum
from study.report import figures
from study.report.blocks import Block, Command, Figure, Note, Section, Text
from study.report.parts.leaderboard import leaderboard
from study.report.parts.verdicts import confirmed
from study.report.text import percent, plural, points, strong, text, words
from study.report.view import View

NAME, QUESTION, SHORT = "beat", "Did anything beat the baseline beyond noise?", "Against the baseline"


def noise(view: View) -> Section | None:
    """How far the baseline varies by itself, or how to find out."""
    if not view.baselines:
        return None
    floor = view.validation_floor
    if floor is None:
        asked = (
            "The baseline was run with one seed, so nobody knows how far it varies by itself: the noise "
            "floor is unknown"
        )
        said = [
            text(
                "Every difference below may be luck. Six seeds of the baseline give the floor; those already "
                "run are reused."
            )
        ]
        return Section(
            "noise",
            "The noise floor",
            [Note("warn", asked, said), Command("python -m study.run baseline --seeds 6", "To measure it")],
        )
    lines = [
        text(
            "Over {} the baseline's validation accuracy is {} on average with a standard deviation of {} "
            "percentage points (95 % interval of the deviation {} to {}). Differences under {} percentage points of "
            "validation accuracy cannot be told apart by single runs; the plots below compare by it.",
            plural(floor.n, "seed"),
            percent(floor.mean),
            points(floor.sd, signed=False),
            points(floor.sd_low, signed=False),
            points(floor.sd_high, signed=False),
            strong(points(floor.single_run, signed=False)),
        )
    ]
    if view.test_floor is not None:
        lines.append(words(" ".join(view.test_floor.sentences())))
    if view.null_maximum is not None and view.reference is not None:
        lines.append(
            text(
                "Under the null, the expected maximum of {} runs of the unchanged baseline lies {} points above its "
                "mean on validation, hence at {} against the run with seed {}, which itself lies {} from that mean.",
                view.tried,
                points(floor.sd * expected_maximum(view.tried), signed=False),
                strong(points(view.null_maximum)),
                view.reference.seed,
                points((view.reference.score or 0.0) - floor.mean),
            )
        )
    blocks: list[Block] = [Text(lines)]
    if floor.n < 6:
        blocks.append(Command("python -m study.run baseline --seeds 6", "To know the deviation better"))
    return Section("noise", "The noise floor", blocks)


def forest(view: View) -> Section | None:
    """Every complete trial's difference to the baseline on validation."""
    shown = [t for t in view.ranked if t.compared.as_configured is not None]
    if not shown:
        return None
    rungs = [
        figures.Rung(
            t.label,
            _points(t.compared.as_configured),
            _points(t.compared.at_equal),
            "best" if t is view.best else "trial",
        )
        for t in shown
    ]
    band = (100 * view.band[0], 100 * view.band[1]) if view.band else None
    chance = _points(view.null_maximum)
    top = shown[0]
    above = sum(1 for t in shown if (t.compared.as_configured or 0) > 0)
    alt = (
        f"Difference of {len(shown)} complete trials to the baseline on validation. Best: {top.label}, "
        f"{points(top.compared.as_configured)} percentage points. {above} of {len(shown)} lie above the baseline."
    )
    svg = figures.forest(
        "forest",
        rungs,
        band,
        chance,
        view.tried,
        "percentage points of validation accuracy against the baseline",
        alt,
    )
    reading = text(
        "Each row is a complete trial; the line at 0 is the baseline run of the same seed, with the same "
        "split and order. "
        "Full dot: both as configured. Ring: both within the same number of epochs, where that differs. {}{}{}",
        "Grey band: where one more run of the baseline would fall in 95 % of cases. "
        if band
        else "There is no grey band because the baseline has one seed only. ",
        "Dashed: the expected maximum under the null, of as many unchanged baselines as there were trials. "
        if chance is not None
        else "",
        "Arrows at the left lie beyond the edge, at the value beside them."
        if figures.left_edge(rungs, band, chance) > min(r.full or 0.0 for r in rungs)
        else "",
    )
    head = Note(
        "info",
        "Exploratory",
        [
            text(
                "The order comes from one run each on validation images. The best of many is partly chosen for its "
                "luck; only fresh seeds tell."
            )
        ],
    )
    figure = Figure("forest", "Every complete trial against the baseline", svg, alt, reading)
    return Section("forest", "Every complete trial", [head, figure])


def _points(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 6)


SECTIONS = [confirmed, noise, forest, leaderboard]
