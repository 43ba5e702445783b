"""The chapter that asks: which change did it."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.ablation import VerdictRow
from results.analysis.ablation_plan import ROLES
from study.report.blocks import Block, Cell, Code, Column, Command, Note, Notes, Row, Section, Table, Text
from study.report.parts.verdicts import effects_figure, error_shared, verdict_cells, verdict_columns
from study.report.tables.judged import explained
from study.report.tables.verdicts import path_sentence, verdict_table
from study.report.tables.writers import latex, markdown
from study.report.text import (
    clean,
    code,
    duration,
    joined,
    name,
    number,
    text,
    value,
    words,
)
from study.report.view import View

NAME, QUESTION, SHORT = "changes", "Which change did it?", "Which change"


def ablation(view: View) -> Section | None:
    """Each change left out and added alone, with verdicts; the greedy path and the interaction, described."""
    found = view.ablation
    if found is None or not found.rows:
        return None
    groups: list[Block] = []
    sized = any(r.parameters for r in found.rows)
    tested = [r.tested for r in found.rows]
    for role in dict.fromkeys(r.role for r in found.rows):
        rows = [
            Row(
                [
                    Cell(_change(r)),
                    *verdict_cells(view, r.tested, tested),
                    *([Cell(number(r.parameters))] if sized else []),
                    Cell(duration(r.seconds)),
                ]
            )
            for r in found.rows
            if r.role == role
        ]
        columns = [
            Column("Change"),
            *verdict_columns(view, tested),
            *([Column("Parameters", numeric=True)] if sized else []),
            Column("Time per run", numeric=True),
        ]
        groups.append(Table(text("{}: {}", role.capitalize(), ROLES[role]), columns, rows))
    named = [(f"{r.name} ({r.role})" if r.role != "all" else "all changes", r.tested) for r in found.rows]
    figure = effects_figure(view, "ablation", "What each change does", named, found.last.margin)
    done = {"leave-one-out": "taken back alone", "add-one-in": "applied alone", "named": "tried by name"}
    said = text(
        "{} with runs on fresh seeds, paired. A {} difference speaks for the change. {}",
        text("Each change was {},", joined([v for k, v in done.items() if any(r.role == k for r in found.rows)]))
        if any(r.role in done for r in found.rows)
        else "All changes together were tested",
        "positive" if view.metric.better == "higher" else "negative",
        error_shared(view, "ablation", found.looks, found.plans),
    )
    why = explained(tested)
    blocks: list[Block] = [Text([said]), *([figure] if figure else []), *groups]
    blocks += [Text([words(" ".join(why))])] if why else []
    if told := path_sentence(found, view.metric):
        blocks.append(Text([words(told)]))
    if found.disagreements:
        blocks.append(Notes([Note("warn", "Importance and effect disagree.", [words(d)]) for d in found.disagreements]))
    blocks += [
        Note("warn", name(r.name), [clean(r.tested.note, 2000)])
        for r in found.rows
        if r.tested.note and r.tested.failures.candidate
    ]
    notes = [
        text("{}: {}", r.name, r.tested.note) for r in found.rows if r.tested.note and not r.tested.failures.candidate
    ]
    notes += [text("{}: as tested by confirm, among its own comparisons.", r.name) for r in found.rows if r.by_confirm]
    blocks += [Text(notes)] if notes else []
    for command in found.elsewhere:
        blocks.append(Command(clean(command, 400), "The ablation of another config; to see it, without training"))
    table = verdict_table(found, view.meta)
    blocks += [
        Code(latex(table), "The table in LaTeX (booktabs)"),
        Code(markdown(table), "The table in Markdown"),
    ]
    return Section("ablation", "Which of its changes contribute", blocks)


def _change(row: VerdictRow) -> Markup:
    parts = [
        text("{} {} → {}", code(k, 40), "–" if old is None else value(old), value(new))
        for k, (old, new) in row.changes.items()
    ]
    if not parts:
        return name(row.name)
    change = Markup('<span class="ch">{}</span>').format(joined(parts, last=", "))
    return text("{}: {}", name(row.name), change) if row.role == "named" else change


SECTIONS = [ablation]
