"""The chapter that asks: how sure is it."""

from __future__ import annotations

from study.report.blocks import Note, Notes, Section
from study.report.parts.noise import noise
from study.report.parts.verdicts import confirmed
from study.report.parts.warnings import warnings
from study.report.view import View

NAME, QUESTION, SHORT = "sure", "How sure is it?", "How sure"


def validity(view: View) -> Section | None:
    """Whatever makes the comparison weaker than it looks."""
    found = warnings(view)
    if not found:
        if not view.trials:
            return None
        found = [Note("good", "No warning", ["Nothing was found that weakens the comparison."])]
    return Section("validity", "Warnings", [Notes(found)])


SECTIONS = [confirmed, validity, noise]
