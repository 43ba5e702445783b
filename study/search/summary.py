"""What ``sweep`` prints in the end: counts, cost, the best beside the baseline, and what that does not yet mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from results.analysis.evidence import Evidence
from results.config import changes
from results.escaping import terminal
from results.formatting import percent, points, setting
from results.outcome import best_so_far
from results.record import Record
from results.store import Study
from study.search.sweep import SweepSummary

SHOWN = 5


def print_summary(study: Study, summary: SweepSummary, seed: int) -> None:
    """Print to stdout."""
    console = Console(highlight=False, soft_wrap=True, markup=False)  # a value such as "[/red]" is none
    baseline = find_baseline(study, seed)
    records = summary.records
    complete = [r for r in records if r.status == "complete" and r.score is not None]
    if complete:
        console.print(
            _table(sorted(complete, key=lambda r: -(r.score or 0))[:SHOWN], baseline, study.meta.baseline)
        )
    statuses = Counter(r.status for r in records)
    told = ", ".join(f"{statuses[s]} {s}" for s in ("complete", "pruned", "failed", "diverged") if statuses[s])
    of = f" of {summary.asked}" if len(records) != summary.asked else ""
    console.print(f"{len(records)}{of} trials: {told or 'none yet'}; {cost(records, study.meta.baseline)}")
    for line in _engine_lines(summary):
        console.print(line)
    if complete:
        console.print("One run each, and the best of many: exploratory until 'python -m study.run confirm'.")


def find_baseline(study: Study, seed: int) -> Record | None:
    """Return the complete baseline record with this seed."""
    return next((run for run in Evidence.of(study).baselines if run.seed == seed), None)


def cost(records: list[Record], baseline: dict[str, Any]) -> str:
    """Say what was trained: epochs, and in trainings of the baseline's length."""
    epochs = sum(len(r.history) for r in records)
    full = baseline.get("epochs")
    return f"{epochs} epochs trained" + (f", as many as {epochs / full:.1f} baselines of {full}" if full else "")


def _engine_lines(summary: SweepSummary) -> list[str]:
    engine = summary.engine
    if engine is None:
        return ["nothing was left to train"]
    lines = []
    if engine.startup is not None:
        lines.append(f"start-up {engine.startup:.2f} s per trial, from being scheduled to its first step")
    if engine.overhead is not None:
        busy = "" if engine.busy is None else f"; trial slots busy {engine.busy:.0%} of the time"
        lines.append(f"overhead {engine.overhead:.2f} s per trial after each slot's first{busy}")
    failed = sum(r.status == "failed" for r in engine.records)
    if failed:
        lines.append(f"{failed} failed in this run: reasons in the records, details in {engine.log}")
    if engine.timed_out and not summary.complete:
        lines.append("the time limit ended it; the same command goes on")
    if summary.exit_code == 1:
        lines.append("every trial failed: there is nothing to compare")
    return lines


def _table(best: list[Record], baseline: Record | None, config: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("trial")
    for name in ("epochs", "validation", "baseline then", "difference"):
        table.add_column(name, justify="right")
    table.add_column("changes")
    curve = [] if baseline is None else best_so_far(baseline.history)
    for record in best:
        epochs = len(record.history)
        at = curve[epochs - 1] if curve and epochs <= len(curve) else None
        value = record.score or 0.0
        table.add_row(
            str(record.trial),
            str(epochs),
            percent(value),
            percent(at),
            "-" if at is None else f"{points(value - at)} points",
            terminal(_changes(record.config, config)),
        )
    return table


def _changes(config: dict[str, Any], baseline: dict[str, Any]) -> str:
    changed = [f"{k}={setting(new)}" for k, (_, new) in changes(config, baseline).items()]
    return " ".join(changed) or "the baseline itself"
