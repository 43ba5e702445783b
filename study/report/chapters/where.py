"""The chapter that asks: where did it change."""

from __future__ import annotations

from study.report import confusion
from study.report.blocks import Block, Fold, Grid, Note, Section, Text
from study.report.parts.changed import (
    class_changes,
    class_figure,
    class_matrix,
    class_sentence,
    confused_table,
    foremost_pairs,
)
from study.report.parts.moved import moved, moved_pictures, moved_sentence, moved_table
from study.report.parts.pairs import Paired
from study.report.text import text
from study.report.view import View

NAME, QUESTION, SHORT = "where", "Where did it change?", "Where"
BESIDE = 12
"""Classes up to which a matrix has room beside the figure."""
MATRIX = "How often each class is taken for which"


def by_class(view: View) -> Section | None:
    """The change of each class's recall, and of what is taken for what."""
    two = foremost_pairs(view)
    changes = None if two is None else class_changes(view, two)
    if two is None or changes is None or not changes.order:
        return None
    blocks: list[Block] = [*_exploratory(view, two), Text([class_sentence(view, two, changes)])]
    figure = class_figure(view, two, changes)
    if len(view.classes) <= confusion.WIDEST:
        matrix = class_matrix(view, two, changes)
        blocks += [Grid([figure, matrix])] if len(view.classes) <= BESIDE else [figure, Fold(MATRIX, [matrix])]
    else:
        blocks += [figure, Fold("The confusions that changed most", [confused_table(view, two, changes)])]
    return Section("winner-classes", text("Classes: {} against the baseline", two.who), blocks)


def by_example(view: View) -> Section | None:
    """Which test examples were gained and lost, and how many two runs of the baseline differ by."""
    two = foremost_pairs(view)
    found = None if two is None else moved(view, two)
    if two is None or found is None:
        return None
    said: list[Block] = [Text([moved_sentence(view, two, found)])]
    blocks: list[Block] = said if found.n == 1 else [Grid([*said, moved_table(view, two, found)])]
    if found.n > 1 and (pictures := moved_pictures(view, two, found)):
        blocks.append(Fold(f"The {view.members} gained and lost in most seeds", pictures))
    if not view.classification:
        blocks = [*_exploratory(view, two), *blocks]
    return Section("winner-examples", f"{view.members.capitalize()} gained and lost", blocks)


def _exploratory(view: View, two: Paired) -> list[Block]:
    """A remark where nothing was confirmed."""
    if two.tested:
        return []
    said = text("One run each, chosen on validation: nothing is confirmed. These are its test {}.", view.members)
    return [Note("info", "Exploratory", [said])]


SECTIONS = [by_class, by_example]
