"""What ``sweep`` prints in the end: counts, cost, the best beside the baseline, and what that does not yet mean."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, get_args

from rich.table import Table

from results.analysis.evidence import Evidence
from results.analysis.scores import curve_so_far, prefixes_compare
from results.commands import shown_path
from results.config import changes
from results.escaping import terminal
from results.formatting import MISSING, plural, settings
from results.record import Record, Status
from results.store import Study
from study.search.sweep import SweepSummary
from study.terminal.console import lines_of
from study.terminal.screen import say, width

SHOWN = 5
LIMITED = "The time limit ended it; the same command goes on."


def print_summary(
    study: Study,
    summary: SweepSummary,
    seed: int,
    limited: str = LIMITED,
    verbose: bool = False,
) -> None:
    """Print to stdout; ``limited`` is said of a sweep that ended by the clock, engine figures where ``verbose``."""
    evidence = Evidence.of(study)
    baseline = next((run for run in evidence.baselines if run.seed == seed), None)
    records = [r for r in summary.records if evidence.is_trial(r)]
    complete = [r for r in records if r.status == "complete" and r.score is not None]
    if complete:
        best = sorted(complete, key=lambda r: -(r.score or 0))[:SHOWN]
        for line in _best(best, baseline, evidence):
            say(line)
    statuses = Counter(r.status for r in records)
    told = ", ".join(f"{statuses[s]} {s}" for s in get_args(Status) if statuses[s])
    trained = evidence.has_epochs and any(r.history for r in records)
    spent = f"; {cost(records, study.meta.baseline)}" if trained else ""
    say(f"{_counted(summary, len(records))}: {told or 'none yet'}{spent}.")
    for line in _engine_lines(summary, limited, verbose):
        say(line)
    if complete:
        say(f"{_luck(evidence)}Each trial is one run, picked after looking: exploratory, no verdict.")


def _counted(summary: SweepSummary, others: int) -> str:
    """Say how many runs the sweep has: '50 trials, the baseline and 49 others'; the baseline is one that was asked."""
    made = len(summary.records)
    of = f" of {summary.asked}" if made < summary.asked else ""
    return f"{made}{of} trials" + (f", the baseline and {plural(others, 'other')}" if made > others else "")


def _luck(evidence: Evidence) -> str:
    """Say how often luck alone would show as much as the best of all trials; empty where there is none."""
    luck, floor = evidence.luck, evidence.validation_floor
    if evidence.best is None:
        return ""
    if luck is None:
        why = "was run with one seed only" if floor is None else f"gave the same score with its {floor.n} seeds"
        return f"How much of the best trial's lead is luck is not known: the baseline {why}. "
    lead = evidence.metric.with_unit(luck.lead)
    return f"Against the mean of the baseline's {luck.seeds} seeds the best is at {lead}: {luck.words}. "


def cost(records: list[Record], baseline: dict[str, Any]) -> str:
    """Say what was trained: epochs, and in trainings of the baseline's length."""
    epochs = sum(len(r.history) for r in records)
    full = baseline.get("epochs")
    return f"{epochs} epochs trained" + (f", as many as {epochs / full:.1f} baselines of {full}" if full else "")


def _engine_lines(summary: SweepSummary, limited: str, verbose: bool) -> list[str]:
    engine = summary.engine
    if engine is None:
        return ["Nothing was left to train."]
    lines = engine.figures if verbose else []
    failed = sum(r.status == "failed" for r in engine.records)
    if failed:
        lines.append(
            f"{failed} failed in this run: reasons in the records, details in {shown_path(engine.log or 'study.log')}"
        )
    if engine.timed_out and not summary.complete:
        lines.append(limited)
    if summary.exit_code == 1:
        lines.append("Every trial failed: there is nothing to compare.")
    return lines


def _best(best: list[Record], baseline: Record | None, evidence: Evidence) -> list[str]:
    """Return the best trials' scores as a table, each row with a line of what it changes below."""
    head, *rows = lines_of(_table(best, baseline, evidence), width(sys.stdout))
    then = " after as many epochs" if evidence.has_epochs else ""
    lines = [f"The best trials by their validation score, beside the baseline's{then}:", head]
    for row, record in zip(rows, best, strict=True):
        lines += [row, f"      {terminal(_changes(record.config, evidence.meta.baseline), 2000)}"]
    return lines


def _table(best: list[Record], baseline: Record | None, evidence: Evidence) -> Table:
    table, metric = Table(box=None, pad_edge=False), evidence.metric
    for name in ["trial", *(["epochs"] if evidence.has_epochs else []), "validation", "baseline", "difference"]:
        table.add_column(name, justify="left" if name == "trial" else "right", no_wrap=True)
    curve = [] if baseline is None else curve_so_far(baseline)
    for record in best:
        epochs = len(record.history)
        compare = prefixes_compare(record.config, evidence.meta.baseline, evidence.meta.prefix)
        at = curve[epochs - 1] if compare and epochs <= len(curve) else None
        value = record.score or 0.0
        gain = MISSING if at is None else metric.with_unit(value - at, short=True)
        shown = [str(epochs)] if evidence.has_epochs else []
        table.add_row(str(record.trial), *shown, metric.text(value), metric.text(at), gain)
    return table


def _changes(config: dict[str, Any], baseline: dict[str, Any]) -> str:
    return settings({k: new for k, (_, new) in changes(config, baseline).items()}, " ")
