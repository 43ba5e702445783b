"""The leaderboard: the baseline and every trial, complete ones by validation first."""

from __future__ import annotations

import base64
from typing import Any

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.record import Record
from study.report.blocks import Cell, Column, Download, Downloads, Row, Section, Table
from study.report.tables import leaderboard as tables
from study.report.tables.writers import WRITERS
from study.report.text import clean, duration, plural, strong, text
from study.report.view import View, trial_changes, trial_link

STATUSES = ("complete", "pruned", "diverged", "failed")


def columns(view: View) -> list[Column]:
    """The columns that this study has something for; a metric sorts by its values, the better end first."""
    best_first = "number" if view.metric.better == "higher" else "least"
    return [
        Column("Run and what it changes", sort="number"),
        Column("Rank", numeric=True, sort="number"),
        Column("Validation", numeric=True, sort=best_first),
        Column("Against baseline", numeric=True, sort=best_first),
        *([Column("At equal epochs", numeric=True, sort=best_first)] if view.equal else []),
        *([Column("Epochs", numeric=True, sort="number")] if view.has_epochs else []),
        Column("Time", numeric=True, sort="number"),
        *([Column("Test (not ranked)", numeric=True)] if view.metric.test else []),
    ]


def leaderboard(view: View) -> Section | None:
    """All trials and the baseline in one table: sortable, filterable, to take away."""
    if not view.trials and not view.baselines:
        return None
    rows = board_rows(view)
    statuses = [s for s in STATUSES if view.having(s)]
    about: dict[str, Any] = {"name": "leaderboard-table", "tools": True, "statuses": statuses}
    hint = clean(view.varying[0], 30) if view.varying else "baseline"
    table = Table(board_caption(view), columns(view), rows, hint=hint, **about)
    return Section("leaderboard", "Leaderboard", [table, Downloads(downloads(view))])


TYPES = {
    "csv": ("text/csv", "leaderboard.csv", "CSV"),
    "json": ("application/json", "leaderboard.json", "JSON"),
    "md": ("text/markdown", "leaderboard.md", "Markdown"),
    "latex": ("application/x-tex", "leaderboard.tex", "LaTeX"),
}


def downloads(view: View) -> list[Download]:
    """The table in every format as links that save a file, with or without JavaScript."""
    table = tables.leaderboard(view)
    found = []
    for kind, (mime, name, label) in TYPES.items():
        data = base64.b64encode(WRITERS[kind](table).encode()).decode()
        href = Markup(f"data:{mime};charset=utf-8;base64,{data}")  # Markup: never cut as a long name is
        found.append(Download(name, label, href))
    return found


def board_caption(view: View) -> Markup:
    """What is ranked and what is not."""
    return text(
        "{} complete of {}, ranked by {}. {}{}{}{}",
        len(view.ranked),
        plural(len(view.trials), "trial"),
        view.metric.what("validation"),
        view.least,
        (
            "Pruned trials have no full score and no rank: they are compared with the baseline at the epoch at which "
            "they were stopped. "
        )
        if view.equal
        else "",
        f"Differences are in {view.metric.difference_unit}. " if view.metric.difference_unit else "",
        "Test figures are shown and cannot be sorted by." if view.metric.test else "",
    )


def board_rows(view: View) -> list[Row]:
    """Complete trials by rank with the baseline in its place, then pruned ones, then those that failed."""
    scored: list[tuple[float, int, Row]] = []
    for rank, trial in enumerate(view.ranked, 1):
        scored.append((trial.record.score or 0.0, 0, _trial_row(view, trial, rank)))
    if view.reference is not None:
        scored.append((view.reference.score or 0.0, 1, _baseline_row(view, view.reference)))
    ordered = [row for _, _, row in sorted(scored, key=lambda s: (-s[0], -s[1]))]
    ranked = set(map(id, view.ranked))
    return ordered + [_trial_row(view, t, None) for t in by_rank(view) if id(t) not in ranked]


def by_rank(view: View) -> list[Trial]:
    """All trials: by rank, then pruned ones, then those that failed."""
    ranked = set(map(id, view.ranked))
    return [*view.ranked, *(t for s in STATUSES for t in view.having(s) if id(t) not in ranked)]


def status_counts(view: View) -> list[str]:
    """How many trials ended how: '12 complete', '37 pruned'."""
    return [f"{len(view.having(s)):,} {s}" for s in STATUSES if view.having(s)]


def _trial_row(view: View, trial: Trial, rank: int | None) -> Row:
    r, c = trial.record, trial.compared
    complete = r.status == "complete"
    equal = (
        Markup("{} <small>({} ep.)</small>").format(view.gain(c.at_equal), c.equal_epochs)
        if c.at_equal is not None
        else "–"
    )
    named = Markup("{} <small>{}</small>").format(trial_link(trial), trial_changes(trial))
    if label := view.fresh_label(trial):
        named += text(" <small>on fresh seeds: {}</small>", strong(label))
    return Row(
        [
            Cell(named, trial.order),
            Cell(text("<small>{}</small>", r.status) if rank is None else str(rank), rank),
            Cell(view.score(r.score) if complete else "–", view.raw(r.score) if complete else None),
            Cell(view.gain(c.as_configured), view.raw(c.as_configured), sign_style(c.as_configured)),
            *([Cell(equal, view.raw(c.at_equal))] if view.equal else []),
            *([Cell(epochs(r), len(r.history))] if view.has_epochs else []),
            Cell(duration(r.seconds), r.seconds),
            *([Cell(view.score(r.test_score) if complete else "–")] if view.metric.test else []),
        ],
        status=r.status,
    )


def _baseline_row(view: View, run: Record) -> Row:
    cells = [
        Cell(text("baseline, seed {}", run.seed), -1),
        Cell("–"),
        Cell(view.score(run.score), view.raw(run.score)),
        Cell("0", 0.0),
        *([Cell("0", 0.0)] if view.equal else []),
        *([Cell(epochs(run), len(run.history))] if view.has_epochs else []),
        Cell(duration(run.seconds), run.seconds),
        *([Cell(view.score(run.test_score))] if view.metric.test else []),
    ]
    return Row(cells, style="base", status="complete")


def epochs(run: Record) -> str:
    """Epochs trained, and of how many where it stopped early."""
    asked = run.config.get("epochs")
    done = len(run.history)
    return f"{done} of {asked}" if isinstance(asked, int) and asked != done else str(done)


def sign_style(value: float | None) -> str:
    """The style of a signed number."""
    return "" if not value else "up" if value > 0 else "down"
