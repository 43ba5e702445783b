"""The chapter that asks: which change did it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from results.analysis.ablation import AblationResult, VerdictRow
from results.analysis.ablation_plan import ROLES
from results.analysis.verdicts import PairVerdict
from results.config import changes
from study.report.blocks import Block, Code, Command, Fold, Note, Section, Text
from study.report.cells import Column, Table
from study.report.parts.lead import foremost
from study.report.parts.pairs import paired
from study.report.parts.verdicts import counted, effects_figure, error_shared, plain_name, verdict_columns
from study.report.tables.judged import explained
from study.report.tables.verdicts import path_sentence, verdict_table
from study.report.tables.writers import latex, markdown
from study.report.text import clean, code, duration, joined, name, number, plural, text, value, words
from study.report.view import View

NAME, QUESTION, SHORT = "changes", "Which change did it?", "Which change"
DONE = {"leave-one-out": "taken back alone", "add-one-in": "applied alone", "named": "tried by name"}


def ablation(view: View) -> Section | None:
    """Each change left out and added alone in one chart, with verdicts; all else about it opens on demand."""
    found = view.ablation
    if found is None or not found.rows:
        return _not_asked(view)
    title = text("What each change does{}", _where(found))
    done = [words for role, words in DONE.items() if any(r.role == role for r in found.rows)]
    did = f"Each change was {joined(done)}" if done else "All changes were tested together"
    speaks = "positive" if view.metric.better == "higher" else "negative"
    said = text("{}. A {} difference speaks for the change.", did, speaks)
    figure = effects_figure(view, "ablation", title, _drawn(found), found.last.margin, said)
    blocks: list[Block] = [*_other_settings(view, found), figure or Text([said])]
    if found.disagreements:
        blocks += [Note("warn", "Importance and effect disagree", [words(d)]) for d in found.disagreements]
    blocks += [
        Note("warn", name(r.name), [clean(r.tested.note, 2000)])
        for r in found.rows
        if r.tested.note and r.tested.failures.candidate
    ]
    blocks += [Fold("The numbers, and what the verdicts rest on", _numbers(view, found), name="ablation-numbers")]
    return Section("ablation", "Ablation", blocks)


def _not_asked(view: View) -> Section | None:
    """That several changes were only tested together, and how to take them apart."""
    two = paired(view)
    if two is None or len(two.changes) < 2:
        return None
    said = text("The {} of {} were only tried together.", plural(len(two.changes), "change"), two.name)
    better = two.tested is not None and two.tested.verdict.label == "better"
    if not better or view.next.name == "ablate":
        return Section("ablation", "Ablation", [Text([said])])
    command = view.command("ablate", "--parts", "leave-one-out")
    label = text("{} To train it without each of them:", said)
    return Section("ablation", "Ablation", [Command(command, label)])


def _where(found: AblationResult, seeds: bool = True) -> str:
    """The settings under which effects hold: ', at epochs = 8, n = 7 seeds'."""
    fixed = [f"{k} = {value(v)}" for k, v in found.plan.fixed.items()]
    if not fixed and isinstance(found.epochs, int):
        fixed = [f"epochs = {found.epochs}"]
    runs = counted(r.tested for r in found.rows)
    told = [*fixed, *([runs] if seeds else [])]
    return f", at {', '.join(told)}" if fixed else f", {', '.join(told)}" if told else ""


def _drawn(found: AblationResult) -> list[tuple[str, PairVerdict] | str]:
    """The rows of the chart: all changes together, then each, under a heading where they were tried in several ways."""
    roles = [role for role in dict.fromkeys(r.role for r in found.rows) if role != "all"]
    rows: list[tuple[str, PairVerdict] | str] = []
    for role in dict.fromkeys(r.role for r in found.rows):
        mine = [r for r in found.rows if r.role == role]
        if role != "all" and len(roles) > 1:
            rows.append(f"Each change {DONE[role]}")
        rows += [(_plain_change(r), r.tested) for r in mine]
    return rows


def _plain_change(row: VerdictRow) -> str:
    """A change in a few words: 'batch_size 256 → 128', 'all 4 changes together'."""
    if row.role == "all":
        count = len(row.changes)
        return f"all {count} changes together" if count > 1 else "the change"
    steps = [f"{k} {value(old)} → {value(new)}" for k, (old, new) in row.changes.items()]
    return ", ".join(steps) if steps and row.role != "named" else clean(row.name, 60)


def _other_settings(view: View, found: AblationResult) -> Sequence[Block]:
    """A warning where the ablation held other settings than the confirmation, so that their effects do not add up."""
    first = foremost(view)
    run = view.chosen_run(first.pair) if first is not None else None
    if first is None or run is None or all(r.by_confirm for r in found.rows if r.role == "all"):
        return []
    differ = {k: v for k, v in changes(found.plan.start, run.config).items() if k in found.plan.fixed}
    if changes(found.plan.start, run.config).keys() - differ.keys():
        who = plain_name(view, first)
        said = text("These changes are not those of {}, which the head of this page is about.", who)
        return [Note("warn", "Another config", [said])]
    if not differ:
        return []
    here, there = (joined([text("{} = {}", code(k, 40), value(pair[i])) for k, pair in differ.items()]) for i in (1, 0))
    said = text(
        "These effects hold at {}; the confirmation ran at {}, so they do not add up to its difference", here, there
    )
    together = next((r.tested.verdict for r in found.rows if r.role == "all" and r.tested.verdict.n), None)
    if together:
        two = (view.gain(v.estimate) for v in (together, first.verdict))
        said += text(": all changes together make {} here and {} there", *two)
    said += Markup(".")
    return [Note("warn", "Other settings than the confirmation", [said])]


def _numbers(view: View, found: AblationResult) -> list[Block]:
    """The tables by role, what is said of their verdicts, and the whole as text."""
    sized = any(r.parameters for r in found.rows)
    tested = [r.tested for r in found.rows]
    columns = [
        Column("Change", show=_change),
        *verdict_columns(view, tested, lambda r: r.tested),
        Column("Parameters", show=lambda r: number(r.parameters), numeric=True, when=sized),
        Column("Time per run", show=lambda r: duration(r.seconds), numeric=True),
    ]
    blocks: list[Block] = []
    for role in dict.fromkeys(r.role for r in found.rows):
        caption = text("{}: {}{}", role.capitalize(), ROLES[role], _where(found, seeds=False))
        blocks.append(Table.of(caption, [r for r in found.rows if r.role == role], columns))
    told = [text("{}", error_shared(view, "ablation", found.looks, found.plans)), words(" ".join(explained(tested)))]
    told += [words(path_sentence(found, view.metric))]
    told += [
        text("{}: {}.", r.name, r.tested.note) for r in found.rows if r.tested.note and not r.tested.failures.candidate
    ]
    told += [text("{}: as tested by confirm, among its own comparisons.", r.name) for r in found.rows if r.by_confirm]
    blocks.append(Text([paragraph for paragraph in told if paragraph]))
    for command in found.elsewhere:
        blocks.append(Command(clean(command, 400), "The ablation of another config; to see it, without training"))
    table = verdict_table(found, view.meta)
    return [
        *blocks,
        Code(latex(table), "The table in LaTeX (booktabs)"),
        Code(markdown(table), "The table in Markdown"),
    ]


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
