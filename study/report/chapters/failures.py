"""The chapter that asks: what failed."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.record import Record
from study.report.blocks import Block, Note, Section, Text
from study.report.cells import Column, Table
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
    rows = [*trials[:SHOWN], *others[:SHOWN]]
    columns = [
        Column("Run", show=_run),
        Column("Status", show=lambda r: _record(r).status),
        Column("Epochs", show=lambda r: epochs(_record(r)), numeric=True, when=view.has_epochs),
        Column("Reason", show=lambda r: clean(_record(r).error or "no reason recorded")),
        Column("Changes", show=lambda r: trial_changes(r) if isinstance(r, Trial) else "–"),
    ]
    count = len(trials) + len(others)
    has = plural(count, "run has", "runs have")
    said = text("{} no score at all: it is left out of every ranking and counted nowhere as 0.", has)
    blocks: list[Block] = [Text([said]), Table.of("Runs that failed or diverged", rows, columns)]
    if count > len(rows):
        blocks.append(Note("info", "Shortened", [text("The first {} are shown.", len(rows))]))
    return Section("failed", "Runs without a score", blocks)


def _record(run: Trial | Record) -> Record:
    return run.record if isinstance(run, Trial) else run


def _run(run: Trial | Record) -> Markup | str:
    return trial_link(run) if isinstance(run, Trial) else clean(f"{run.kind} run {run.run_id}", 60)


FOLDED = True
SECTIONS = [failed]
