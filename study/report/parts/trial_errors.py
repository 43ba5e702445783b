"""Where a trial errs otherwise than the baseline: one matrix of counts, each with its difference to the baseline's."""

from __future__ import annotations

import base64
import io

import numpy as np
from markupsafe import Markup
from PIL import Image

from results.analysis.classes import single_change
from results.analysis.evidence import Trial
from study.report import confusion
from study.report.blocks import Block, Pictures, Pixels, Text
from study.report.cells import Matrix
from study.report.parts.class_changes import flagged_sentence, matrices, right
from study.report.parts.pictures import THUMBNAILS, picture
from study.report.text import signed, strong, text
from study.report.view import View

BETTER, WORSE = (122, 92, 190), (219, 124, 18)
"""Of a picture's cells, as in a table's; how opaque they are tells how much, so that light and dark grounds serve."""


def complete(view: View, trial: Trial, noise: np.ndarray | None, whole: bool) -> list[Block]:
    """A complete trial on the test set: which classes moved by more than noise, and the matrix."""
    two = matrices(view, trial.record, trial.compared.baseline)
    if two is None:
        return []
    said = [Text([flagged_sentence(view, single_change(*two, noise))])] if noise is not None else []
    caption = text("{} on the test {}: count, and minus the baseline's", trial.label, view.members)
    return [*said, _matrix(view, *two, caption, whole)]


def pruned(view: View, trial: Trial, whole: bool) -> list[Block]:
    """The same on validation, at its last epoch against the baseline's at that epoch."""
    base, n = trial.compared.baseline, trial.compared.equal_epochs
    if base is None or n is None:
        return []
    mine = view.matrix(trial.record.val_confusion.get(str(n)))
    its = view.matrix(base.val_confusion.get(str(n)))
    if mine is None:
        return []
    if its is None or (mine.sum(axis=1) != its.sum(axis=1)).any():  # another seed, hence another split: no difference
        its = None
    also = ", and minus the baseline's" if its is not None else ""
    caption = text("{} after epoch {} on validation {}: count{}", trial.label, n, view.members, also)
    return [_matrix(view, mine, its, caption, whole)]


def _matrix(view: View, mine: np.ndarray, its: np.ndarray | None, caption: Markup, whole: bool) -> Block:
    """As a table; as a picture with the numbers as text where there would be too many cells on the page."""
    step = mine - mine if its is None else mine - its
    support = np.maximum(mine.sum(axis=1), 1)
    shares = step / support[:, None]
    if len(mine) > confusion.WIDEST:
        return Pixels(caption, _pixels(shares), _largest(view, mine, step))
    rows = [
        [_both(int(n), int(d), its is not None) for n, d in zip(row, more, strict=True)]
        for row, more in zip(mine, step, strict=True)
    ]
    if not whole:
        return Pixels(caption, _pixels(shares), _as_text(view, rows))
    cells = [
        [
            (Markup(shown), confusion.gain_class(share, i == j))
            for j, (shown, share) in enumerate(zip(row, more, strict=True))
        ]
        for i, (row, more) in enumerate(zip(rows, shares, strict=True))
    ]
    return Matrix(caption, view.classes, cells)


def _both(count: int, difference: int, known: bool) -> str:
    return f"{count}\n{signed(difference)}" if known else str(count)


def _as_text(view: View, rows: list[list[str]]) -> str:
    """A line for each true class, its counts in the order of the classes."""
    names = view.short_classes
    lines = ["\t".join(["truth", *(n[:10] for n in names)])]
    lines += ["\t".join([name, *(c.replace("\n", " ") for c in row)]) for name, row in zip(names, rows, strict=True)]
    return "\n".join(lines)


def _largest(view: View, mine: np.ndarray, step: np.ndarray, most: int = 8) -> str:
    """The confusions that changed most, a line each."""
    order = np.argsort(-np.abs(step), axis=None, kind="stable")[:most]
    names = view.short_classes
    pairs = [divmod(int(i), len(step)) for i in order]
    found = [f"{names[a]} taken for {names[b]}: {mine[a, b]} ({signed(int(step[a, b]))})" for a, b in pairs]
    return "\n".join(["The largest changes of it:", *found])


def _pixels(shares: np.ndarray) -> Markup:
    """(classes, classes) changes of share -> a data: address of a PNG picture, a pixel a cell, coloured by its gain."""
    gains = np.where(np.eye(len(shares), dtype=bool), shares, -shares)
    colours = np.zeros((*shares.shape, 4), np.uint8)
    for bound, opaque in zip(confusion.DIFFERENCES, (80, 120, 165, 210, 255), strict=True):
        colours[gains >= bound - 1e-12] = (*BETTER, opaque)
        colours[gains <= -bound + 1e-12] = (*WORSE, opaque)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG", optimize=True)
    return Markup("data:image/png;base64," + base64.b64encode(file.getvalue()).decode())


def moved_examples(view: View, trial: Trial, pictured: bool) -> list[Block]:
    """The test examples it gained and lost against the baseline, surest first; counts alone without pictures."""
    mine, its = right(view, trial.record), right(view, trial.compared.baseline)
    if mine is None or its is None or len(mine) != len(its):
        return []
    gained, lost = np.flatnonzero(mine & ~its), np.flatnonzero(~mine & its)
    said = text(
        "Of {} test {} it gains {} that the baseline gets wrong and loses {} that it gets right.",
        f"{len(mine):,}",
        view.members,
        strong(f"{len(gained):,}"),
        strong(f"{len(lost):,}"),
    )
    blocks: list[Block] = [Text([said])]
    if not pictured:
        return blocks
    predictions, images = view.predictions(trial.record.run_id), view.images
    if predictions is None or images is None or len(images) != len(mine) or len(predictions.labels) != len(mine):
        return blocks
    sure, taken = predictions.probabilities.max(axis=1), predictions.probabilities.argmax(axis=1)
    for index, caption in ((gained, "Gained, surest first"), (lost, "Lost, surest first")):
        first = index[np.argsort(-sure[index], kind="stable")][:THUMBNAILS]
        items = [
            picture(images[i], view, int(predictions.labels[i]), int(taken[i]), float(sure[i]), f"Test image {i}")
            for i in first
        ]
        if items:
            blocks.append(Pictures(caption, items))
    return blocks
