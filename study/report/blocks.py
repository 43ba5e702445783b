"""What a section is made of: plain data that a template lays out. One dataclass, one template of the same ``kind``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup, escape

from study.report.text import clean

MOST = 1_000_000  # characters of a command: one that is cut may leave a quote open


@dataclass
class Block:
    """A piece of a section; ``kind`` names its template ``blocks/<kind>.html.j2``."""

    kind: ClassVar[str]


@dataclass
class Text(Block):
    """Paragraphs."""

    kind: ClassVar[str] = "text"
    paragraphs: Sequence[Markup | str]


@dataclass
class Note(Block):
    """A remark that must not be missed. ``tone``: 'good', 'warn', 'bad' or 'info'; never told by colour alone."""

    kind: ClassVar[str] = "note"
    tone: str
    title: Markup | str
    paragraphs: Sequence[Markup | str] = ()


@dataclass
class Notes(Block):
    """A list of short remarks, each with a tone and a mark."""

    kind: ClassVar[str] = "notes"
    items: Sequence[Note]


@dataclass
class Tile:
    """One large number with its label and a line of detail."""

    label: str
    value: Markup | str
    detail: Markup | str = ""


@dataclass
class Facts(Block):
    """Terms and their values."""

    kind: ClassVar[str] = "facts"
    items: Sequence[tuple[Markup | str, Markup | str]]


@dataclass
class Command(Block):
    """A command to be typed, with what it is for. ``plain``: one text, for one of hundreds."""

    kind: ClassVar[str] = "command"
    text: str
    label: Markup | str = "To reproduce"
    plain: bool = False

    @property
    def shown(self) -> Markup:
        """The text, each option with its value in a piece of its own: lines break between them."""
        shown = clean(self.text, MOST, home=True)
        if self.plain:
            return escape(shown)
        first, *pieces = shown.split(" --")
        return Markup("<span>{}</span>").format(first) + Markup("").join(
            Markup(" <span>--{}</span>").format(piece) for piece in pieces
        )


@dataclass
class Figure(Block):
    """A drawing as inline SVG, told in words (``alt``) and numbers (``table``), with how to read it."""

    kind: ClassVar[str] = "figure"
    name: str
    title: Markup | str
    svg: Markup
    alt: str
    reading: Markup | str = ""
    table: Block | None = None  # a cells.Table


@dataclass
class Multiples(Block):
    """Small plots side by side, each an inline SVG under its title, with one caption for all."""

    kind: ClassVar[str] = "multiples"
    name: str
    caption: Markup | str
    items: Sequence[tuple[Markup | str, Markup, bool]]  # title, drawing, whether it is twice as wide

    @property
    def left(self) -> int:
        """Of four columns those that the last row leaves to the caption; all four where it leaves none."""
        at = 0
        for *_, wide in self.items:
            at = (0 if wide and at == 3 else at) + 1 + wide
            at = 0 if at == 4 else at
        return 4 - at


@dataclass
class Curve(Block):
    """A small hand-drawn learning curve: cheap enough for every trial. Points are in the units of ``box``."""

    kind: ClassVar[str] = "curve"
    title: Markup | str
    alt: str
    lines: Sequence[tuple[str, str]]  # (CSS class, SVG points)
    labels: Sequence[tuple[str, float, float, str]]  # (CSS class, x, y, text)
    rules: Sequence[float]  # y of the horizontal rules
    box: tuple[int, int] = (260, 130)


@dataclass
class Picture:
    """One small picture as a data: address."""

    source: Markup
    alt: str
    lines: Sequence[Markup | str] = ()


@dataclass
class Pictures(Block):
    """A grid of small pictures. ``columns`` > 0 fixes how many lie in a row."""

    kind: ClassVar[str] = "pictures"
    caption: Markup | str
    items: Sequence[Picture]
    columns: int = 0


@dataclass
class Grid(Block):
    """Blocks side by side where there is room."""

    kind: ClassVar[str] = "grid"
    blocks: Sequence[Block]


@dataclass
class Details(Block):
    """A folded part with its own link. ``summary`` cells stay visible."""

    kind: ClassVar[str] = "details"
    name: str
    title: Markup | str
    badge: str
    summary: Sequence[Markup | str]
    blocks: Sequence[Block]


@dataclass
class Fold(Block):
    """Blocks that open on demand, under one line."""

    kind: ClassVar[str] = "fold"
    label: Markup | str
    blocks: Sequence[Block]
    name: str = ""


@dataclass
class Download:
    """A file inside the page."""

    name: str
    label: str
    href: Markup


@dataclass
class Downloads(Block):
    """Links that save a file; they work without JavaScript."""

    kind: ClassVar[str] = "downloads"
    items: Sequence[Download]


@dataclass
class Lines(Block):
    """Terms and values as text, a line each with a tab between: one element, whatever there are of them."""

    kind: ClassVar[str] = "lines"
    items: Sequence[str]

    @property
    def shown(self) -> Markup:
        """The lines, each part cleaned as all other text is."""
        return Markup("\n").join(Markup("\t").join(clean(p) for p in line.split("\t")) for line in self.items)


@dataclass
class Pixels(Block):
    """A matrix as a small picture, a pixel a cell, with its numbers as text."""

    kind: ClassVar[str] = "pixels"
    caption: Markup | str
    source: Markup
    text: str

    @property
    def shown(self) -> Markup:
        """The text with its lines and tabs."""
        return escape(self.text)


@dataclass
class Code(Block):
    """A text to be copied as it is, line by line."""

    kind: ClassVar[str] = "code"
    text: str
    label: str

    @property
    def shown(self) -> Markup:
        """The text with its line breaks; within a line it is cleaned as all other text is."""
        return Markup("\n").join(clean(line, 20_000) for line in self.text.splitlines())


@dataclass
class Section:
    """A part of a chapter. ``name`` is its link."""

    name: str
    title: Markup | str
    blocks: Sequence[Block] = ()


@dataclass
class Chapter:
    """One question of the reader, with the sections that answer it. ``folded``: it opens on demand."""

    name: str
    question: str
    short: str
    sections: Sequence[Section] = field(default_factory=list)
    folded: bool = False
