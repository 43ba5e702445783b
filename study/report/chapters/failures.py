"""The chapter that asks: what failed."""

from __future__ import annotations

from study.report.blocks import Block, Cell, Column, Note, Row, Section, Table, Text
from study.report.parts.leaderboard import epochs
from study.report.text import clean, plural, text
from study.report.view import View, trial_changes, trial_link

NAME, QUESTION, SHORT = "failures", "What failed?", "Failures"
SHOWN = 100


def failed(view: View) -> Section | None:
    """Every run that failed or diverged, with its reason."""
    trials = view.having("failed", "diverged")
    known = {id(t.record) for t in view.trials}
    others = [r for r in view.records if r.status in ("failed", "diverged") and id(r) not in known]
    if not trials and not others:
        if not view.trials:
            return None
        return Section("failed", "Runs without a score", [Text([text("Nothing failed or diverged.")])])
    rows = [
        Row(
            [
                Cell(trial_link(t)),
                Cell(t.record.status),
                *([Cell(epochs(t.record))] if view.has_epochs else []),
                Cell(clean(t.record.error or "no reason recorded")),
                Cell(trial_changes(t)),
            ]
        )
        for t in trials[:SHOWN]
    ]
    rows += [
        Row(
            [
                Cell(clean(f"{r.kind} run {r.run_id}", 60)),
                Cell(r.status),
                *([Cell(epochs(r))] if view.has_epochs else []),
                Cell(clean(r.error or "no reason recorded")),
                Cell("–"),
            ]
        )
        for r in others[:SHOWN]
    ]
    columns = [Column("Run"), Column("Status"), Column("Reason"), Column("Changes")]
    if view.has_epochs:
        columns.insert(2, Column("Epochs", numeric=True))
    count = len(trials) + len(others)
    blocks: list[Block] = [
        Text(
            [
                text(
                    "{} no score at all: it is left out of every ranking and counted nowhere as 0.",
                    plural(count, "run has", "runs have"),
                )
            ]
        ),
        Table("Runs that failed or diverged", columns, rows),
    ]
    if count > len(rows):
        blocks.append(Note("info", "Shortened", [text("The first {} are shown.", len(rows))]))
    return Section("failed", "Runs without a score", blocks)


FOLDED = True
SECTIONS = [failed]
