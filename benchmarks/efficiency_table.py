"""Rows of the efficiency as lines, and as the tables of docs/calibration.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.calibration_table import pick, table

BEGIN = "<!-- written by python -m benchmarks.efficiency -->"
END = "<!-- efficiency ends -->"
RULES = ("former, 40 seeds", "former, 80 seeds", "planned", "fixed")
Row = dict[str, Any]


def show(row: Row) -> str:
    """Write one row as one line."""
    if row["what"] == "target":
        return f"{_target(row)}{'  MISSED' if row['missed'] else ''}"
    if row["what"] == "cost":
        at = f"{row['rule']:<16} {row['candidates']} candidates, {_points(row['effect'])}"
        sure = f"{row['trainings']:6.1f} trainings +- {row['error']:.1f}"
        return (
            f"{at}: {sure}, {100 * row['decided']:.1f} % decided, {100 * row['better']:.1f} % better (n = {row['n']})"
        )
    said = f"found {100 * row['found']:.1f} %, false {100 * row['false']:.1f} %"
    cost = f"{row['trainings']:.1f} trainings on average, {row['most']} at most"
    return f"{row['rule']:<17} budget {row['budget']}, {row['rounds']} rounds: {said}, {cost} (n = {row['n']})"


def _points(effect: float) -> str:
    return f"{100 * effect:+.1f} points" if effect else "no gain"


def markdown(rows: Sequence[Row]) -> str:
    """Write the tables of the docs."""
    return "\n".join([*_costs(rows), *_finding(rows), *_targets(rows)])


def _costs(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="cost")
    body = []
    for at in dict.fromkeys((r["candidates"], r["effect"]) for r in found):
        of = {r["rule"]: r for r in pick(found, candidates=at[0], effect=at[1])}
        every = [of[rule] for rule in RULES]
        line = [f"{at[0]} candidate{'s' if at[0] > 1 else ''}, {_points(at[1])}"]
        line += [f"{r['trainings']:.1f}" for r in every]
        line += [f"{of['planned']['trainings'] / of[rule]['trainings']:.2f}" for rule in RULES[:2]]
        body.append([*line, " / ".join(f"{100 * r['decided']:.0f}" for r in every)])
    head = [
        "",
        "former, 40",
        "former, 80",
        "planned, 24",
        "fixed",
        "planned / former, 40",
        "/ former, 80",
        "decided, %",
    ]
    return [
        "## What a verdict costs",
        "",
        "`python -m benchmarks.efficiency`: mean trainings until every candidate has its verdict or none can come, the "
        "baseline's included, and the share of candidates with one (better, worse, equivalent, or no gain). All "
        "candidates have the same true gain; one training varies by 0.5 percentage points, the margin is 0.5. The "
        "*former rule*, until this design: paired t at interim analyses of 5 % / (k + 1)! with Holm's method, begun "
        "with 6 seeds, then as many further ones as an undecided verdict suggested, up to 40 or 80 seeds and 6 "
        "analyses. *Planned*: at most 24 rounds. *Fixed*: one paired t, or equivalence, on as many seeds as find +1 "
        "point with 80 % power by Bonferroni's method. The shares in the last column are in the columns' order: a rule "
        f"that goes on for longer decides more. n = {found[0]['n']:,} simulated studies per row, Monte-Carlo error of "
        f"the trainings at most {max(r['error'] for r in found):.1f}.",
        *table(head, body),
    ]


def _finding(rows: Sequence[Row]) -> list[str]:
    found = pick(rows, what="finding")
    body = [
        [
            f"{r['budget']}: {r['rule']}, {r['rounds']} rounds",
            f"{100 * r['found']:.1f}",
            f"{100 * r['false']:.1f}",
            f"{r['trainings']:.1f}",
        ]
        for r in found
    ]
    return [
        "## One gain among five, by budget",
        "",
        "One of five candidates gains 1 point, the others nothing. A race, or the planned rule without one, has as "
        "many rounds as fit the budget at worst; the former rule has one look with all seeds that fit. *Found*: the "
        "one is called better; *false*: another is called better or worse, or the one worse; per cent of studies, n = "
        f"{found[0]['n']:,} simulated ones per row.",
        *table(["trainings at most", "found", "false", "trainings, mean"], body),
    ]


def _targets(rows: Sequence[Row]) -> list[str]:
    lines = []
    for r in pick(rows, what="target"):
        lines.append(f"- {_target(r)}{': **missed**' if r['missed'] else ''}")
    return ["The targets, held to the former rule with either most:", "", *lines, ""]


def _target(row: Row) -> str:
    at = f"{row['candidates']} candidate{'s' if row['candidates'] > 1 else ''}, {_points(row['effect'])}"
    beside = f" (of the rule of 80 seeds {100 * row['beside']:.1f})" if "beside" in row else ""
    return f"{row['of']}, {at}: {100 * row['is']:.1f} %{beside}, target {100 * row['limit']:.0f} %"
