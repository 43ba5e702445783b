"""The head of the page: one sentence that says what is known, and four numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.paired import MIN_SEEDS
from study.report.blocks import Tile
from study.report.parts.leaderboard import status_counts
from study.report.parts.verdicts import foremost, lead, plain_name
from study.report.text import code, joined, name, percent, plural, points, strong, text
from study.report.view import View, trial_link


@dataclass
class Headline:
    """What stands first on the page. ``tone`` as of a Note; ``mark`` says the same in a word."""

    study: Markup
    subtitle: Markup
    verdict: Markup
    tone: str
    mark: str
    tiles: Sequence[Tile]


def headline(view: View) -> Headline:
    """Say the most that the records support."""
    data = view.meta.dataset
    subtitle = text("{} on {}", name(view.meta.trainable), name(data.name))
    tone, mark, verdict = _verdict(view)
    return Headline(name(view.meta.name, 80), subtitle, verdict, tone, mark, _tiles(view))


def _verdict(view: View) -> tuple[str, str, Markup]:
    run, best = view.reference, view.best
    if not view.records:
        return "info", "Empty", text("Nothing has been run in this study yet.")
    led = lead(view)
    if led is not None:
        return led
    if not view.trials:
        if run is None:
            return "warn", "No result", text("No run of this study ended with a score.")
        return (
            "info",
            "Baseline only",
            text(
                "The baseline reaches {} on the test set{}. Nothing has been compared with it yet.",
                strong(percent(run.test_score)),
                f" (seed {run.seed}, one of {len(view.baselines)})" if len(view.baselines) > 1 else " with one seed",
            ),
        )
    if run is None:
        return (
            "warn",
            "No baseline",
            text(
                "{} but no complete run of the baseline to compare them with.",
                plural(len(view.trials), "trial was run", "trials were run"),
            ),
        )
    return _exploratory(view, best)


def _exploratory(view: View, best: Trial | None) -> tuple[str, str, Markup]:
    """What single runs show beside the baseline."""
    if best is None:
        counts = joined(status_counts(view))
        return (
            "bad",
            "No result",
            text("None of {} ended with a full score: {}.", plural(len(view.trials), "trial"), counts),
        )
    gain = best.compared.as_configured
    if gain is None or gain <= 0:
        said = text(
            "None of {} scored above the baseline on validation; the best, {}, is at {} percentage points.",
            plural(len(view.ranked), "complete trial"),
            trial_link(best),
            points(gain),
        )
        return "info", "Exploratory", said + _ahead_at_equal(view)
    said = text(
        "The best of {}, {}, scored {} percentage points above the baseline on validation",
        plural(len(view.ranked), "complete trial"),
        trial_link(best),
        strong(points(gain)),
    )
    if view.null_maximum is None:
        said += text(", and how much of that is luck is unknown: the baseline was run with one seed only.")
    else:
        said += text(
            ", {} than the {} expected of the best of {} unchanged baselines{}.{}",
            "more" if gain > view.null_maximum else "no more",
            points(view.null_maximum),
            view.tried,
            _beside(view),
            " It is not confirmed: one run, picked after looking." if gain > view.null_maximum else "",
        )
    return "warn", "Exploratory", said


def _beside(view: View) -> str:
    """Where the one run that trials are compared with lies itself: luck may seem negative without it."""
    if view.validation_floor is None or view.reference is None or view.reference.score is None:
        return ""
    off = points(view.reference.score - view.validation_floor.mean)
    return f" against the same run (seed {view.reference.seed}, {off} points from its mean)"


def _ahead_at_equal(view: View) -> Markup:
    """What shorter trainings would have shown against as short a baseline; empty where nothing."""
    ahead = [t for t in view.ranked if (t.compared.at_equal or 0) > 0]
    if not ahead:
        return Markup("")
    top = max(ahead, key=lambda t: t.compared.at_equal or 0)
    return text(
        " Within equal epochs {} above it, {} by {}.",
        plural(len(ahead), "lies", "lie"),
        trial_link(top),
        points(top.compared.at_equal),
    )


def _tiles(view: View) -> list[Tile]:
    run, best, floor = view.reference, view.best, view.validation_floor
    tiles = []
    if run is not None:
        mean = text("; mean of {} seeds {}", floor.n, percent(floor.mean)) if floor else ""
        where = text("seed {}{}; test {}", run.seed, mean, percent(run.test_score))
        tiles.append(Tile("Baseline, validation", percent(run.score), where))
    first = foremost(view)
    if first is not None and first.verdict.n >= MIN_SEEDS:
        v = first.verdict
        detail = text(
            "percentage points of test accuracy, 95 % interval {} to {} by itself; {} (n = {} seeds)",
            points(v.low),
            points(v.high),
            v.label,
            v.n,
        )
        who = plain_name(view, first)
        tiles.append(Tile(f"{who[:1].upper()}{who[1:]} on fresh seeds", points(v.estimate), detail))
    elif best is not None:
        detail = (
            text("percentage points; at equal epochs {}", points(best.compared.at_equal))
            if best.compared.at_equal is not None
            else text("no baseline")
        )
        shown = (
            points(best.compared.as_configured)
            if best.compared.as_configured is not None
            else percent(best.record.score)
        )
        tiles.append(Tile("Best trial against it (exploratory)", shown, detail))
    if run is not None:
        known = "unknown" if floor is None else points(floor.single_run, signed=False)
        detail = (
            text("{} measures it", code("baseline --seeds 6"))
            if floor is None
            else text(
                "percentage points of validation accuracy cannot be told apart by single runs (n = {} seeds){}",
                floor.n,
                f"; on test {points(view.test_floor.single_run, signed=False)}" if view.test_floor else "",
            )
        )
        tiles.append(Tile("Noise floor", known, detail))
    if view.trials:
        tiles.append(Tile("Trials", f"{len(view.trials):,}", joined(status_counts(view))))
    elif run is not None:
        tiles.append(Tile("Best epoch", f"{run.best_epoch} of {len(run.history)}", "the lowest validation loss"))
    return tiles
