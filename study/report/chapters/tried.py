"""The chapter that asks: what was tried."""

from __future__ import annotations

from study.report.parts.budget import equal, search
from study.report.parts.forest import forest
from study.report.parts.hyperparameters import early, effects
from study.report.parts.importance import shares
from study.report.parts.leaderboard import leaderboard

NAME, QUESTION, SHORT = "tried", "What was tried?", "What was tried"
SECTIONS = [forest, leaderboard, effects, early, shares, equal, search]
