"""Chapter: every trial, each once, in a folded part with its own link, small enough for hundreds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.scores import curve
from results.record import Record
from study.report.blocks import Block, Command, Curve, Details, Lines, Note, Section, Text
from study.report.parts.class_changes import class_noise
from study.report.parts.reproduce import exact, reproduce
from study.report.parts.trial_errors import complete, moved_examples, pruned
from study.report.text import capital, clean, duration, number, plural, text, typeset
from study.report.view import View, trial_changes

NAME, QUESTION, SHORT = "trials", "What did each trial do?", "Every trial"

WHOLE = 100
"""Trials whose matrix is a table, the best ones; of the others it is a picture, with its numbers as text."""

PICTURED = 10
"""Trials shown with test images."""


def every(view: View) -> Section | None:
    """One folded part per trial, complete ones by rank first."""
    if not view.trials:
        return None
    noise, box = class_noise(view), _box(view)
    made = [_details(view, t, i, noise, box) for i, t in enumerate(view.shown)]
    said = [
        text(
            "{}Open one to see what it changed, {}{}and how to run it again.{}",
            f"{view.of_all}: complete ones by rank, then pruned ones by how far they came. " if view.of_all else "",
            "how it learned, " if view.has_epochs else "",
            "where its errors moved " if view.classification else "",
            " Changes of single classes are shown without a flag: what is noise is unknown below three seeds of the "
            "baseline."
            if noise is None and view.ranked and view.classification
            else "",
        )
    ]
    return Section("every-trial", "Trials, complete ones by rank", [Text(said), *made])


def _details(view: View, trial: Trial, order: int, noise: np.ndarray | None, box: _Box) -> Details:
    r, c = trial.record, trial.compared
    blocks: list[Block] = [_what(view, trial)]
    if r.error:
        blocks.append(Note("bad", r.status, [clean(r.error, 600)]))
    drawn = _curve(view, trial, box) if view.has_epochs else None
    blocks += [drawn] if drawn else []
    if r.status == "complete":
        blocks += complete(view, trial, noise, order < WHOLE)
        blocks += moved_examples(view, trial, order < PICTURED)
    elif r.status == "pruned":
        blocks += pruned(view, trial, order < WHOLE)
    blocks.append(Command(reproduce(view, r), "To run it again, in a study of its own", plain=True))
    if c.as_configured is not None:
        score = view.amount(c.as_configured, short=True)
    elif c.at_equal is not None and view.equal:
        score = text("{} at epoch {}", view.gain(c.at_equal), c.equal_epochs)
    else:
        score = Markup("no score")
    return Details(trial.anchor, trial.label, r.status, [score, trial_changes(trial)], blocks)


def _what(view: View, trial: Trial) -> Lines:
    """Its settings with every digit, the baseline's first; then, after an empty line, how it ended."""
    r, c = trial.record, trial.compared
    unit = f" {view.metric.short_unit}" if view.metric.short_unit else ""
    items = [f"{clean(f, 40)}\t{exact(old)}\t→ {exact(new)}" for f, (old, new) in trial.changes.items()]
    items.append("")
    if r.status == "pruned":
        items.append(f"pruned\tafter {plural(len(r.history), 'epoch')}: no full score, hence no rank")
    if r.status in ("complete", "pruned"):
        at = f" (epoch {r.best_epoch or '–'})" if view.has_epochs else ""
        items.append(f"validation\t{view.score(r.score)}{at}")
    if c.as_configured is not None:
        items.append(f"against the baseline\t{view.gain(c.as_configured)}{unit}")
    if c.at_equal is not None and view.equal:
        items.append(f"within {plural(c.equal_epochs or 0, 'epoch')}\t{view.gain(c.at_equal)}{unit}")
    if r.status == "complete" and view.metric.test:
        items.append(f"test, not ranked\t{view.score(r.test_score)} ({view.gain(c.test)})")
    if label := view.fresh_label(trial):
        items.append(f"on fresh seeds\t{label}")
    if r.parameters:
        items.append(f"parameters\t{number(r.parameters)}")
    items += [f"training time\t{duration(r.seconds)}", f"seed\t{r.seed}"]
    return Lines(items)


@dataclass(frozen=True)
class _Box:
    """What all small curves are drawn over, so that they compare: validation values and the number of epochs."""

    low: float
    high: float
    epochs: int


def _box(view: View) -> _Box:
    runs = [*view.baselines, *(t.record for t in view.shown)]
    scores = [s for r in runs for _, s in curve(r)]
    limit = view.worst_drawn(scores)
    values = [view.raw(s if limit is None else max(s, limit)) or 0.0 for s in scores]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high <= low:
        low, high = low - (abs(low) or 1.0) * 0.05, high + (abs(high) or 1.0) * 0.05
    return _Box(low, high, max([2, *(len(r.history) for r in runs)]))


def _curve(view: View, trial: Trial, box: _Box) -> Curve | None:
    """The metric's validation value by epoch beside the baseline's."""
    r, base, key = trial.record, trial.compared.baseline, view.metric.name
    if not any(h.values.get(key) is not None for h in r.history):
        return None
    left, top, wide, tall = 34.0, 8.0, 200.0, 92.0
    low, high, most = box.low, box.high, box.epochs

    def at(epoch: int, value: float) -> tuple[float, float]:
        share = (high - min(max(value, low), high)) / (high - low)  # what is far worse lies at the edge
        return left + (epoch - 1) / (most - 1) * wide, top + share * tall

    def path(run: Record) -> str:
        pairs = [at(h.epoch, v) for h in run.history if (v := h.values.get(key)) is not None]
        return " ".join(f"{x:.0f},{y:.1f}" for x, y in pairs + pairs * (len(pairs) == 1))

    lines = [("b", path(base))] if base else []
    lines.append(("t dot" if len(r.history) == 1 else "t", path(r)))
    labels = [
        ("y", left - 4, top + 4, typeset(view.metric.end(high))),
        ("y", left - 4, top + tall + 3, typeset(view.metric.end(low))),
        ("x", left + wide / 2, top + tall + 16, f"epochs 1 to {most}"),
    ]
    what = capital(view.metric.what("validation"))
    alt = f"{what} of {trial.label} by epoch" + (", with the baseline's" if base else "")
    title = text('{}: <span class="key-t">trial</span>', what) + (
        Markup(', <span class="key-b">baseline</span>') if base else ""
    )
    return Curve(title, alt, lines, labels, [top, top + tall / 2, top + tall])


FOLDED = True
SECTIONS = [every]
