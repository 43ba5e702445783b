"""Test examples that a candidate gains and loses, beside how many two runs of the baseline differ by."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from results.analysis import classes
from results.analysis.classes import Moved, churn
from study.report.blocks import Block, Picture, Pictures
from study.report.cells import Column, Table
from study.report.parts.class_changes import right
from study.report.parts.pairs import Paired
from study.report.parts.pictures import THUMBNAILS, source
from study.report.text import plural, strong, text
from study.report.view import View


def moved(view: View, two: Paired) -> Moved | None:
    """What its pairs move among the test examples; None where records do not say which were right."""
    both = [(right(view, mine), right(view, its)) for mine, its in two.pairs]
    known = [(mine, its) for mine, its in both if mine is not None and its is not None]
    return classes.moved([mine for mine, _ in known], [its for _, its in known])


def moved_sentence(view: View, two: Paired, moved: Moved) -> Markup:
    """How many examples a pair moves either way, and how many two runs of the baseline differ by."""
    said = text(
        "A run of {} gets {} of {} test {} right that the baseline gets wrong with the same seed, and {} the other way "
        "round: {}{} differ{}.",
        two.who,
        strong(f"{moved.gained:,.0f}"),
        f"{len(moved.net):,}",
        view.members,
        strong(f"{moved.lost:,.0f}"),
        "about " if moved.n > 1 else "",  # a sum of means, of which each is rounded
        strong(f"{moved.gained + moved.lost:,.0f}"),
        f" (means of {moved.n} seeds)" if moved.n > 1 else "",
    )
    runs = [bits for b in view.baselines if (bits := right(view, b)) is not None and len(bits) == len(moved.net)]
    apart = churn(runs)
    if apart is not None:
        said += text(" Between two runs of the baseline {} do.", strong(f"{apart:,.0f}"))
    return said


def moved_table(view: View, two: Paired, moved: Moved) -> Table:
    """How many are gained and lost by the number of seeds, and how many would be if the two were alike."""
    n = moved.n
    steps = sorted({n, math.ceil(n * 3 / 4), math.ceil(n / 2), math.ceil(n / 4)}, reverse=True)
    pattern = (
        "Test {} that more runs of {} than of the baseline get right, or fewer; {}. By chance: if both were one config"
    )
    caption = text(pattern, view.members, two.who, plural(n, "fresh seed"))
    columns = [
        Column("By runs", lambda k: f"all {n}, reliably" if k == n else f"at least {k}"),
        Column("Gained", lambda k: f"{moved.at_least(k)[0]:,}", numeric=True),
        Column("Lost", lambda k: f"{moved.at_least(k)[1]:,}", numeric=True),
        Column("By chance", lambda k: _few(moved.if_alike(k)), numeric=True),
    ]
    return Table.of(caption, steps, columns, name="winner-moved")


def _few(count: float) -> str:
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def moved_pictures(view: View, two: Paired, moved: Moved) -> list[Block]:
    """The images gained and lost in most seeds, where the study holds pictures; with their class where it is known."""
    images = view.images
    if images is None or len(images) != len(moved.net):
        return []
    runs = [*view.baselines, *(t.record for t in view.ranked), *(r for pair in two.pairs for r in pair)]
    kept = (view.predictions(r.run_id) for r in runs)
    labels = next((p.labels for p in kept if p is not None and len(p.labels) == len(images)), None)
    blocks: list[Block] = []
    for sign, caption in ((1, "Gained in most seeds"), (-1, "Lost in most seeds")):
        order = np.argsort(-sign * moved.net, kind="stable")[:THUMBNAILS]
        items = [_picture(view, images[i], int(i), moved, labels) for i in order if 2 * sign * moved.net[i] > moved.n]
        if items:
            blocks.append(Pictures(f"{caption}, of {moved.n}", items))
    return blocks


def _picture(view: View, image: np.ndarray, index: int, moved: Moved, labels: np.ndarray | None) -> Picture:
    truth = None if labels is None else int(labels[index])
    count = text("right in {}, baseline {}", int(moved.after[index]), int(moved.before[index]))
    lines = [count] if truth is None else [text("<b>{}</b>", view.classes[truth]), count]
    what = "" if truth is None else f": {view.short_classes[truth]}"
    return Picture(source(image), f"Test image {index}{what}", lines)
