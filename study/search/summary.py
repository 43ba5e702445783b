"""What ``sweep`` prints in the end: counts, cost, the best beside the baseline, and what that does not yet mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from results.analysis.evidence import Evidence
from results.analysis.noise import UNMEASURED
from results.analysis.scores import curve_so_far, prefixes_compare
from results.config import changes
from results.escaping import terminal
from results.formatting import MISSING, plural, setting
from results.record import Record
from results.store import Study
from study.search.sweep import SweepSummary

SHOWN = 5


def print_summary(
    study: Study, summary: SweepSummary, seed: int, limited: str = "the time limit ended it; the same command goes on"
) -> None:
    """Print to stdout; ``limited`` is said of a sweep that ended by the clock."""
    console = Console(highlight=False, soft_wrap=True, markup=False)  # a value such as "[/red]" is none
    evidence = Evidence.of(study)
    baseline = next((run for run in evidence.baselines if run.seed == seed), None)
    records = [r for r in summary.records if evidence.is_trial(r)]
    complete = [r for r in records if r.status == "complete" and r.score is not None]
    if complete:
        best = sorted(complete, key=lambda r: -(r.score or 0))[:SHOWN]
        console.print(_table(best, baseline, evidence))
    statuses = Counter(r.status for r in records)
    told = ", ".join(f"{statuses[s]} {s}" for s in ("complete", "pruned", "failed", "diverged") if statuses[s])
    console.print(f"{_counted(summary, len(records))}: {told or 'none yet'}", end="")
    console.print(f"; {cost(records, study.meta.baseline)}" if evidence.has_epochs else "")
    for line in _engine_lines(summary, limited):
        console.print(line)
    if complete:
        console.print(_luck(evidence), end="")
        console.print("One run each, and the best of many: exploratory until 'python -m study.run confirm'.")


def _counted(summary: SweepSummary, others: int) -> str:
    """Say how many runs the sweep has: '50 trials, the baseline and 49 others'; the baseline is one that was asked."""
    made = len(summary.records)
    of = f" of {summary.asked}" if made != summary.asked else ""
    return f"{made}{of} trials" + (f", the baseline and {plural(others, 'other')}" if made > others else "")


def _luck(evidence: Evidence) -> str:
    """Say in one line how often luck alone would show as much as the best of all trials; empty where there is none."""
    luck, floor = evidence.luck, evidence.validation_floor
    if evidence.best is None:
        return ""
    if luck is None:
        why = UNMEASURED if floor is None else f"the baseline's {floor.n} seeds gave the same score"
        return f"How much of the best trial's lead is luck is not known: {why}.\n"
    lead = evidence.metric.with_unit(luck.lead)
    return f"Against the mean of the baseline's {luck.seeds} seeds the best is at {lead}: {luck.words}.\n"


def cost(records: list[Record], baseline: dict[str, Any]) -> str:
    """Say what was trained: epochs, and in trainings of the baseline's length."""
    epochs = sum(len(r.history) for r in records)
    full = baseline.get("epochs")
    return f"{epochs} epochs trained" + (f", as many as {epochs / full:.1f} baselines of {full}" if full else "")


def _engine_lines(summary: SweepSummary, limited: str) -> list[str]:
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
        lines.append(limited)
    if summary.exit_code == 1:
        lines.append("every trial failed: there is nothing to compare")
    return lines


def _table(best: list[Record], baseline: Record | None, evidence: Evidence) -> Table:
    table, metric = Table(box=None, pad_edge=False), evidence.metric
    table.add_column("trial")
    shown = ["epochs", "validation", "baseline then", "difference"]
    if not evidence.has_epochs:
        shown = ["validation", "baseline", "difference"]
    for name in shown:
        table.add_column(name, justify="right")
    table.add_column("changes")
    curve = [] if baseline is None else curve_so_far(baseline)
    for record in best:
        epochs = len(record.history)
        compare = prefixes_compare(record.config, evidence.meta.baseline, evidence.meta.prefix)
        at = curve[epochs - 1] if compare and epochs <= len(curve) else None
        value = record.score or 0.0
        gain = MISSING if at is None else metric.with_unit(value - at, short=True)
        table.add_row(
            str(record.trial),
            *([str(epochs)] if evidence.has_epochs else []),
            metric.text(value),
            metric.text(at),
            gain,
            terminal(_changes(record.config, evidence.meta.baseline)),
        )
    return table


def _changes(config: dict[str, Any], baseline: dict[str, Any]) -> str:
    changed = [f"{k}={setting(new)}" for k, (_, new) in changes(config, baseline).items()]
    return " ".join(changed)
