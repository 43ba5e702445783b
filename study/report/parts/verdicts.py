"""Verdicts on confirmed candidates, for the chapter that asks whether anything beat the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from results.analysis.looks import Family, Look
from results.analysis.paired import MIN_SEEDS, claimed
from results.analysis.plans import Plan
from results.analysis.shrinkage import shrinkage
from results.analysis.verdict import Verdict
from results.analysis.verdicts import PairVerdict
from study.report import figures
from study.report.blocks import Block, Cell, Column, Figure, Note, Row, Section, Table, Text
from study.report.tables import judged as tables
from study.report.text import capital, clean, code, joined, percent, plural, strong, text, words
from study.report.view import View, trial_link

ROLE = {"better": "good", "worse": "bad", "undecided": "muted", "dropped": "muted"}


def confirmed(view: View) -> Section | None:
    """What fresh seeds say of each candidate, with interval, n, what it was judged by and the claim."""
    tested = view.verdicts("confirm")
    if not tested:
        return None
    v = tested[0].latest
    said = text(
        "{} from the sweep {} trained again on seeds that the sweep had not used, paired seed by seed with "
        "the baseline (same split, "
        "same order), and tested on {}. {}",
        plural(len(tested), "candidate"),
        "was" if len(tested) == 1 else "were",
        claimed(v.claim, view.metric, view.members),
        error_shared(view, "confirm", view.looks("confirm"), view.plans("confirm")),
    )
    blocks: list[Block] = [
        Text([said]),
        verdict_table(view, "Verdicts on fresh seeds", [(candidate(view, j), j) for j in tested], "confirm-table"),
    ]
    if explained := tables.explained(tested):
        blocks.append(Text([words(" ".join(explained))]))
    figure = effects_figure(
        view,
        "confirm",
        "Difference to the baseline on fresh seeds",
        [(plain_name(view, j), j) for j in tested],
        v.margin,
    )
    blocks += [figure] if figure else []
    blocks += [Note(note_tone(j), candidate(view, j), [clean(j.note, 2000)]) for j in tested if j.note]
    luck = _shrinkage(view)
    return Section("confirmed", "Confirmed on fresh seeds", blocks + ([luck] if luck else []))


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


def verdict_table(view: View, caption: Markup | str, named: list[tuple[Markup, PairVerdict]], name: str) -> Table:
    """One row per comparison with all that a verdict rests on."""
    tested = [j for _, j in named]
    rows = [Row([Cell(label), *verdict_cells(view, j, tested)]) for label, j in named]
    return Table(caption, [Column("Compared"), *verdict_columns(view, tested)], rows, name=name)


def verdict_columns(view: View, tested: Sequence[PairVerdict]) -> list[Column]:
    """The columns of all tables of verdicts: adjusted p where looks judged, t and its boundary where plans did."""
    return [
        Column("Verdict"),
        Column(view.metric.axis_of_difference("Difference"), numeric=True),
        Column(capital(tables.interval_head([j.verdict for j in tested])), numeric=True),
        Column("Seeds", numeric=True),
        *([Column("t and boundary", numeric=True)] if _by(tested, "plan") else []),
        *([Column("Adjusted p", numeric=True)] if _by(tested, "look") else []),
    ]


def _by(tested: Sequence[PairVerdict], by: str) -> bool:
    return any(j.verdict.by == by for j in tested)


def verdict_cells(view: View, j: PairVerdict, tested: Sequence[PairVerdict]) -> list[Cell]:
    """The cells of :func:`verdict_columns`, where ``tested`` are all the table's."""
    v, all_of = j.verdict, [other.verdict for other in tested]
    more = Markup("")
    if j.under_way and not v.decided:
        more = text(" <small>after {}</small>", after_round(view, j))
    elif v.n < MIN_SEEDS and v.label != "dropped":
        more = text(" <small>{} {} too few</small>", plural(v.n, "seed"), "is" if v.n == 1 else "are")
    shown = tables.has_interval(v)
    interval = text("{} to {}", *view.interval(v.low, v.high)) if shown else Markup("–")
    level = text(" <small>{}</small>", tables.own_level(v, all_of).strip(" ()")) if tables.own_level(v, all_of) else ""
    early = Markup(" <small>stopped early</small>") if j.early else ""
    return [
        Cell(strong(j.label) + more, style=style(j)),
        Cell(text("{}", view.gain(v.estimate)) + early if v.n else "–"),
        Cell(interval + level),
        Cell(tables.seeds_of(v)),
        *([Cell(tables.t_of_boundary(v) or "–")] if _by(tested, "plan") else []),
        *([Cell(tables.p_of(v) or "–")] if _by(tested, "look") else []),
    ]


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
    view: View, name: str, title: str, named: list[tuple[str, PairVerdict]], margin: float | None
) -> Figure | None:
    """Intervals of all comparisons that have enough seeds for one; ``margin`` is the last asked, if it has one."""
    shown = [(label, j) for label, j in named if tables.has_interval(j.verdict)]
    if not shown:
        return None
    rows = []
    for n, j in shown:
        v = j.verdict
        middle, *ends = (view.shown_raw(x) or 0.0 for x in (v.estimate, v.low, v.high))
        role = "best" if style(j) == "v-fails" else ROLE.get(v.label, "base")
        rows.append(figures.Effect(f"{clean(n, 40)}: {j.label}", middle, min(ends), max(ends), role))
    alt = f"{title}: " + "; ".join(
        f"{clean(n, 40)} {view.gain(j.verdict.estimate)} "
        f"({' to '.join(view.interval(j.verdict.low, j.verdict.high))}), {j.label}"
        for n, j in shown[:12]
    )
    band = None if margin is None else abs(view.shown_raw(margin) or 0.0)
    svg = figures.effects(f"{name}-effects", rows, band, view.axis_of_difference(), alt)
    labels = {j.verdict.label for _, j in shown}
    reading = text(
        "Dot: the mean paired difference over seeds; line: {}. {}{}{}",
        _lines([j.verdict for _, j in shown]),
        view.least,
        text(
            "The grey band is the margin of ±{}{}. ",
            view.amount(margin, signed=False),
            " within which two configs are called equivalent"
            if not labels & {"no gain", "no worse"}
            else ", the least difference worth having",
        )
        if margin is not None
        else "",
        "The verdicts allow for all comparisons together, so they are stricter than the lines."
        if all(j.verdict.by == "look" for _, j in shown)
        else "",
    )
    return Figure(f"{name}-effects", title, svg, alt, reading)


def _lines(verdicts: Sequence[Verdict]) -> Markup:
    """Which intervals the lines are."""
    looks, plans = ([v for v in verdicts if v.by == by] for by in ("look", "plan"))
    names = sorted({v.interval for v in plans})
    said = [f"its {joined(list(names))}, which no verdict contradicts"] if plans else []
    said += ["its 95 % interval, each by itself"] if looks else []
    return text("{}", "; of an interim analysis ".join(said))


def _shrinkage(view: View) -> Table | None:
    """The estimate of each candidate in the sweep, and what was left of it on fresh seeds."""
    rows = []
    for j in view.verdicts("confirm"):
        s = shrinkage(view, j)
        if s.in_sweep is None or s.on_fresh_seeds is None or s.lost is None:
            continue
        share = percent(min(1.0, s.lost / s.in_sweep), 0) if s.in_sweep > 0 and s.lost > 0 else "none"
        rows.append(
            Row(
                [
                    Cell(candidate(view, j)),
                    Cell(view.gain(s.in_sweep)),
                    Cell(view.gain(s.on_fresh_seeds)),
                    Cell(share),
                    *([Cell(view.gain(s.test))] if view.metric.test else []),
                ]
            )
        )
    if not rows:
        return None
    columns = [
        Column("Candidate"),
        Column("Estimate in the sweep", numeric=True),
        Column("On fresh seeds", numeric=True),
        Column("Share that was luck", numeric=True),
        *([Column("On test, fresh seeds", numeric=True)] if view.metric.test else []),
    ]
    where = view.metric.axis_of_difference("differences on validation")
    caption = f"Estimates in the sweep and on fresh seeds ({where})"
    return Table(caption, columns, rows, name="shrinkage-table")
