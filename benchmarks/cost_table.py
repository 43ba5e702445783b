"""Write what a trial costs into docs/sweep.md, from what the benchmarks of it left in benchmarks/results/.

    python -m benchmarks.cost_table

A file that is not there leaves its lines out; ``NAME-before.json`` is the same benchmark on an earlier revision.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.calibration_table import write_docs

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[1] / "docs" / "sweep.md"
BEGIN, END = "<!-- written by python -m benchmarks.cost_table -->", "<!-- costs end -->"


def markdown(folder: Path = RESULTS) -> str:
    """Return the section's tables, of whatever results there are."""
    found = {name: _read(folder / f"{name}.json") for name in ("overhead", "states", "short", "many")}
    before = {name: _read(folder / f"{name}-before.json") for name in found}
    blocks = [_overhead(found["overhead"], before["overhead"])]
    blocks += [_states(found["states"], before["states"])]
    blocks += [_short(found["short"], before["short"]), _many(found["many"])]
    return "\n".join(line for block in blocks for line in block)


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _overhead(now: dict[str, Any] | None, before: dict[str, Any] | None) -> list[str]:
    lines = []
    for result, when in ((before, "before"), (now, "now")):
        if result is None:
            continue
        head = f"{_of(result, 'overhead')}; n = {result['rounds']}, medians"
        lines += [
            f"| CPU seconds, {when} ({head}) | to trial 50 | a further trial, 50-200 | 200-1,000 | growth |",
            "|---|--:|--:|--:|--:|",
        ]
        for name, row in result["contenders"].items():
            costs = " | ".join(_number(row["per_trial"][span], 4) for span in ("50-200", "200-1000"))
            label = f"this engine, `{name}`" if name in ("here", "ray") else name
            first = _number(row["cpu_seconds_at"]["50"], 1)
            lines.append(f"| {label} | {first} | {costs} | {_number(row['growth'], 2)} |")
        lines.append("")
    if now is None:
        return lines
    lines += ["| ratio within a round | median (lowest to highest) | at most |", "|---|--:|--:|"]
    for row in now["ratios"]:
        if row["rounds"]:
            seen = f"{row['median']:.2f} ({min(row['rounds']):.2f} to {max(row['rounds']):.2f})"
            lines.append(f"| {row['what']} | {seen} | {row['limit']:g} |")
    tpe, random = ([f"{1000 * value:.1f}" for value in now["proposing"][name].values()] for name in ("tpe", "random"))
    return [
        *lines,
        "",
        f"The objective alone is {1000 * now['objective']:.1f} ms of a trial. Growth: trials 900-1,000 over 50-150.",
        f"Asking and telling Optuna once, where it knows {', '.join(now['proposing']['tpe'])} trials, in ms of CPU:",
        f"`tpe` {', '.join(tpe)}; `random` {', '.join(random)}.",
        "",
    ]


def _states(now: dict[str, Any] | None, before: dict[str, Any] | None) -> list[str]:
    rows = [(result, row) for result in (before, now) if result for row in result["engines"]]
    if not rows:
        return []
    size = rows[0][0]["megabytes"]
    lines = [
        f"| {size} MB of weights and {3 * size} of state, six trials | driver's peak above its base | of it its own | "
        "ms of CPU per MB | s per record, beyond small states |",
        "|---|--:|--:|--:|--:|",
    ]
    for result, row in rows:
        when = "before" if result is before else "now"
        peaks = f"{row['peak_mb']:.0f} MB | {row['peak_own_mb']:.0f} MB"
        costs = f"{1000 * row['cpu_per_mb']:.2f} | {row['wall_per_record_beyond_small']:.2f}"
        about = f"{_of(result, 'states')}; n = {result['rounds']}"
        lines.append(f"| `{row['engine']}`, {when} ({about}) | {peaks} | {costs} |")
    return [*lines, ""]


def _short(now: dict[str, Any] | None, before: dict[str, Any] | None) -> list[str]:
    lines = []
    for result, when in ((before, "before"), (now, "now")):
        if result is not None:
            rows = [one["beside"] for one in result["rounds"]]
            lines.append(
                f"- `baseline --seeds {result['seeds']}` of ten-second trainings on one core, {when}: "
                f"{result['median']:.1f} s beside training ({min(rows):.1f} to {max(rows):.1f}, n = {len(rows)}; "
                f"{_of(result, 'short')})."
            )
    return lines


def _many(now: dict[str, Any] | None) -> list[str]:
    if now is None:
        return []
    return [
        f"- A sweep of {now['trials']:,} trials of one step on `{now['engine']}`: {now['wall']:.0f} s; the driver "
        f"holds at most {now['peak_mb']:.0f} MB, ends {now['end_seconds']:.1f} s after its last record, and starts "
        f"again with all done in {now['again_cpu']:.1f} s of CPU ({_of(now, 'many')})."
    ]


def _of(result: dict[str, Any], name: str) -> str:
    about = result["machine"]
    return f"`python -m benchmarks.{name}` at {result['revision']}, {about['cores']} cores, {about['cpu']}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    write_docs(DOCS, markdown(), BEGIN, END)
