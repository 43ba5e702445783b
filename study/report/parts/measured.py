"""The candidate beside the baseline in numbers: before and after, each paired difference, and the other candidates."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from study.report import figures
from study.report.blocks import Block, Figure, Text, Tile
from study.report.cells import Column, Table
from study.report.parts.lead import foremost
from study.report.parts.leaderboard import status_counts
from study.report.parts.pairs import Paired
from study.report.parts.verdicts import ROLE, candidate, style
from study.report.tables.judged import has_interval
from study.report.text import capital, clean, duration, joined, link, magnitude, number, plural, span, text
from study.report.view import View

SHOWN = 5  # other candidates in the line


# -- before and after --------------------------------------------------------------------------------------------------


def tiles(view: View, two: Paired | None) -> list[Tile]:
    """Score, size and time before and after, and how many runs say so."""
    if two is None:
        return _of_baseline(view)
    fresh = two.tested is not None
    n = len(two.pairs)
    how = f"means of {plural(n, 'paired seed')}" if fresh and n > 1 else f"seed {two.seeds[0]}" if n else ""
    shown = [_score(view, two, how), _size(two), _time(two, how)]
    if fresh:
        shown.append(Tile("Fresh paired seeds", f"{n}", _trained(view, two)))
    else:
        shown.append(Tile("Trials", f"{len(view.trials):,}", joined(status_counts(view))))
    return [tile for tile in shown if tile is not None]


def _score(view: View, two: Paired, how: str) -> Tile | None:
    """The metric: what verdicts compare on fresh seeds, validation in the sweep."""
    split = None if two.tested else "validation"
    scores = [(b.final, a.final) if two.tested else (b.score, a.score) for a, b in two.pairs]
    known = [(b, a) for b, a in scores if a is not None and b is not None]
    if not known:
        return None
    before, after = (float(np.mean([pair[i] for pair in known])) for i in (0, 1))
    value = text("{} → {}", view.metric.bare(before), view.score(after))
    detail = text("{}{}", how, "" if two.tested else ", one run each: exploratory")
    return Tile(capital(view.metric.what(split)), value, detail)


def _size(two: Paired) -> Tile | None:
    sizes = next(((b.parameters, a.parameters) for a, b in two.pairs if a.parameters and b.parameters), None)
    if sizes is None:
        return None
    before, after = sizes
    if before == after:
        return Tile("Parameters", magnitude(before), text("{}, the same in both", number(before)))
    short, exact = ([write(n) for n in sizes] for write in (magnitude, number))
    detail = text("{}{}", "" if short == exact else f"{exact[0]} → {exact[1]}: ", _ratio(before, after))
    return Tile("Parameters", text("{} → {}", *short), detail)


def _time(two: Paired, how: str) -> Tile | None:
    times = [(b.seconds, a.seconds) for a, b in two.pairs if a.seconds and b.seconds]
    if not times:
        return None
    before, after = (float(np.mean([pair[i] for pair in times])) for i in (0, 1))
    value = text("{} → {}", duration(before), duration(after))
    devices = sorted({clean(r.device, 40) for both in two.pairs for r in both if r.device})
    on = text(" on {}", joined(devices)) if devices else ""
    return Tile("Training time per run", value, text("{}{}, {}", _ratio(before, after), on, how))


def _ratio(before: float, after: float) -> str:
    ratio = after / before
    if abs(ratio - 1) < 0.05:
        return "about the same"
    return f"{ratio:.2g} times as many" if ratio > 10 else f"{100 * (ratio - 1):+.0f} %".replace("-", "−")


def _trained(view: View, two: Paired) -> Markup:
    """Which the paired seeds are, and how long each run was trained."""
    if not two.pairs:
        return text("no pair has a score yet")
    each = f"; each run {two.epochs(view)}" if view.has_epochs else ""
    return text("seeds {}, unused by the sweep{}", span(two.seeds), each)


def _of_baseline(view: View) -> list[Tile]:
    """What is known of the baseline alone."""
    run, floor = view.reference, view.final_floor
    if run is None:
        return []
    on = f"mean of {plural(floor.n, 'seed')}" if floor else f"seed {run.seed}, one run"
    apart = text("unknown") if floor is None else text("{}", view.gain(floor.single_run, signed=False))
    why = (
        text("{}: closer single runs cannot be told apart", view.difference_of())
        if floor
        else text("one seed says nothing of how far runs differ by luck")
    )
    times = [r.seconds for r in view.baselines if r.seconds]
    return [
        Tile(capital(view.metric.what()), view.score(floor.mean if floor else run.final), on),
        Tile("Noise floor", apart, why),
        *([Tile("Parameters", magnitude(run.parameters), number(run.parameters))] if run.parameters else []),
        *(
            [Tile("Training time per run", duration(float(np.mean(times))), clean(run.device or "", 40))]
            if times
            else []
        ),
    ]


# -- each pair ---------------------------------------------------------------------------------------------------------


def paired_figure(view: View, two: Paired | None) -> list[Block]:
    """Each fresh seed's difference with their mean, its interval and the margin; nothing before there are three."""
    if two is None or two.tested is None or len(two.pairs) < 2:
        return []
    j, v = two.tested, two.tested.latest
    drawn = [view.shown_raw(d) or 0.0 for d in j.differences]
    ends = sorted(view.shown_raw(x) or 0.0 for x in (v.low, v.high)) if has_interval(v) else None
    role = "best" if style(j) == "v-fails" else ROLE.get(v.label, "base")
    given = figures.Pairs(j.seeds, drawn, view.shown_raw(v.estimate) or 0.0, (ends[0], ends[1]) if ends else None, role)
    margin = None if v.margin is None else abs(view.shown_raw(v.margin) or 0.0)
    what = view.metric.what()
    favour = sum(d > 0 for d in j.differences)
    interval = f", {v.interval} {' to '.join(view.interval(v.low, v.high))}" if ends else ""
    each = "; ".join(f"seed {s} {view.gain(d)}" for s, d in zip(j.seeds, j.differences, strict=True))
    alt = (
        f"{two.name} minus the baseline in {what}, seed by seed: {each}. Mean {view.gain(v.estimate)}{interval}. "
        f"{favour} of {len(drawn)} seeds speak for {two.name}."
    )
    reading = text(
        "Dots: {} minus the baseline, run with the same seed. Diamond: their mean{}. {}{}",
        two.name,
        text(" with its {}", v.interval) if ends else "",
        view.least,
        text("Grey: the margin of ±{}.", view.amount(v.margin, signed=False, short=True)) if margin else "",
    )
    svg = figures.paired("paired", given, margin, view.axis_of_difference(), alt)
    title = f"{favour} of {plural(len(drawn), 'seed')} speak for {two.name}"
    return [Figure("paired", title, svg, alt, reading, _numbers(view, two))]


def _numbers(view: View, two: Paired) -> Table:
    """The pairs as numbers, their means below."""
    whole = [(str(b.seed), a.final, b.final) for a, b in two.pairs]
    means = [
        float(np.mean([x for x in column if x is not None]))
        for column in ([a for _, a, _ in whole], [b for *_, b in whole])
    ]

    def gain(row: tuple[str, float | None, float | None]) -> str:
        _, after, before = row
        return "–" if after is None or before is None else view.gain(after - before)

    columns = [
        Column("Seed", show=lambda r: r[0], numeric=True),
        Column("Baseline", show=lambda r: view.score(r[2]), numeric=True),
        Column(capital(two.name), show=lambda r: view.score(r[1]), numeric=True),
        Column(view.metric.axis_of_difference("Difference"), show=gain, numeric=True),
    ]
    caption = f"{capital(view.metric.what())} of each paired run"
    return Table.of(caption, [*whole, ("mean", *means)], columns, compact=True, name="paired-table")


# -- the other candidates ----------------------------------------------------------------------------------------------


def others(view: View) -> list[Block]:
    """The candidates beside the foremost in one line, each with its difference and verdict."""
    first = foremost(view)
    rest = [j for j in view.verdicts("confirm") if j is not first]
    if not rest:
        return []
    told = [
        text("{} {} ({})", candidate(view, j), view.gain(j.verdict.estimate) if j.verdict.n else "–", j.label)
        for j in rest[:SHOWN]
    ]
    more = [text("{} more", len(rest) - SHOWN)] if len(rest) > SHOWN else []
    return [
        Text(
            [text("Also tried on fresh seeds: {}; {}.", joined([*told, *more]), link("#confirm-numbers", "in numbers"))]
        )
    ]
