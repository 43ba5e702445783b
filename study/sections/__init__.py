"""The sections of the report: a function that returns data, and its name in the list of its chapter.

A chapter is a module that answers one question of the reader; ``CHAPTERS`` has them in the reader's order. To add a
section, write a function ``View -> Section | None`` in the chapter it belongs to and put its name into that module's
``SECTIONS``. None leaves the section out; a chapter without sections is left out too.
"""

from __future__ import annotations

from types import ModuleType

from study.sections import (
    baseline,
    beat,
    budget,
    cost,
    errors,
    failures,
    gains,
    knobs,
    pictures,
    reproduce,
    trials,
    trust,
    winner,
)
from study.sections.blocks import Chapter
from study.sections.view import View

CHAPTERS: list[ModuleType] = [
    trust,
    baseline,
    beat,
    winner,
    knobs,
    budget,
    cost,
    errors,
    gains,
    pictures,
    trials,
    failures,
    reproduce,
]


def chapters(view: View) -> list[Chapter]:
    """Return the chapters that have something to say about this study."""
    found = []
    for module in CHAPTERS:
        sections = [section for make in module.SECTIONS if (section := make(view)) is not None]
        if sections:
            found.append(Chapter(module.NAME, module.QUESTION, module.SHORT, sections))
    return found
