"""How far the baseline varies by itself, and what luck alone reaches."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.luck import RARE, Luck
from study.report.blocks import Block, Command, Note, Section, Text
from study.report.text import plural, strong, text, words
from study.report.view import View, trial_link


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
    if view.luck is not None and view.best is not None:
        lines.append(_luck(view, view.luck, view.best))
    if view.test_floor is not None:
        lines.append(words(" ".join(view.test_floor.sentences())))
    blocks: list[Block] = [Text(lines)]
    if floor.n < 6:
        blocks.append(Command("python -m study.run baseline --seeds 6", "To know the deviation better"))
    return Section("noise", "The noise floor", blocks)


def _luck(view: View, luck: Luck, best: Trial) -> Markup:
    """Whether the best of all trials need be more than luck: it was picked, which two single runs are not."""
    said = text(
        "That is for two runs, neither picked. The best of {} was: {} lies {} {} the baseline's mean, and {}{}.",
        plural(luck.tried, "trial"),
        trial_link(best),
        view.amount(luck.lead, short=True),
        "from" if luck.lead <= 0 else view.above,
        strong(luck.words),
        view.pruned_count,
    )
    said += text(
        " In 1 of {} such sweeps the best lies at least {} {} that mean",
        RARE,
        view.amount(luck.rare, signed=False, short=True),
        view.above,
    )
    mean = view.mean_from_reference
    if mean is None or view.reference is None:
        return said + text(".")
    return said + text(
        ", hence at {} against the run with seed {}, which itself lies {} from the mean.",
        view.gain(mean + luck.rare),
        view.reference.seed,
        view.gain(-mean),
    )
