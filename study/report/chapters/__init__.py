"""The sections of the report: a function that returns data, and its name in the list of its chapter.

A chapter is a module that answers one question of the reader; ``CHAPTERS`` has them in the reader's order. To add a
section, write a function ``View -> Section | None`` in the chapter it belongs to and put its name into that module's
``SECTIONS``. None leaves the section out; a chapter without sections is left out too.
"""

from __future__ import annotations

from types import ModuleType

from study.report.blocks import Chapter
from study.report.chapters import (
    baseline,
    budget,
    classes,
    comparison,
    cost,
    errors,
    failures,
    hyperparameters,
    images,
    methods,
    protocol,
    trials,
    winner,
)
from study.report.view import View

CHAPTERS: list[ModuleType] = [
    protocol,
    baseline,
    comparison,
    winner,
    hyperparameters,
    budget,
    cost,
    errors,
    classes,
    images,
    trials,
    failures,
    methods,
]


def chapters(view: View) -> list[Chapter]:
    """Return the chapters that have something to say about this study."""
    found = []
    for module in CHAPTERS:
        sections = [section for make in module.SECTIONS if (section := make(view)) is not None]
        if sections:
            found.append(Chapter(module.NAME, module.QUESTION, module.SHORT, sections))
    return found
