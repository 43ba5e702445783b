"""The head of the page: one sentence that says what is known, and four numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.values import chosen_by
from study.report.blocks import Tile
from study.report.parts.lead import foremost, lead
from study.report.parts.leaderboard import status_counts
from study.report.parts.verdicts import plain_name
from study.report.tables.judged import has_interval
from study.report.text import capital, code, joined, name, plural, strong, text
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
    script = view.meta.script
    subtitle = text("{} on {}", name(script.template if script else view.meta.trainable, 120), name(data.name))
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
                "The baseline reaches {} on {}{}. Nothing has been compared with it yet.",
                strong(view.score(run.final)),
                "the test set" if view.metric.test else "validation",
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
            "None of {} scored {} the baseline on validation; the best, {}, is at {}.",
            plural(len(view.ranked), "complete trial"),
            view.above,
            trial_link(best),
            view.amount(gain),
        )
        return "info", "Exploratory", said + _ahead_at_equal(view)
    said = text(
        "The best of {}, {}, scored {} {} the baseline on validation",
        plural(len(view.ranked), "complete trial"),
        trial_link(best),
        view.amount(gain, bold=True),
        view.above,
    )
    if view.luck is None:
        said += text(", and how much of that is luck is unknown: {}.", _unmeasured(view))
    else:
        said += text(
            "; against the mean of its {} seeds that is {}, and {}{}. "
            "It is not confirmed: one run, picked after looking.",
            view.luck.seeds,
            view.gain(view.luck.lead),
            view.luck.words,
            view.pruned_count,
        )
    return "warn", "Exploratory", said


def _unmeasured(view: View) -> str:
    """Why nobody knows how large luck is."""
    floor = view.validation_floor
    return "the baseline was run with one seed only" if floor is None else f"its {floor.n} seeds gave the same score"


def _ahead_at_equal(view: View) -> Markup:
    """What shorter trainings would have shown against as short a baseline; empty where nothing."""
    ahead = [t for t in view.ranked if (t.compared.at_equal or 0) > 0]
    if not ahead or not view.equal:
        return Markup("")
    top = max(ahead, key=lambda t: t.compared.at_equal or 0)
    return text(
        " Within equal epochs {} {} it, {} by {}.",
        plural(len(ahead), "lies", "lie"),
        view.above,
        trial_link(top),
        view.gain(top.compared.at_equal),
    )


def _tiles(view: View) -> list[Tile]:
    run, best, floor = view.reference, view.best, view.validation_floor
    tiles = []
    if run is not None:
        mean = text("; mean of {} seeds {}", floor.n, view.score(floor.mean)) if floor else ""
        tested = text("; test {}", view.score(run.test_score)) if view.metric.test else ""
        where = text("seed {}{}{}", run.seed, mean, tested)
        tiles.append(Tile("Baseline, validation", view.score(run.score), where))
    first = foremost(view)
    if first is not None and has_interval(first.verdict):
        v = first.verdict
        detail = text(
            "{}, {} {} to {}{}; {} (n = {} seeds)",
            view.difference_of(),
            v.interval,
            *view.interval(v.low, v.high),
            " by itself" if v.by == "look" else "",
            first.label,
            v.n,
        )
        tiles.append(Tile(f"{capital(plain_name(view, first))} on fresh seeds", view.gain(v.estimate), detail))
    elif best is not None:
        known = best.compared.as_configured is not None
        details = [
            *([view.metric.difference_unit or view.metric.what("validation")] if known else ["no baseline"]),
            *(
                [f"at equal epochs {view.gain(best.compared.at_equal)}"]
                if best.compared.at_equal is not None and view.equal
                else []
            ),
        ]
        detail = text("{}", "; ".join(details))
        shown = view.gain(best.compared.as_configured) if known else view.score(best.record.score)
        tiles.append(Tile("Best trial against it (exploratory)", shown, detail))
    if run is not None:
        apart = "unknown" if floor is None else view.gain(floor.single_run, signed=False)
        detail = (
            text("{} measures it", code("baseline --seeds 6"))
            if floor is None
            else text(
                "{} cannot be told apart by single runs (n = {} seeds){}",
                view.difference_of("validation"),
                floor.n,
                f"; on test {view.gain(view.test_floor.single_run, signed=False)}" if view.test_floor else "",
            )
        )
        tiles.append(Tile("Noise floor", apart, detail))
    if view.trials:
        tiles.append(Tile("Trials", f"{len(view.trials):,}", joined(status_counts(view))))
    elif run is not None and view.has_epochs:
        why = f"the {chosen_by(view.metric)}" if chosen_by(view.metric) else "the last one"
        tiles.append(Tile("Best epoch", f"{run.best_epoch} of {len(run.history)}", why))
    return tiles
