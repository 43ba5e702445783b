"""The chapter that asks: where did it change."""

from __future__ import annotations

from study.report import confusion
from study.report.blocks import Block, Fold, Grid, Note, Section, Text
from study.report.parts.changed import Compared, class_figure, class_matrix, class_sentence, compared, confused_table
from study.report.parts.moved import moved_pictures, moved_sentence, moved_table
from study.report.text import text
from study.report.view import View

NAME, QUESTION, SHORT = "where", "Where did it change?", "Where"
BESIDE = 12
"""Classes up to which a matrix has room beside the figure."""
MATRIX = "How often each class is taken for which"


def by_class(view: View) -> Section | None:
    """The change of each class's recall, and of what is taken for what."""
    found = compared(view)
    changes = None if found is None else found.classes
    if found is None or changes is None or not changes.order:
        return None
    blocks: list[Block] = [*_exploratory(view, found), Text([class_sentence(view, found, changes)])]
    figure = class_figure(view, found, changes)
    if len(view.classes) <= confusion.WIDEST:
        matrix = class_matrix(view, found, changes)
        blocks += [Grid([figure, matrix])] if len(view.classes) <= BESIDE else [figure, Fold(MATRIX, [matrix])]
    else:
        blocks += [figure, Fold("The confusions that changed most", [confused_table(view, found, changes)])]
    return Section("winner-classes", text("Classes: {} against the baseline", found.who), blocks)


def by_example(view: View) -> Section | None:
    """Which test examples were gained and lost, and how many two runs of the baseline differ by."""
    found = compared(view)
    moved = None if found is None else found.moved
    if found is None or moved is None:
        return None
    said: list[Block] = [Text([moved_sentence(view, found, moved)])]
    blocks: list[Block] = said if moved.n == 1 else [Grid([*said, moved_table(view, found, moved)])]
    if moved.n > 1 and (pictures := moved_pictures(view, found, moved)):
        blocks.append(Fold(f"The {view.members} gained and lost in most seeds", pictures))
    if found.classes is None:
        blocks = [*_exploratory(view, found), *blocks]
    return Section("winner-examples", f"{view.members.capitalize()} gained and lost", blocks)


def _exploratory(view: View, found: Compared) -> list[Block]:
    """A remark where nothing was confirmed."""
    if found.fresh:
        return []
    said = text("One run each, chosen on validation: nothing is confirmed. These are its test {}.", view.members)
    return [Note("info", "Exploratory", [said])]


SECTIONS = [by_class, by_example]
