"""The chapter that asks: how good is the baseline, and how far does it vary by itself."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from results.record import Record
from study.report import figures
from study.report.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Figure,
    Grid,
    Row,
    Section,
    Table,
    Text,
)
from study.report.text import code, duration, joined, loss, percent, plural, strong, text
from study.report.view import View

NAME, QUESTION, SHORT = "baseline", "How good is the baseline?", "The baseline"


def scores(view: View) -> Section | None:
    """Every baseline run with its validation and test figures."""
    if not view.baselines:
        return None
    rows = [
        Row(
            [
                Cell(str(r.seed)),
                Cell(percent(r.score)),
                Cell(loss(r.val_loss)),
                Cell(f"{r.best_epoch} of {len(r.history)}"),
                Cell(percent(r.test_score)),
                Cell(loss(r.test_loss)),
                Cell(duration(r.seconds)),
            ]
        )
        for r in view.baselines
    ]
    columns = [
        Column("Seed", numeric=True),
        Column("Validation accuracy", numeric=True),
        Column("Validation loss", numeric=True),
        Column("Best epoch", numeric=True),
        Column("Test accuracy", numeric=True),
        Column("Test loss", numeric=True),
        Column("Training time", numeric=True),
    ]
    first = view.baselines[0]
    said = text(
        "The weights of the epoch with the lowest validation loss are kept and evaluated once on the test set: "
        "{} on {} test images{}.",
        strong(percent(first.test_accuracy)),
        f"{first.test_images:,}" if first.test_images else "the",
        f" with seed {first.seed}" if len(view.baselines) > 1 else "",
    )
    caption = text(
        "The baseline's runs ({}), each at its best epoch",
        plural(len(view.baselines), "seed"),
    )
    blocks: list[Block] = [
        Text([said]),
        Table(caption, columns, rows, name="baseline-runs"),
    ]
    if first.command:
        blocks.append(Command(first.command, "To reproduce the baseline"))
    return Section("baseline-scores", "Validation and test", blocks)


def curves(view: View) -> Section | None:
    """Accuracy and loss by epoch, on training and validation images."""
    run = view.reference
    if run is None or not run.history:
        return None
    return Section(
        "learning-curves",
        "Learning curves",
        [Grid([_curve(run, "accuracy", percent), _curve(run, "loss", loss)]), Text([_overfitting(run)])],
    )


def _curve(run: Record, what: str, show: Callable[[float | None], str]) -> Figure:
    """Training and validation by epoch; ``what`` is 'accuracy' or 'loss'."""
    title = f"{what.capitalize()} by epoch"
    drawn = []
    for split, role, label in (("train", "muted", "training"), ("val", "trial", "validation")):
        pairs = [(float(row.epoch), v) for row in run.history if (v := getattr(row, f"{split}_{what}")) is not None]
        mark = float(run.best_epoch) if split == "val" and run.best_epoch else None
        drawn.append(figures.Line([x for x, _ in pairs], [y for _, y in pairs], role, label, mark=mark))
    rows = [
        Row([Cell(str(h.epoch)), *(Cell(show(getattr(h, f"{split}_{what}"))) for split in ("train", "val"))])
        for h in run.history
    ]
    columns = [Column("Epoch", numeric=True), Column("Training", numeric=True), Column("Validation", numeric=True)]
    ends = ", ".join(f"{line.label} {show(line.y[-1])}" for line in drawn if line.y)
    alt = f"{title}, seed {run.seed}. After epoch {len(run.history)}: {ends}"
    return Figure(
        f"curve-{what}",
        title,
        figures.lines(f"curve-{what}", drawn, "epoch", what, alt, percent=what == "accuracy"),
        alt,
        "The dot marks the epoch whose weights were kept: the lowest validation loss.",
        Table(f"{title}, seed {run.seed}", columns, rows, compact=True),
    )


def _overfitting(run: Record) -> Markup:
    best = next((h for h in run.history if h.epoch == run.best_epoch), None)
    last = run.history[-1]
    if best is None or best.train_accuracy is None or best.score is None:
        return text("No epoch of this run has both a training and a validation score.")
    said = text(
        "At the best epoch, {}, training accuracy is {} and validation accuracy {}",
        code(best.epoch),
        percent(best.train_accuracy),
        percent(best.score),
    )
    if last.epoch == best.epoch:
        return said + Markup(", and the validation loss was still falling when training ended.")
    parts = [
        text("training accuracy {}", percent(last.train_accuracy)),
        text("validation {}", percent(last.val_accuracy)),
    ]
    return said + text("; in the last, {}, {}.", code(last.epoch), joined(parts))


SECTIONS = [scores, curves]
