"""Verdicts on fresh seeds: of candidates in a section, and what the ablation's share with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

from results.analysis.looks import Family, Look
from results.analysis.paired import MIN_SEEDS, claimed
from results.analysis.plans import Plan
from results.analysis.shrinkage import Shrinkage, shrinkage
from results.analysis.verdict import Verdict
from results.analysis.verdicts import PairVerdict
from study.report import figures
from study.report.blocks import Block, Figure, Fold, Note, Section, Text
from study.report.cells import Cell, Column, Table
from study.report.tables import judged as tables
from study.report.text import capital, clean, code, joined, percent, plural, strong, text, words
from study.report.view import View, trial_link

ROLE = {"better": "good", "worse": "bad", "undecided": "muted", "dropped": "muted"}


def confirmed(view: View) -> Section | None:
    """What fresh seeds say of each candidate; of a single one the head of the page has said it, so only the rest."""
    tested = view.verdicts("confirm")
    if not tested:
        return None
    v = tested[0].latest
    named = [(plain_name(view, j), j) for j in tested]
    title = f"Difference to the baseline on fresh seeds, {counted(tested)}{_alike(view, tested)}"
    figure = effects_figure(view, "confirm", title, named, v.margin)
    said = text(
        "{} from the sweep {} trained again on seeds that the sweep had not used, paired seed by seed with the "
        "baseline (same split, same order). Verdicts are about {}.",
        plural(len(tested), "candidate"),
        "was" if len(tested) == 1 else "were",
        claimed(v.claim, view.metric, view.members),
    )
    blocks: list[Block] = [figure] if figure and len(tested) > 1 else []
    left = _shrinkage(view, tested)
    blocks += [Text([_kept(view, tested[0])])] if left and len(tested) == 1 else []
    blocks += [Note(note_tone(j), candidate(view, j), [clean(j.note, 2000)]) for j in tested if j.note]
    numbers: list[Block] = [Text([said]), verdict_table(view, tested)]
    numbers += left
    shared = error_shared(view, "confirm", view.looks("confirm"), view.plans("confirm"))
    numbers.append(Text([text("{} {}", shared, words(" ".join(tables.explained(tested))))]))
    blocks.append(Fold("The verdicts in numbers", numbers, name="confirm-numbers"))
    return Section("confirmed", "Confirmed on fresh seeds", blocks)


def _alike(view: View, tested: Sequence[PairVerdict]) -> str:
    """The epochs that all candidates and the baseline trained; empty where they differ or there are none."""
    found = {run.config.get("epochs") for j in tested if (run := view.chosen_run(j.pair))}
    same = found.pop() if found == {view.meta.baseline.get("epochs")} else None
    return f", {plural(same, 'epoch')} each" if isinstance(same, int) else ""


def counted(tested: Iterable[PairVerdict]) -> str:
    """How many paired seeds comparisons rest on: 'n = 7 seeds', 'n = 3 to 16 seeds'."""
    n = sorted({j.verdict.n for j in tested})
    return f"n = {plural(n[0], 'seed')}" if len(n) == 1 else f"n = {n[0]} to {n[-1]} seeds"


def error_shared(view: View, family: Family, looks: Sequence[Look], plans: Sequence[Plan]) -> Markup:
    """How the error is shared out: over the comparisons and looks of earlier versions, and over plans."""
    if not plans:
        return text(
            "The error of 5 % is shared out over {} and {}{}.",
            plural(len(looks[-1].pairs), "comparison"),
            plural(looks[-1].number, "interim analysis (look)", "interim analyses (looks)"),
            ", all that were ever made" if family == "confirm" else "",
        )
    told = "; ".join(tables.plan_words(plan, view.metric) for plan in plans)
    return text("{}; {}.", capital(told), tables.error_spent(looks, plans))


def note_tone(tested: PairVerdict) -> str:
    """The tone of what must be said beside a verdict: a warning where runs of the candidate fail."""
    return "warn" if tested.failures.candidate else "info"


def candidate(view: View, tested: PairVerdict) -> Markup:
    """A candidate by its trial, else by its hash."""
    trial = view.trial_of(tested.pair)
    return trial_link(trial) if trial else code(tested.pair.candidate)


def plain_name(view: View, tested: PairVerdict) -> str:
    """The same without a link, for a figure."""
    trial = view.trial_of(tested.pair)
    return trial.label if trial else clean(tested.pair.candidate, 12)


def verdict_table(view: View, tested: Sequence[PairVerdict]) -> Table:
    """One row per candidate with all that a verdict rests on."""
    named = Column("Compared", show=lambda j: candidate(view, j))
    columns = [named, *verdict_columns(view, tested, lambda j: j)]
    return Table.of("Verdicts on fresh seeds", tested, columns, name="confirm-table")


def verdict_columns(view: View, tested: Sequence[PairVerdict], of: Callable[[Any], PairVerdict]) -> list[Column]:
    """The columns of all tables of verdicts: adjusted p where looks judged, t and its boundary where plans did.

    ``of`` gives a row's comparison, ``tested`` are those of all rows.
    """
    verdicts = [j.verdict for j in tested]
    by = {v.by for v in verdicts}
    head = capital(tables.interval_head(verdicts))
    return [
        Column("Verdict", show=lambda r: _verdict_cell(view, of(r))),
        Column(view.metric.axis_of_difference("Difference"), show=lambda r: _estimate(view, of(r)), numeric=True),
        Column(head, show=lambda r: _interval(view, of(r).verdict, verdicts), numeric=True),
        Column("Seeds", show=lambda r: tables.seeds_of(of(r).verdict), numeric=True),
        Column(
            "t and boundary",
            show=lambda r: tables.t_of_boundary(of(r).verdict) or "–",
            numeric=True,
            when="plan" in by,
        ),
        Column("Adjusted p", show=lambda r: tables.p_of(of(r).verdict) or "–", numeric=True, when="look" in by),
    ]


def _verdict_cell(view: View, j: PairVerdict) -> Cell:
    v, more = j.verdict, Markup("")
    if j.under_way and not v.decided:
        more = text(" <small>after {}</small>", after_round(view, j))
    elif v.n < MIN_SEEDS and v.label != "dropped":
        more = text(" <small>{} {} too few</small>", plural(v.n, "seed"), "is" if v.n == 1 else "are")
    return Cell(strong(j.label) + more, style=style(j))


def _estimate(view: View, j: PairVerdict) -> Markup | str:
    early = Markup(" <small>stopped early</small>") if j.early else ""
    return text("{}{}", view.gain(j.verdict.estimate), early) if j.verdict.n else "–"


def _interval(view: View, v: Verdict, verdicts: Sequence[Verdict]) -> Markup:
    shown = text("{} to {}", *view.interval(v.low, v.high)) if tables.has_interval(v) else Markup("–")
    own = tables.own_level(v, verdicts).strip(" ()")
    return shown + (text(" <small>{}</small>", own) if own else "")


def style(j: PairVerdict) -> str:
    """The style of a verdict's cell; a difference of which runs fail is a warning."""
    fails = j.failures.candidate and j.verdict.label == "better"
    return "v-fails" if fails else f"v-{j.verdict.label.replace(' ', '-')}"


def after_round(view: View, j: PairVerdict) -> str:
    """How far a pair's plan is: 'round 3 of at most 24'."""
    judged = view.judged_of(j)
    if judged is None:
        return ""
    most = "at most " if judged.plan.every_round else ""
    return f"round {judged.rounds} of {most}{len(judged.plan.seeds)}"


def effects_figure(
    view: View,
    name: str,
    title: Markup | str,
    named: Sequence[tuple[str, PairVerdict] | str],
    margin: float | None,
    about: Markup | str = "",
) -> Figure | None:
    """Intervals of all comparisons that have enough seeds for one, each under its name, effect and verdict.

    A text in ``named`` heads those behind it; ``margin`` is the last asked, if it has one;
    ``about`` begins the caption.
    """
    shown = [row for row in named if isinstance(row, str) or tables.has_interval(row[1].verdict)]
    tested = [row[1] for row in shown if not isinstance(row, str)]
    if not tested:
        return None
    rows = [row if isinstance(row, str) else _effect(view, *row) for row in shown]
    told = [
        f"{clean(row[0], 80)} {view.gain(row[1].verdict.estimate)} "
        f"({' to '.join(view.interval(row[1].verdict.low, row[1].verdict.high))}), {row[1].label}"
        for row in shown
        if not isinstance(row, str)
    ]
    alt = f"{Markup(title).striptags()}: {'; '.join(told[:12])}"
    band = None if margin is None else abs(view.shown_raw(margin) or 0.0)
    svg = figures.comparisons(f"{name}-effects", rows, band, view.axis_of_difference(), alt)
    reading = text(
        "Dot and line: the mean paired difference with {}. {}{}{}",
        _lines([j.verdict for j in tested]),
        view.least,
        text("Grey: the margin of ±{}. ", view.amount(margin, signed=False, short=True)) if margin is not None else "",
        "Verdicts allow for all comparisons together: they are stricter."
        if all(j.verdict.by == "look" for j in tested)
        else "",
    )
    return Figure(f"{name}-effects", title, svg, alt, text("{} {}", about, reading) if about else reading)


def _effect(view: View, label: str, j: PairVerdict) -> figures.Comparison:
    v = j.verdict
    middle, *ends = (view.shown_raw(x) or 0.0 for x in (v.estimate, v.low, v.high))
    role = "best" if style(j) == "v-fails" else ROLE.get(v.label, "base")
    said = f"{view.gain(v.estimate)}, {j.label}"
    return figures.Comparison(clean(label, 80), said, middle, min(ends), max(ends), role)


def _lines(verdicts: Sequence[Verdict]) -> Markup:
    """Which intervals the lines are."""
    looks, plans = ([v for v in verdicts if v.by == by] for by in ("look", "plan"))
    names = sorted({v.interval for v in plans})
    said = [f"its {joined(list(names))}, which no verdict contradicts"] if plans else []
    said += ["its 95 % interval, each by itself"] if looks else []
    return text("{}", "; of an interim analysis ".join(said))


def _shrinkage(view: View, tested: Sequence[PairVerdict]) -> list[Block]:
    """The estimate of each candidate in the sweep, and what was left of it on fresh seeds."""
    found = [(j, shrinkage(view, j)) for j in tested]
    known = [(j, s) for j, s in found if s.in_sweep is not None and s.on_fresh_seeds is not None and s.lost is not None]
    if not known:
        return []
    columns = [
        Column("Candidate", show=lambda r: candidate(view, r[0])),
        Column("Estimate in the sweep", show=lambda r: view.gain(r[1].in_sweep), numeric=True),
        Column("On fresh seeds", show=lambda r: view.gain(r[1].on_fresh_seeds), numeric=True),
        Column("Share that was luck", show=lambda r: _lost(r[1]), numeric=True),
        Column("On test, fresh seeds", show=lambda r: view.gain(r[1].test), numeric=True, when=bool(view.metric.test)),
    ]
    where = view.metric.axis_of_difference("differences on validation")
    caption = f"Estimates in the sweep and on fresh seeds ({where})"
    return [Table.of(caption, known, columns, name="shrinkage-table")]


def _kept(view: View, tested: PairVerdict) -> Markup:
    """The same of a single candidate in a sentence."""
    s = shrinkage(view, tested)
    return text(
        "{} led on validation by {} in the sweep, by {} on fresh seeds: {} of the estimate was luck.",
        capital(plain_name(view, tested)),
        view.amount(s.in_sweep),
        view.gain(s.on_fresh_seeds),
        _lost(s),
    )


def _lost(s: Shrinkage) -> str:
    """The share of the sweep's estimate that fresh seeds did not show."""
    whole, lost = s.in_sweep or 0.0, s.lost or 0.0
    return percent(min(1.0, lost / whole), 0) if whole > 0 and lost > 0 else "none"
