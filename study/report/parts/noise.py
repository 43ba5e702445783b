"""How far the baseline varies by itself, and what luck alone reaches."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.luck import RARE, Luck
from study.report.blocks import Block, Command, Fold, Note, Section, Text
from study.report.text import plural, strong, text, words
from study.report.view import View, trial_link

SIX = ("baseline", "--seeds", "6")


def noise(view: View) -> Section | None:
    """How far the baseline varies by itself, or how to find out."""
    if not view.baselines:
        return None
    floor = view.validation_floor
    if floor is None:
        said = text(
            "Every difference on this page may be luck. Six seeds of the baseline tell how far runs differ by it."
        )
        blocks: list[Block] = [Note("warn", "One seed, so the noise floor is unknown", [said])]
        return Section("noise", "The noise floor", [*blocks, *_measure(view, "To measure it")])
    lines = [
        text(
            "Differences under {} {} cannot be told apart by single runs: over {} the baseline has a standard "
            "deviation of {}.",
            strong(view.gain(floor.single_run, signed=False)),
            view.difference_of("validation"),
            plural(floor.n, "seed"),
            view.amount(floor.sd, signed=False),
        )
    ]
    of_validation = text(
        "The baseline's {} is {} on average over its seeds; the 95 % interval of its standard deviation is {} to {}.",
        view.metric.what("validation"),
        view.score(floor.mean),
        view.gain(floor.sd_low, signed=False),
        view.gain(floor.sd_high, signed=False),
    )
    more = [of_validation]
    if view.luck is not None and view.best is not None:
        lines.append(_luck(view, view.luck, view.best))
        more.append(_rare(view, view.luck))
    if view.test_floor is not None:
        more.append(words(" ".join(view.test_floor.sentences())))
    blocks = [Text(lines), Fold("More on the noise", [Text(more)])]
    few = _measure(view, "To know the deviation better") if floor.n < 6 else []
    return Section("noise", "The noise floor", [*blocks, *few])


def _measure(view: View, why: str) -> list[Block]:
    """The command for more seeds, where the head of the page does not give it."""
    return [] if view.next.name == "baseline" else [Command(view.command(*SIX), why)]


def _luck(view: View, luck: Luck, best: Trial) -> Markup:
    """Whether the best of all trials need be more than luck: it was picked, which two single runs are not."""
    return text(
        "The best of {}, {}, lies {} {} the baseline's mean, and {}{}.",
        plural(luck.tried, "trial"),
        trial_link(best),
        view.amount(luck.lead, short=True),
        "from" if luck.lead <= 0 else view.above,
        strong(luck.words),
        view.pruned_count,
    )


def _rare(view: View, luck: Luck) -> Markup:
    """What luck alone reaches now and then, from the mean and from the run that single trials are compared with."""
    said = text(
        "In 1 of {} such sweeps the best lies at least {} {} that mean",
        RARE,
        view.amount(luck.rare, signed=False, short=True),
        view.above,
    )
    mean = view.mean_from_reference
    if mean is None or view.reference is None:
        return said + Markup(".")
    return said + text(
        ", hence at {} against the run with seed {}, which itself lies {} from the mean.",
        view.gain(mean + luck.rare),
        view.reference.seed,
        view.gain(-mean),
    )
