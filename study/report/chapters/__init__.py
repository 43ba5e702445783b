"""The chapters of the report, and nothing else: each module here is one, in the order of ``CHAPTERS``.

A chapter answers one question of the reader: its ``NAME`` (the link), ``QUESTION`` (a text, or a function of the view),
``SHORT`` (in the contents), ``SECTIONS``, and ``FOLDED`` where it opens on demand. To add a section, write a function
``View -> Section | None`` in the chapter it belongs to and put its name into that module's ``SECTIONS``; None leaves
the section out, and a chapter without sections is left out too. Sections too long for their chapter's module, and what
several chapters show, lie in ``study.report.parts``. Chapters import parts, never each other.
"""

from __future__ import annotations

from types import ModuleType

from study.report.blocks import Chapter, Section
from study.report.chapters import ablation, baseline, certainty, cost, failures, methods, trials, tried, where
from study.report.view import View

CHAPTERS: list[ModuleType] = [ablation, certainty, where, tried, cost, baseline, trials, failures, methods]


def chapters(view: View) -> list[Chapter]:
    """Return the chapters that have something to say about this study."""
    found: dict[ModuleType, list[Section]] = {}
    for module in sorted(CHAPTERS, key=lambda m: m is certainty):  # it says which files the others could not use
        found[module] = [section for make in module.SECTIONS if (section := make(view)) is not None]
    return [
        Chapter(m.NAME, _question(m, view), m.SHORT, found[m], getattr(m, "FOLDED", False))
        for m in CHAPTERS
        if found[m]
    ]


def _question(module: ModuleType, view: View) -> str:
    asked = module.QUESTION
    return str(asked(view) if callable(asked) else asked)
