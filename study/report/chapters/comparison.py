"""The chapter that asks: did anything beat the baseline beyond noise."""

from __future__ import annotations

import numpy as np

from results.analysis.scores import expected_maximum
from study.report import figures
from study.report.blocks import Block, Command, Figure, Note, Section, Text
from study.report.parts.leaderboard import leaderboard
from study.report.parts.verdicts import confirmed
from study.report.text import plural, strong, text, words
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
            "Over {} the baseline's {} is {} on average with a standard deviation of {} "
            "(95 % interval of the deviation {} to {}). Differences under {} {} "
            "cannot be told apart by single runs; the plots below compare by it.",
            plural(floor.n, "seed"),
            view.metric.what("validation"),
            view.score(floor.mean),
            view.amount(floor.sd, signed=False),
            view.gain(floor.sd_low, signed=False),
            view.gain(floor.sd_high, signed=False),
            strong(view.gain(floor.single_run, signed=False)),
            view.difference_of("validation"),
        )
    ]
    if view.test_floor is not None:
        lines.append(words(" ".join(view.test_floor.sentences())))
    if view.null_maximum is not None and view.reference is not None:
        lines.append(
            text(
                "Under the null, the expected {} of {} runs of the unchanged baseline lies {} {} its "
                "mean on validation, hence at {} against the run with seed {}, which itself lies {} from that mean.",
                view.extreme,
                view.tried,
                view.amount(floor.sd * expected_maximum(view.tried), signed=False, short=True),
                view.above,
                strong(view.gain(view.null_maximum)),
                view.reference.seed,
                view.gain((view.reference.score or 0.0) - floor.mean),
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
            view.shown_raw(t.compared.as_configured),
            view.shown_raw(t.compared.at_equal),
            "best" if t is view.best else "trial",
        )
        for t in shown
    ]
    ends = sorted(view.shown_raw(end) or 0.0 for end in view.band) if view.band else None
    band = (ends[0], ends[1]) if ends else None
    chance = view.shown_raw(view.null_maximum)
    top = shown[0]
    above = sum(1 for t in shown if (t.compared.as_configured or 0) > 0)
    alt = (
        f"Difference of {len(shown)} complete trials to the baseline on validation. Best: {top.label}, "
        f"{view.amount(top.compared.as_configured).striptags()}. {above} of {len(shown)} lie {view.above} the baseline."
    )
    given = figures.Forest(rungs, band, chance, view.tried, _least(view), lower=bool(view.least))
    axis = f"{view.axis_of_difference('validation')} against the baseline"
    svg = figures.forest("forest", given, axis, alt)
    equal = any(r.equal not in (None, r.full) for r in rungs) or view.meta.prefix
    reading = text(
        "Each row is a complete trial; the line at 0 is the baseline run of the same seed, with the same "
        "split and order. "
        "{}{}{}{}{}",
        view.least,
        "Full dot: both as configured. Ring: both within the same number of epochs, where that differs. "
        if view.equal and equal
        else "",
        "Grey band: where one more run of the baseline would fall in 95 % of cases. "
        if band
        else "There is no grey band because the baseline has one seed only. ",
        f"Dashed: the expected {view.extreme} under the null, of as many unchanged baselines as there were trials. "
        if chance is not None
        else "",
        f"Arrows at the {'right' if given.lower else 'left'} lie beyond the edge, at the value beside them."
        if any(given.far(r.full) for r in rungs)
        else "",
    )
    head = Note(
        "info",
        "Exploratory",
        [
            text(
                "The order comes from one run each on validation{}. The best of many is partly chosen for its "
                "luck; only fresh seeds tell.",
                " images" if view.meta.dataset.pictures else "",
            )
        ],
    )
    figure = Figure("forest", "Every complete trial against the baseline", svg, alt, reading)
    return Section("forest", "Every complete trial", [head, figure])


def _least(view: View) -> float:
    """How large differences are never drawn as far off: three margins, or without one the trials' median."""
    if view.metric.margin is not None:
        return abs(view.shown_raw(3 * view.metric.margin) or 0.0)
    sizes = [abs(view.shown_raw(t.compared.as_configured) or 0.0) for t in view.ranked]
    return float(np.median(sizes)) if sizes else 0.0


SECTIONS = [confirmed, noise, forest, leaderboard]
