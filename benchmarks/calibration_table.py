"""Calibration rows as lines, as the tables of docs/calibration.md, and as the summary of docs/statistics.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGIN = "<!-- written by python -m benchmarks.calibration -->"
END = "<!-- calibration ends -->"
NOT_WHERE = {"rate", "n", "error", "promise", "broken", "what", "by_label"}
WORLDS = ("false better or worse", "wrong no gain", "wrong equivalent", "wrong no worse")
Row = dict[str, Any]


def show(row: Row) -> str:
    """Write one row as one line."""
    named = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items() if k not in NOT_WHERE}
    where = ", ".join(f"{k} {v}" for k, v in named.items())
    sure = f"+- {100 * row['error']:.2f} (n = {row['n']})"
    promise = "" if row["promise"] is None else f"  promise {100 * row['promise']:.0f} %"
    broken = "  BROKEN" if row["broken"] else ""
    by = "".join(f"\n    {label}: {100 * r:.2f} % of {n}" for label, (r, n) in row.get("by_label", {}).items())
    return f"{row['what']:<42} {100 * row['rate']:6.2f} % {sure:<20} {where}{promise}{broken}{by}"


def pick(rows: Sequence[Row], **where: Any) -> list[Row]:
    """Return the rows that have these values."""
    return [r for r in rows if all(r.get(k) == v for k, v in where.items())]


def rates(rows: Sequence[Row]) -> str:
    """Write the rates of rows, as percentages: '2.4 / 3.5', in the order given."""
    return " / ".join(f"{100 * r['rate']:.1f}{' **broken**' if r['broken'] else ''}" for r in rows)


def sure(rows: Sequence[Row]) -> str:
    """Say how sure the rates are."""
    n = " or ".join(f"{x:,}" for x in sorted({r["n"] for r in rows}))
    return f"n = {n} simulated studies per rate, Monte-Carlo error at most {100 * max(r['error'] for r in rows):.2f}"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Write a Markdown table, numbers to the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return ["", *(f"| {' | '.join(line)} |" for line in (head, rule, *body)), ""]


def planned(row: Row) -> str:
    """Name a line of a table: what a study plans."""
    return f"{_candidates(row)}, {_rounds(row)}"


def _candidates(row: Row) -> str:
    return f"{row['candidates']} candidate{'s' if row['candidates'] > 1 else ''}"


def _rounds(row: Row) -> str:
    race = {"race": ", race", "harm": ", as an ablation"}.get(row["how"], "")
    return f"one look at {row['rounds']}" if row["how"] == "single look" else f"{row['rounds']} rounds{race}"


def markdown(rows: Sequence[Row]) -> str:
    """Write the tables of the docs; every rate is a percentage."""
    parts = (_false, _claims, _coverage, _labels, _population, _selection, _limits)
    return "\n".join(line for part in parts for line in part(rows))


def summary(rows: Sequence[Row]) -> str:
    """Write the worst rates in three lines."""
    false, held = pick(rows, what=WORLDS[0]), pick(rows, what="coverage")
    worst = {what: max(pick(rows, what=what), key=lambda r: r["rate"]) for what in WORLDS}
    named = "; ".join(f"{what} {100 * worst[what]['rate']:.1f}" for what in WORLDS[1:])
    widest = max(pick(rows, what="false in the population"), key=lambda r: r["rate"])
    lowest = min(held, key=lambda r: r["rate"])
    broken = [r for r in rows if r["broken"]]
    kept = f"**{len(broken)} promises are broken.**" if broken else "No promise is broken."
    return "\n".join(
        [
            f"The worst of {len(false)} rates of a false better or worse is {100 * worst[WORLDS[0]]['rate']:.1f} % "
            f"({worst[WORLDS[0]]['noise']}, {planned(worst[WORLDS[0]])}; n = {worst[WORLDS[0]]['n']:,} simulated "
            f"studies each), in the population {100 * widest['rate']:.1f} % (n = {widest['n']:,}). {kept}",
            f"The worst of the other claims, in per cent: {named} (n = {lowest['n']:,} each); promised is at most 5.",
            f"The lowest coverage of the intervals shown is {100 * lowest['rate']:.1f} % (n = {lowest['n']:,}); 95 "
            "are promised. [All rates, by kind of noise and plan](calibration.md): `python -m benchmarks.calibration`.",
        ]
    )


def _lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what tells the lines of a table apart."""
    of = ("candidates", "how", "rounds")
    return [dict(zip(of, at, strict=True)) for at in dict.fromkeys(tuple(r[k] for k in of) for r in rows)]


def _by_noise(rows: Sequence[Row]) -> list[str]:
    """Write a table of rows: a line of each plan, a column of each noise, in it all that is left."""
    noises = list(dict.fromkeys(r["noise"] for r in rows))
    body = [[planned(at), *(rates(pick(rows, noise=noise, **at)) for noise in noises)] for at in _lines(rows)]
    return table(["", *noises], body)


def _false(rows: Sequence[Row]) -> list[str]:
    false = pick(rows, what=WORLDS[0])
    return [
        "## Equal to the baseline, called better or worse",
        "",
        "In per cent of studies: after one plan / after a second one of all that were not called better, worse or "
        "equivalent / the same where as many new candidates join in the second. The promise is at most 5. "
        f"{sure(false)}.",
        "",
        "Without a margin, so that nothing stops for showing no gain:",
        *_by_noise(pick(false, margin=None)),
        "With a margin of 0.5 percentage points:",
        *_by_noise([r for r in false if r["margin"] is not None]),
    ]


def _claims(rows: Sequence[Row]) -> list[str]:
    found = [r for what in WORLDS[1:] for r in pick(rows, what=what, plans="two")]
    return [
        "## Exactly a margin away, and said to be nearer",
        "",
        "All candidates gain exactly the margin of 0.5 percentage points, or lose it. In per cent of studies, after "
        "two plans: a gain said to be smaller than it is (*no gain*, *equivalent*, *worse*, or *better, but by less "
        "than the margin*) / a gain called *equivalent* / a loss called *equivalent* / a loss said to be smaller than "
        f"it is (*no worse*, *equivalent*, *better*). The promise is at most 5 each. {sure(found)}.",
        *_by_noise(found),
    ]


def _coverage(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="coverage")
    return [
        "## Coverage of the intervals shown",
        "",
        "In per cent of the intervals that are shown where each candidate stopped, whatever it was called; the "
        f"truth is 0 / +0.5 / +1 percentage points. The promise is at least 95. {sure(found)} (of a "
        "study's candidates, which share the baseline's runs, the share counts).",
        "",
        "With a margin of 0.5 percentage points:",
        *_by_noise([r for r in found if r["margin"] is not None]),
        "Without a margin:",
        *_by_noise(pick(found, margin=None)),
    ]


def _labels(rows: Sequence[Row]) -> list[str]:
    found = [(label, rate, n, r) for r in pick(rows, what="coverage") for label, (rate, n) in r["by_label"].items()]
    body = []
    for label in dict.fromkeys(f[0] for f in found):
        of = [f for f in found if f[0] == label]
        _, rate, n, where = min(of, key=lambda f: f[1])
        mean = sum(f[1] * f[2] for f in of) / sum(f[2] for f in of)
        at = f"{where['noise']}, {planned(where)}, {100 * where['effect']:+.1f} points"
        body.append([label, f"{100 * mean:.1f}", f"{sum(f[2] for f in of):,}", f"{100 * rate:.1f}", f"{n:,}", at])
    return [
        "The same intervals by what their candidates were called, which is no promise: stopping for *better* picks "
        "high estimates. Of rates with at least 500 intervals, all of them together and the lowest:",
        *table(["", "together", "intervals", "lowest", "intervals", "where"], body),
    ]


def _population(rows: Sequence[Row]) -> list[str]:
    wide, misread = pick(rows, what="false in the population"), pick(rows, what="seeds-only test misread")
    body = [
        [f"{_candidates(w)}, {w['seeds']} seeds", rates([w]), rates([m])] for w, m in zip(wide, misread, strict=True)
    ]
    return [
        "## The claim about the population of examples",
        "",
        "Candidates are equal to their baseline in the population of images, not on the test set: called better or "
        "worse at a single look, in per cent of studies; the promise is at most 5. The last column is no promise: it "
        f"shows why a verdict names its claim. {sure(wide)}.",
        *table(["", "population", "*seeds-only test misread as that*"], body),
    ]


def _selection(rows: Sequence[Row]) -> list[str]:
    (b,), (a,) = pick(rows, what="best single trial looks better"), pick(rows, what="false after confirming")
    return [
        f"## Sweeps of {b['trials']} trials that are all the baseline",
        "",
        f"n = {b['n']:,}. The best trial looks better than the baseline on validation in {100 * b['rate']:.1f} % of "
        f"them, by {100 * b['promised']:.2f} percentage points on average. On fresh seeds, at most {b['rounds']} "
        f"rounds of the {b['candidates']} best, {100 * b['confirmed']:+.3f} are left; any of them gets a false verdict "
        f"in {100 * a['rate']:.2f} % (+- {100 * a['error']:.2f}).",
        "",
    ]


def _limits(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="limit")
    said = [
        "; ".join(f"{_rounds(r[0])} {rates(r)} %" for r in _pairs(pick(found, noise=noise)))
        for noise in dict.fromkeys(r["noise"] for r in found)
    ]
    return [
        "## Where no promise is made",
        "",
        "A candidate that is 0.45 percentage points better in 49 runs of 50 and collapses in the last has the "
        f"baseline's expected accuracy, and is called better or worse, after one plan / two, with {said[0]} "
        f"({sure(found)}). No test can know of a collapse that its seeds do not show.",
        "",
        "The world *unequal* without the images' coin flips, as of a test set without end: one candidate whose shift "
        "is skewed and twice as wide as the baseline's, and nothing else varies. Means of a few skewed differences are "
        f"skewed, so that the t statistic is too: better or worse in {said[1]}.",
        "",
    ]


def _pairs(rows: Sequence[Row]) -> list[list[Row]]:
    return [list(pair) for pair in zip(rows[::2], rows[1::2], strict=True)]


def write_docs(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put the tables between their marks in the docs page."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    before, after = page.split(begin)[0], page.split(end)[-1]
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
