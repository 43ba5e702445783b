"""Tables and matrices of the page: columns that make cells from what a row is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from study.report.blocks import Block


@dataclass
class Column:
    """A table's column. ``sort``: 'number' or 'text' where the reader may sort by it; '' where not.

    ``show`` makes its cell from what a row is about: a :class:`Cell`, or a text; ``when``: whether the table has it.
    """

    label: Markup | str
    show: Callable[[Any], Cell | Markup | str] | None = None
    numeric: bool = False
    sort: str = ""
    when: bool = True


@dataclass
class Cell:
    """A table's cell. ``key`` is what it sorts by: a number or a text; None sorts last."""

    text: Markup | str
    key: float | str | None = None
    style: str = ""


@dataclass
class Row:
    """A table's row; its first cell is its header."""

    cells: Sequence[Cell]
    style: str = ""
    status: str = ""

    @classmethod
    def of(cls, item: Any, columns: Sequence[Column], style: str = "", status: str = "") -> Row:
        """The row of one item."""
        made = [column.show(item) for column in columns if column.when and column.show is not None]
        return cls([c if isinstance(c, Cell) else Cell(c) for c in made], style, status)


@dataclass
class Table(Block):
    """A table with a caption. ``name`` makes it the target of links and, with ``tools``, sortable and filterable."""

    kind: ClassVar[str] = "table"
    caption: Markup | str
    columns: Sequence[Column]
    rows: Sequence[Row]
    name: str = ""
    tools: bool = False
    hint: str = ""  # what one may filter by, with tools
    statuses: Sequence[str] = ()
    compact: bool = False
    style: str = ""

    @classmethod
    def of(cls, caption: Markup | str, items: Iterable[Any], columns: Sequence[Column], **more: Any) -> Table:
        """One row per item, each cell made by its column."""
        kept = [column for column in columns if column.when]
        return cls(caption, kept, [Row.of(item, kept) for item in items], **more)


@dataclass
class Matrix(Block):
    """A square table of counts with a class per cell for its colour. Rows are the truth, columns the prediction.

    ``ends``: a last column, called ``end_label``, of what is said of each row. A legend's item without a CSS class
    begins a group of those after it.
    """

    kind: ClassVar[str] = "matrix"
    caption: Markup | str
    classes: Sequence[Markup]
    cells: Sequence[Sequence[tuple[str, str]]]  # (shown text, CSS class)
    ends: Sequence[tuple[str, str]] = ()
    end_label: str = ""
    legend: Sequence[tuple[str, str]] = ()  # (CSS class, meaning)

    @property
    def wide(self) -> float:
        """About how wide the table is, in its own font size; the style sheet sets that so that it fits its place."""
        names = max((len(c.striptags()) for c in self.classes), default=0)
        rows = [
            [max(map(len, shown.splitlines() or [""])) for shown, _ in (*row, *self.ends[i : i + 1])]
            for i, row in enumerate(self.cells)
        ]
        cells = sum(max(2.2, 0.64 * max(column) + 0.5) for column in zip(*rows, strict=True))
        return float(round(0.6 * max(names, 9) + 1.5 + bool(self.ends) + cells, 1))  # of DejaVu Sans, a wide font
