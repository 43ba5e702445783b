"""Calibration rows as lines and as the table in docs/statistics.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- calibration: written by python -m benchmarks.calibration -->", "<!-- calibration ends -->"
NUMBERS = {"rate", "n", "error", "promise", "broken", "what"}


def show(row: dict[str, Any]) -> str:
    """Write one row as one line."""
    where = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items() if k not in NUMBERS)
    sure = f"+- {100 * row['error']:.2f} (n = {row['n']})" if row["n"] else "(computed)"
    promise = "" if row["promise"] is None else f"  promise {100 * row['promise']:.0f} %"
    return f"{row['what']:<40} {100 * row['rate']:6.2f} % {sure:<20} {where}{promise}{'  BROKEN' if row['broken'] else ''}"


def _pick(rows: list[dict[str, Any]], **where: Any) -> dict[str, Any] | None:
    return next((r for r in rows if all(r.get(k) == v for k, v in where.items())), None)


def _percent(row: dict[str, Any] | None, digits: int = 1) -> str:
    return "" if row is None else f"{100 * row['rate']:.{digits}f}" + (" **broken**" if row["broken"] else "")


def _table(head: list[str], body: list[list[str]]) -> list[str]:
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return [f"| {' | '.join(line)} |" for line in [head, rule, *body]] + [""]


def _error(rows: list[dict[str, Any]], what: str) -> str:
    of = [r for r in rows if r["what"] == what]
    n = sorted({r["n"] for r in of})
    return f"n = {' or '.join(f'{x:,}' for x in n)} simulated studies per rate, Monte-Carlo error at most {100 * max(r['error'] for r in of):.2f}"


def markdown(rows: list[dict[str, Any]]) -> str:
    """Write the tables of the docs; every rate is a percentage."""
    out: list[str] = []
    seeds = sorted({r["seeds"] for r in rows if r["what"] == "coverage"})
    cells = [(n, m) for n in seeds for m in (1, 5, 50)]
    noises = list(dict.fromkeys(r["noise"] for r in rows if r["what"] == "coverage"))
    what = "false better or worse"
    out += [f"**A true null called better or worse in a study** (promise: at most 5 %), every candidate extended by half at each look; {_error(rows, what)}. Each entry: after 1 / 2 / 3 / 4 looks.", ""]
    body = []
    for n, m in cells:
        line = [f"{n} seeds, {m} comparison{'s' if m > 1 else ''}"]
        for noise in noises:
            line.append(" / ".join(_percent(_pick(rows, what=what, policy="extend", noise=noise, seeds=n, comparisons=m, looks=k)) for k in (1, 2, 3, 4)))
        line.append(" / ".join(_percent(_pick(rows, what=what, policy="join", seeds=n, comparisons=m, looks=k)) for k in (1, 2, 3, 4)))
        for other in ("false in the population", "seeds-only test misread"):
            line.append(" / ".join(_percent(_pick(rows, what=other, seeds=n, comparisons=m, looks=k)) for k in (1, 2, 3, 4)))
        body.append(line)
    out += _table(["", *noises, "normal, candidates join", "equal in the population of images", "*(seeds-only test misread as that)*"], body)
    out += [f"Population columns: {_error(rows, 'false in the population')}.", ""]
    out += [f"**Coverage of the 95 % intervals** (promise: at least 93 %); {_error(rows, 'coverage')}.", ""]
    out += _table(["seeds", *noises], [[str(n), *(_percent(_pick(rows, what="coverage", noise=z, seeds=n)) for z in noises)] for n in seeds])
    what = "wrong equivalent"
    out += [f"**A true difference of exactly the margin called equivalent** (promise: at most 5 %), after 1 / 2 / 3 / 4 looks; {_error(rows, what)}.", ""]
    out += _table(["", *noises], [[f"{n} seeds, {m} comparison{'s' if m > 1 else ''}", *(" / ".join(_percent(_pick(rows, what=what, noise=z, seeds=n, comparisons=m, looks=k)) for k in (1, 2, 3, 4)) for z in noises)] for n in seeds for m in (1, 5)])
    out += [f"**Power at a first look**, normal noise (spread of one run 0.42 points); {_error(rows, 'power')}.", ""]
    effects = [0.005, 0.01, 0.02]
    out += _table(["", *(f"{100 * e:+.1f} points" for e in effects), "'equivalent', no difference"], [[f"{n} seeds, {m} comparison{'s' if m > 1 else ''}", *(_percent(_pick(rows, what="power", effect=e, seeds=n, comparisons=m)) for e in effects), _percent(_pick(rows, what="power of equivalent", seeds=n, comparisons=m))] for n, m in cells])
    out += ["**Seeds chosen after looking**, starting from 6, after 1 / 2 / 3 / 4 looks (promise: at most 5 %).", ""]
    body = []
    for m in (1, 5):
        for what in ("false better or worse, seeds as suggested", "wrong equivalent, seeds as suggested"):
            found = [_pick(rows, what=what, comparisons=m, looks=k) for k in (1, 2, 3, 4)]
            body.append([f"{what}, {m} comparison{'s' if m > 1 else ''}", " / ".join(map(_percent, found)), f"{found[0]['n']:,}" if found[0] else ""])
    for m in (1, 50):
        found = [_pick(rows, what="worst choice of seeds", comparisons=m, looks=k) for k in (1, 2, 3, 4)]
        if found[0]:
            body.append([f"worst possible choice, {m} comparison{'s' if m > 1 else ''}", " / ".join(map(_percent, found)), "computed"])
    out += _table(["", "rate", "n"], body)
    best, after = _pick(rows, what="best single trial looks better"), _pick(rows, what="false after confirming")
    if best and after:
        out += [f"**Sweeps of 50 trials that are all the baseline** (n = {best['n']:,}): the best looks better than the baseline on validation in {100 * best['rate']:.1f} %, by {100 * best['promised']:.2f} points on average; on 6 fresh seeds {100 * best['confirmed'] + 0.0:+.3f} points are left, and a false verdict on any of the top three comes in {100 * after['rate']:.2f} % (+- {100 * after['error']:.2f}).", ""]
    return "\n".join(out)


def write_docs(path: Path, text: str) -> None:
    """Put the tables between their marks in the docs page."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    before, after = page.split(BEGIN)[0], page.split(END)[-1]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
