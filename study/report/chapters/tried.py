"""The chapter that asks: what was tried."""

from __future__ import annotations

from study.report.blocks import Section
from study.report.parts.budget import search
from study.report.parts.forest import distances
from study.report.parts.hyperparameters import effects
from study.report.parts.leaderboard import leaderboard
from study.report.parts.parallel import parallel
from study.report.view import View

NAME, QUESTION, SHORT = "tried", "What was tried?", "What was tried"


def settings(view: View) -> Section | None:
    """Scores over settings: one hyperparameter at a time, all at once, and what else that shows, in folds."""
    lines = parallel(view)
    blocks = [*effects(view), *([] if lines is None else [lines]), *search(view)]
    return Section("hyperparameter-effects", "Which settings score well?", blocks) if blocks else None


SECTIONS = [distances, leaderboard, settings]
