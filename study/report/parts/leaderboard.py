"""The leaderboard of complete trials, and the list of pruned ones: what was trained to its end ranks, nothing else."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.record import Record
from study.report.blocks import Block, Command, Download, Downloads, Fold, Section
from study.report.cells import Cell, Column, Table
from study.report.tables import leaderboard as tables
from study.report.tables.writers import WRITERS
from study.report.text import clean, duration, plural, strong, text
from study.report.view import STATUSES, View, trial_changes, trial_link

VISIBLE, AT_ONCE = 10, 15
"""Rows of a leaderboard of more than ``AT_ONCE`` complete trials that show; all are in a fold below."""


@dataclass(frozen=True)
class Standing:
    """A row of the leaderboard: a trial with its rank, or the baseline."""

    record: Record
    trial: Trial | None = None
    rank: int | None = None


def status_counts(view: View) -> list[str]:
    """How many trials ended how: '12 complete', '37 pruned'."""
    return [f"{len(view.having(s)):,} {s}" for s in STATUSES if view.having(s)]


def leaderboard(view: View) -> Section | None:
    """Complete trials and the baseline by rank; pruned ones in a fold; all to take away."""
    rows = standings(view)
    stopped = [t for t in view.shown if t.record.status == "pruned"]
    if not rows and not stopped:
        return None
    columns, many = board_columns(view), len(rows) > AT_ONCE + 1
    blocks: list[Block] = []
    if rows and many:
        blocks.append(_board(board_caption(view), rows[: VISIBLE + 1], columns))
        hint = clean(view.varying[0], 30) if view.varying else "baseline"
        whole = _board("To sort and to filter", rows, columns, name="leaderboard-table", tools=True, hint=hint)
        blocks.append(Fold(f"{'The best' if view.of_all else 'All'} {len(rows):,} rows", [whole]))
    elif rows:
        blocks.append(_board(board_caption(view), rows, columns, name="leaderboard-table", tools=True))
    if stopped:
        blocks.append(
            Fold(plural(len(view.having("pruned")), "pruned trial"), [_stopped(view, stopped)], "pruned-list")
        )
    take = Command(view.command("report", "--format", "csv"), "All trials as a table; also as json, md or latex")
    return Section("leaderboard", "Leaderboard", [*blocks, take if view.of_all else Downloads(downloads(view))])


def standings(view: View) -> list[Standing]:
    """Complete trials by rank, the baseline in its place among them."""
    rows = [Standing(t.record, t, rank) for rank, t in enumerate(view.ranked, 1) if t.on_page]
    if view.reference is not None:
        score = view.reference.score or 0.0
        place = next((i for i, s in enumerate(rows) if (s.record.score or 0.0) <= score), len(rows))
        rows.insert(place, Standing(view.reference))
    return rows


def _board(caption: Markup | str, rows: list[Standing], columns: list[Column], **about: object) -> Table:
    table = Table.of(caption, rows, columns, style="board", **about)
    for made, row in zip(table.rows, rows, strict=True):
        made.style = "" if row.trial else "base"
    return table


def board_columns(view: View) -> list[Column]:
    """The columns that this study has something for; a metric sorts by its values, the better end first."""
    best_first = "number" if view.metric.better == "higher" else "least"

    def gain(row: Standing) -> Cell:
        value = row.trial.compared.as_configured if row.trial else 0.0
        return Cell(view.gain(value) if row.trial else "0", view.raw(value), sign_style(value))

    return [
        Column("Run and what it changes", lambda r: _named(view, r), sort="number"),
        Column("Rank", lambda r: Cell("–" if r.rank is None else str(r.rank), r.rank), numeric=True, sort="number"),
        Column("Against baseline", gain, numeric=True, sort=best_first),
        Column(
            "Validation", lambda r: Cell(view.score(r.record.score), view.raw(r.record.score)), True, sort=best_first
        ),
        Column(
            "Epochs", lambda r: Cell(epochs(r.record), len(r.record.history)), True, sort="number", when=view.has_epochs
        ),
        Column("Time", lambda r: Cell(duration(r.record.seconds), r.record.seconds), numeric=True, sort="number"),
        Column(
            "Test (not ranked)",
            lambda r: view.score(r.record.test_score),
            numeric=True,
            when=bool(view.metric.test),
        ),
    ]


def _named(view: View, row: Standing) -> Cell:
    if row.trial is None:
        return Cell(text("baseline, seed {}", row.record.seed), -1)
    named = _trial(row.trial)
    if label := view.fresh_label(row.trial):
        named += text(" <small>on fresh seeds: {}</small>", strong(label))
    return Cell(named, row.trial.order)


def _trial(trial: Trial) -> Markup:
    return Markup("{} <small>{}</small>").format(trial_link(trial), trial_changes(trial))


def board_caption(view: View) -> Markup:
    """What is ranked and what is not."""
    return text(
        "{} complete of {}{}, ranked by {}. {}{}{}",
        f"{len(view.ranked):,}",
        plural(len(view.trials), "trial"),
        f"; {view.of_all} are on the page" if view.of_all else "",
        view.metric.what("validation"),
        view.least,
        f"Differences are in {view.metric.difference_unit}, to the baseline run of the same seed. "
        if view.metric.difference_unit
        else "Differences are to the baseline run of the same seed. ",
        "Test figures are shown and cannot be sorted by." if view.metric.test else "",
    )


def _stopped(view: View, trials: list[Trial]) -> Table:
    """Pruned trials, those that came farthest first; each against the baseline at its own last epoch, never ranked."""
    columns: list[Column] = [
        Column("Trial and what it changes", _trial),
        Column("Stopped after", lambda t: plural(len(t.record.history), "epoch"), numeric=True),
        Column("Against baseline then", lambda t: Cell(view.gain(t.compared.at_equal)), numeric=True, when=view.equal),
        Column("Time", lambda t: duration(t.record.seconds), numeric=True),
    ]
    caption = text(
        "Those that came farthest first. Differences of two epochs do not compare: none is ranked.{}",
        f" {view.of_all} are on the page." if view.of_all else "",
    )
    return Table.of(caption, trials, columns, compact=True, style="board")


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


def epochs(run: Record) -> str:
    """Epochs trained, and of how many where it stopped early."""
    asked = run.config.get("epochs")
    done = len(run.history)
    return f"{done} of {asked}" if isinstance(asked, int) and asked != done else str(done)


def sign_style(value: float | None) -> str:
    """The style of a signed number."""
    return "" if not value else "up" if value > 0 else "down"
