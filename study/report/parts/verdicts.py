"""Verdicts on confirmed candidates, for the chapter that asks whether anything beat the baseline."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.corrections import ALPHA
from results.analysis.paired import MIN_SEEDS, MOST_SEEDS, claimed
from results.analysis.shrinkage import shrinkage
from results.analysis.verdict import Verdict
from results.analysis.verdicts import PairVerdict
from results.formatting import p_number
from study.report import figures
from study.report.blocks import Block, Cell, Column, Figure, Note, Row, Section, Table, Text
from study.report.text import clean, code, percent, plural, strong, text
from study.report.view import View, trial_link

ROLE = {"better": "good", "worse": "bad", "equivalent": "base", "undecided": "muted"}
TONE = {"better": "good", "worse": "bad", "equivalent": "info", "undecided": "warn"}


def confirmed(view: View) -> Section | None:
    """What fresh seeds say of each candidate, with interval, n, adjusted p and the claim."""
    tested = view.verdicts("confirm")
    if not tested:
        return None
    v = tested[0].latest
    said = text(
        "{} from the sweep {} trained again on seeds that the sweep had not used, paired seed by seed with "
        "the baseline (same split, "
        "same order), and tested on {}. The error of 5 % is shared out over {} and {}, all that were ever made.",
        plural(len(tested), "candidate"),
        "was" if len(tested) == 1 else "were",
        claimed(v.claim, view.metric, view.members),
        plural(v.comparisons, "comparison"),
        plural(v.look, "interim analysis (look)", "interim analyses (looks)"),
    )
    blocks: list[Block] = [
        Text([said]),
        verdict_table(view, "Verdicts on fresh seeds", [(candidate(view, j), j) for j in tested], "confirm-table"),
    ]
    figure = effects_figure(
        view,
        "confirm",
        "Difference to the baseline on fresh seeds",
        [(plain_name(view, j), j) for j in tested],
        v.margin,
    )
    blocks += [figure] if figure else []
    notes = [Note("info", candidate(view, j), [clean(j.note)]) for j in tested if j.note]
    blocks += notes
    luck = _shrinkage(view)
    return Section("confirmed", "Confirmed on fresh seeds", blocks + ([luck] if luck else []))


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
    rows = [Row([Cell(label), *verdict_cells(view, j.verdict)]) for label, j in named]
    return Table(caption, [Column("Compared"), *verdict_columns(view)], rows, name=name)


def verdict_columns(view: View) -> list[Column]:
    """The columns of all tables of verdicts."""
    return [
        Column("Verdict"),
        Column(view.metric.axis_of_difference("Difference"), numeric=True),
        Column("95 % interval", numeric=True),
        Column("Seeds", numeric=True),
        Column("Adjusted p", numeric=True),
    ]


def verdict_cells(view: View, v: Verdict) -> list[Cell]:
    """The cells of :func:`verdict_columns`."""
    enough = v.n >= MIN_SEEDS
    more = Markup("")
    if v.label == "undecided" and enough:
        count = f"over {MOST_SEEDS} seeds in all" if v.further_seeds is None else f"about {_more(v.further_seeds)}"
        more = text(" <small>{} to tell</small>", count)
    elif not enough:
        more = text(" <small>{} {} too few</small>", plural(v.n, "seed"), "is" if v.n == 1 else "are")
    p = v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted
    return [
        Cell(strong(v.label) + more, style=f"v-{v.label}"),
        Cell(view.gain(v.estimate) if v.n else "–"),
        Cell(text("{} to {}", *view.interval(v.low, v.high)) if enough else "–"),
        Cell(str(v.n)),
        Cell(p_number(p, ALPHA) if enough else "–"),
    ]


def _more(seeds: int) -> str:
    return f"{seeds} more seed{'s' if seeds != 1 else ''}"


def effects_figure(
    view: View, name: str, title: str, named: list[tuple[str, PairVerdict]], margin: float | None
) -> Figure | None:
    """Intervals of all comparisons that have enough seeds for one; ``margin`` is the last look's, if it has one."""
    shown = [(label, j.verdict) for label, j in named if j.verdict.n >= MIN_SEEDS]
    if not shown:
        return None
    rows = []
    for n, v in shown:
        middle, *ends = (view.shown_raw(x) or 0.0 for x in (v.estimate, v.low, v.high))
        rows.append(figures.Effect(f"{clean(n, 40)}: {v.label}", middle, min(ends), max(ends), ROLE[v.label]))
    alt = f"{title}: " + "; ".join(
        f"{clean(n, 40)} {view.gain(v.estimate)} ({' to '.join(view.interval(v.low, v.high))}), {v.label}"
        for n, v in shown[:12]
    )
    band = None if margin is None else abs(view.shown_raw(margin) or 0.0)
    svg = figures.effects(f"{name}-effects", rows, band, view.axis_of_difference(), alt)
    reading = text(
        "Dot: the mean paired difference over seeds; line: its 95 % interval, each by itself. {}{}The verdicts allow "
        "for all comparisons together, so they are stricter than the lines.",
        view.least,
        text(
            "The grey band is the margin of ±{} within which two configs are called equivalent. ",
            view.amount(margin, signed=False),
        )
        if margin is not None
        else "",
    )
    return Figure(f"{name}-effects", title, svg, alt, reading)


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


ORDER = ("better", "undecided", "equivalent", "worse")


def foremost(view: View) -> PairVerdict | None:
    """The candidate to name first: by its verdict, then by the sweep's validation, never by the test estimate."""

    def rank(j: PairVerdict) -> tuple[int, float]:
        trial = view.trial_of(j.pair)
        return ORDER.index(j.verdict.label), -(trial.record.score or 0.0) if trial else 0.0

    return min(view.verdicts("confirm"), key=rank, default=None)


def lead(view: View) -> tuple[str, str, Markup] | None:
    """The headline of a study with verdicts: (tone, mark, sentence); None where nothing was confirmed."""
    tested = view.verdicts("confirm")
    if not tested:
        return None
    labels = [j.verdict.label for j in tested]
    first = foremost(view) or tested[0]
    v = first.verdict
    who = candidate(view, first)
    what = {
        "better": text("{} beats the baseline", who),
        "worse": text("{} is worse than the baseline", who),
        "equivalent": text("{} is equivalent to the baseline", who),
        "undecided": text("Whether {} beats the baseline is undecided", who),
    }[v.label]
    if v.n < MIN_SEEDS:
        said = text("{}: {} can reach no verdict, at least {} are needed.", what, plural(v.n, "paired seed"), MIN_SEEDS)
    else:
        said = text(
            "{}: {} {}, 95 % interval {} to {}, over {} ({}).",
            what,
            strong(view.gain(v.estimate)),
            view.difference_of(),
            *view.interval(v.low, v.high),
            plural(v.n, "paired seed"),
            claimed(v.claim, view.metric, view.members),
        )
    if first.failed:
        said += text(
            " Left out: {} of {}, where a run came to no score.",
            first.failed,
            plural(len(set(first.pair.seeds)), "pair"),
        )
    if v.label == "undecided" and v.n >= MIN_SEEDS:
        more = f"about {v.further_seeds} further" if v.further_seeds is not None else f"more than {MOST_SEEDS}"
        said += text(" It would likely take {} seeds to tell.", more)
    if len(tested) > 1:
        counts = [f"{labels.count(w)} {w}" for w in ORDER if w in labels]
        said += (
            text(" Of {}: {}.", plural(len(tested), "candidate"), ", ".join(counts))
            if len(counts) > 1
            else text(" All {} are {}.", plural(len(tested), "candidate"), labels[0])
        )
    marks = {"better": "Confirmed", "worse": "Refuted", "equivalent": "Equivalent", "undecided": "Undecided"}
    return "warn" if first.failed else TONE[v.label], marks[v.label], said
