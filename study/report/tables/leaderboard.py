"""The leaderboard to take away: CSV, JSON, Markdown and a LaTeX booktabs table."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.record import Record
from study.report.blocks import Download, plain
from study.report.text import clean, value
from study.report.view import View

TYPES = {
    "csv": ("text/csv", "CSV"),
    "json": ("application/json", "JSON"),
    "md": ("text/markdown", "Markdown"),
    "latex": ("application/x-tex", "LaTeX"),
}
SUFFIX = {"latex": "tex"}


def downloads(view: View) -> list[Download]:
    """The exports as links that save a file, with or without JavaScript."""
    made = exports(view)
    found = []
    for kind, (mime, label) in TYPES.items():
        data = base64.b64encode(made[kind].encode()).decode()
        href = Markup(f"data:{mime};charset=utf-8;base64,{data}")  # Markup: never cut as a long name is
        found.append(Download(f"leaderboard.{SUFFIX.get(kind, kind)}", label, href))
    return found


def exports(view: View) -> dict[str, str]:
    """Format -> text."""
    rows = table(view)
    return {"csv": as_csv(rows), "json": as_json(view, rows), "md": as_markdown(view), "latex": as_latex(view)}


def table(view: View) -> list[dict[str, Any]]:
    """One dict per run of the leaderboard, complete trials by rank first; accuracies and differences are fractions."""
    ranks = {id(t): i for i, t in enumerate(view.ranked, 1)}
    fields = list(dict.fromkeys(f for r in [view.meta.baseline, *(t.record.config for t in view.trials)] for f in r))
    rows = [_row(b, fields, "baseline") for b in view.baselines]
    order = sorted(view.trials, key=lambda t: (ranks.get(id(t), len(ranks) + 1), t.order))
    for trial in order:
        c = trial.compared
        rows.append(
            _row(trial.record, fields, "trial", ranks.get(id(trial)))
            | {
                "difference": _tidy(c.as_configured),
                "equal_epochs": c.equal_epochs,
                "difference_at_equal_epochs": _tidy(c.at_equal),
            }
        )
    return rows


def _row(record: Record, fields: list[str], kind: str, rank: int | None = None) -> dict[str, Any]:
    scored = record.status in ("complete", "pruned")
    row: dict[str, Any] = {
        "rank": rank,
        "kind": kind,
        "trial": record.trial,
        "run_id": record.run_id,
        "seed": record.seed,
        "status": record.status,
        "epochs": len(record.history),
        "best_epoch": record.best_epoch if scored else None,
        "val_accuracy": record.val_accuracy,
        "val_loss": record.val_loss,
        "difference": None,
        "equal_epochs": None,
        "difference_at_equal_epochs": None,
        "test_accuracy": record.test_accuracy,
        "test_loss": record.test_loss,
        "parameters": record.parameters,
        "seconds": record.seconds,
        "error": record.error,
    }
    row |= {f"config.{f}": record.config.get(f) for f in fields}
    return {clean(k, 80): _plain(v) for k, v in row.items()}


def _tidy(difference: float | None) -> float | None:
    """A difference without the dust of binary fractions."""
    return None if difference is None else round(difference, 10)


def _plain(item: Any) -> Any:
    return item if item is None or isinstance(item, bool | int | float) else clean(item)


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Comma-separated, one header; a text that a spreadsheet would run as a formula gets a quote in front."""
    file = io.StringIO()
    if rows:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_inert(k) for k in rows[0]])
        writer.writerows([[_inert(v) for v in row.values()] for row in rows])
    return file.getvalue()


def _inert(item: Any) -> Any:
    return "'" + item if isinstance(item, str) and item[:1] in ("=", "+", "-", "@") else item


def as_json(view: View, rows: list[dict[str, Any]]) -> str:
    """The study's name, dataset and baseline, and one object per run."""
    data = view.meta.dataset
    head = {
        "study": clean(view.meta.name),
        "dataset": clean(data.name),
        "fingerprint": clean(data.fingerprint),
        "ranked_by": "val_accuracy",
        "exploratory": True,
        "runs": rows,
    }
    return json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


PAPER = ("Rank", "Run", "Changes", "Epochs", "Validation (%)", "Difference", "Equal epochs", "Test (%)", "Minutes")


def _paper(view: View) -> list[list[str]]:
    """Rows of :data:`PAPER`: the baseline, then complete trials by rank."""
    rows = []
    if view.reference is not None:
        run = view.reference
        rows.append(
            [
                "",
                "baseline",
                "",
                str(len(run.history)),
                _hundred(run.val_accuracy),
                "",
                "",
                _hundred(run.test_accuracy),
                _minutes(run),
            ]
        )
    for rank, trial in enumerate(view.ranked, 1):
        rows.append(
            [
                str(rank),
                trial.label,
                _changes(trial),
                str(len(trial.record.history)),
                *_scores(trial),
                _minutes(trial.record),
            ]
        )
    return rows


def _scores(trial: Trial) -> list[str]:
    c, r = trial.compared, trial.record
    return [
        _hundred(r.val_accuracy),
        _hundred(c.as_configured, True),
        _hundred(c.at_equal, True),
        _hundred(r.test_accuracy),
    ]


def _hundred(fraction: float | None, sign: bool = False) -> str:
    return "" if fraction is None else f"{100 * fraction:{'+' if sign else ''}.2f}"


def _minutes(record: Record) -> str:
    return "" if record.seconds is None else f"{record.seconds / 60:.1f}"


def _changes(trial: Trial) -> str:
    return ", ".join(f"{clean(f, 40)}={plain(value(new))}" for f, (_, new) in trial.changes.items())


def _note(view: View) -> str:
    return (
        f"{clean(view.meta.name, 60)} on {clean(view.meta.dataset.name, 60)}: exploratory; one run each, "
        f"ranked by validation; "
        "differences to the baseline run of the same seed in percentage points; test shown, never ranked by."
    )


def as_markdown(view: View) -> str:
    """A Markdown table of the baseline and the complete trials."""

    def cell(item: str) -> str:
        for mark in "\\|<>*_`[]":
            item = item.replace(mark, "\\" + mark)
        return item

    rows = [[cell(c) for c in row] for row in _paper(view)]
    ruled = ["---:" if h not in ("Run", "Changes") else ":---" for h in PAPER]
    lines = [" | ".join(line) for line in (PAPER, ruled, *rows)]
    return f"{cell(_note(view))}\n\n" + "".join(f"| {line} |\n" for line in lines)


def as_latex(view: View) -> str:
    """A LaTeX table with booktabs rules of the baseline and the complete trials."""
    rows = [" & ".join(_tex(c) for c in row) + r" \\" for row in _paper(view)]
    head = " & ".join(_tex(h) for h in PAPER) + r" \\"
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_tex(_note(view))}}}",
            r"\begin{tabular}{rllrrrrrr}",
            r"\toprule",
            head,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}


def _tex(item: str) -> str:
    if item[:1] in "+-" and item[1:2].isdigit():
        return f"${item}$"
    return "".join(_TEX.get(c, c) for c in item)
