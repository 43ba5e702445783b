"""Calibration rows as lines, and as the tables of docs/statistics.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGIN = "<!-- written by python -m benchmarks.calibration -->"
END = "<!-- calibration ends -->"
NOT_WHERE = {"rate", "n", "error", "promise", "broken", "what"}
Row = dict[str, Any]


def show(row: Row) -> str:
    """Write one row as one line."""
    named = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items() if k not in NOT_WHERE}
    where = ", ".join(f"{k} {v}" for k, v in named.items())
    sure = f"+- {100 * row['error']:.2f} (n = {row['n']})" if row["n"] else "(computed)"
    promise = "" if row["promise"] is None else f"  promise {100 * row['promise']:.0f} %"
    broken = "  BROKEN" if row["broken"] else ""
    return f"{row['what']:<42} {100 * row['rate']:6.2f} % {sure:<20} {where}{promise}{broken}"


def pick(rows: Sequence[Row], **where: Any) -> list[Row]:
    """Return the rows that have these values."""
    return [r for r in rows if all(r.get(k) == v for k, v in where.items())]


def rates(rows: Sequence[Row]) -> str:
    """Write the rates of rows, as percentages: '2.4 / 3.5', in the order given: that of the interim analyses."""
    return " / ".join(f"{100 * r['rate']:.1f}{' **broken**' if r['broken'] else ''}" for r in rows)


def sure(rows: Sequence[Row]) -> str:
    """Say how sure the rates are."""
    n = " or ".join(f"{x:,}" for x in sorted({r["n"] for r in rows}))
    return f"n = {n} simulated studies per rate, Monte-Carlo error at most {100 * max(r['error'] for r in rows):.2f}"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Write a Markdown table, numbers to the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return ["", *(f"| {' | '.join(line)} |" for line in (head, rule, *body)), ""]


def size(seeds: int, comparisons: int) -> str:
    """Name a line of a table."""
    return f"{seeds} seeds, {comparisons} comparison{'s' if comparisons > 1 else ''}"


def markdown(rows: Sequence[Row]) -> str:
    """Write the tables of the docs; every rate is a percentage."""
    parts = (_family_wise, _coverage, _equivalent, _power, _after_looking, _selection, _limits)
    return "\n".join(line for part in parts for line in part(rows))


def _cells(rows: Sequence[Row]) -> list[tuple[int, int]]:
    return list(dict.fromkeys((r["seeds"], r["comparisons"]) for r in rows))


def _noises(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(r["noise"] for r in pick(rows, what="coverage")))


def _family_wise(rows: Sequence[Row]) -> list[str]:
    false, noises = pick(rows, what="false better or worse"), _noises(rows)
    wide, misread = pick(rows, what="false in the population"), pick(rows, what="seeds-only test misread")
    body = []
    for n, m in _cells(false):
        at = {"seeds": n, "comparisons": m}
        line = [rates(pick(false, policy="extend", noise=noise, **at)) for noise in noises]
        line += [rates(pick(false, policy="join", **at)), rates(pick(wide, **at)), rates(pick(misread, **at))]
        body.append([size(n, m), *line])
    head = ["", *noises, "normal, candidates join", "equal in the population", "*seeds-only test misread as that*"]
    return [
        "### A true null called better or worse",
        "",
        "In per cent of studies, after 1 / 2 / 3 / 4 interim analyses; the promise is at most 5. At each every "
        f"candidate gets half as many seeds again, but in the column *candidates join*. {sure(false)}; in the "
        f"population columns {sure(wide)}. The last column is no promise: it shows why a verdict names its claim.",
        *table(head, body),
    ]


def _coverage(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="coverage")
    seeds = list(dict.fromkeys(r["seeds"] for r in found))
    body = [[str(n), *(rates(pick(found, noise=z, seeds=n)) for z in _noises(rows))] for n in seeds]
    return [
        "### Coverage of the 95 % intervals",
        "",
        f"The promise is at least 93. {sure(found)}.",
        *table(["seeds", *_noises(rows)], body),
    ]


def _equivalent(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="wrong equivalent")
    body = [
        [size(n, m), *(rates(pick(found, noise=z, seeds=n, comparisons=m)) for z in _noises(rows))]
        for n, m in _cells(found)
    ]
    return [
        "### A difference of exactly the default margin, 0.5 percentage points, called equivalent",
        "",
        f"After 1 / 2 / 3 / 4 interim analyses; the promise is at most 5. {sure(found)}.",
        *table(["", *_noises(rows)], body),
    ]


def _power(rows: Sequence[Row]) -> list[str]:
    found, zero = pick(rows, what="power"), pick(rows, what="power of equivalent")
    effects = list(dict.fromkeys(r["effect"] for r in found))
    body = [
        [
            size(n, m),
            *(rates(pick(found, effect=e, seeds=n, comparisons=m)) for e in effects),
            rates(pick(zero, seeds=n, comparisons=m)),
        ]
        for n, m in _cells(found)
    ]
    head = ["", *(f"{100 * e:+.1f} points" for e in effects), "'equivalent', no difference"]
    return [
        "### Power at a first interim analysis",
        "",
        f"Normal noise, standard deviation 0.42 percentage points of one run, 0.59 of a difference. {sure(found)}.",
        *table(head, body),
    ]


def _after_looking(rows: Sequence[Row]) -> list[str]:
    body = []
    for what in ("false better or worse, seeds as suggested", "wrong equivalent, seeds as suggested"):
        found = pick(rows, what=what)
        body += [
            [f"{what}, {size(6, m)}", rates(pick(found, comparisons=m)), f"{found[0]['n']:,}"] for _, m in _cells(found)
        ]
    found = pick(rows, what="worst choice of seeds")
    for m in dict.fromkeys(r["comparisons"] for r in found):
        body.append([f"worst possible choice, {size(6, m)}", rates(pick(found, comparisons=m)), "computed"])
    return [
        "### Seeds chosen after looking",
        "",
        "After 1 / 2 / 3 / 4 interim analyses; the promise is at most 5. *As suggested*: each undecided candidate gets "
        "the further seeds its verdict names, up to 80 in all. *Worst possible*: the number that most favours a false "
        "verdict, by dynamic programming for a normal mean of known deviation.",
        *table(["", "rate", "n"], body),
    ]


def _selection(rows: Sequence[Row]) -> list[str]:
    best, after = pick(rows, what="best single trial looks better"), pick(rows, what="false after confirming")
    if not best or not after:
        return []
    b, a = best[0], after[0]
    return [
        "### Sweeps of 50 trials that are all the baseline",
        "",
        f"n = {b['n']:,}. The best trial looks better than the baseline on validation in {100 * b['rate']:.1f} % of "
        f"them, by {100 * b['promised']:.2f} percentage points on average. On 6 fresh seeds "
        f"{100 * b['confirmed']:+.3f} are left; any of the three best gets a false verdict in "
        f"{100 * a['rate']:.2f} % (+- {100 * a['error']:.2f}).",
        "",
    ]


def _limits(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="limit: only the candidate collapses")
    if not found:
        return []
    said = "; ".join(f"{r['seeds']} seeds {100 * r['rate']:.1f} %" for r in found)
    return [
        "### Where no promise is made",
        "",
        "A candidate that is 0.45 percentage points better in 49 runs of 50 and collapses in the last has the "
        f"baseline's expected accuracy, and is called better or worse, at a first interim analysis, with {said} "
        f"({sure(found)}). No test can know of a collapse that its seeds do not show.",
        "",
    ]


def write_docs(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put the tables between their marks in the docs page."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    before, after = page.split(begin)[0], page.split(end)[-1]
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
