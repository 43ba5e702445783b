"""The chapter that asks: how good is the baseline, and how far does it vary by itself."""

from __future__ import annotations

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
from study.report.text import code, duration, joined, percent, plural, strong, text
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
                Cell(percent(r.val_accuracy)),
                Cell(f"{r.val_loss:.4f}" if r.val_loss is not None else "–"),
                Cell(f"{r.best_epoch} of {len(r.history)}"),
                Cell(percent(r.test_accuracy)),
                Cell(f"{r.test_loss:.4f}" if r.test_loss is not None else "–"),
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
        [Grid([_accuracy(run), _loss(run)]), Text([_overfitting(run)])],
    )


def _accuracy(run: Record) -> Figure:
    return _curve(run, "accuracy", "Accuracy by epoch", percent=True)


def _loss(run: Record) -> Figure:
    return _curve(run, "loss", "Loss by epoch", percent=False)


def _curve(run: Record, what: str, title: str, percent: bool) -> Figure:
    drawn = []
    for split, role, label in (
        ("train", "muted", "training"),
        ("val", "trial", "validation"),
    ):
        pairs = [(float(row.epoch), v) for row in run.history if (v := getattr(row, f"{split}_{what}")) is not None]
        mark = float(run.best_epoch) if split == "val" and run.best_epoch else None
        drawn.append(figures.Line([x for x, _ in pairs], [y for _, y in pairs], role, label, mark=mark))
    show = (lambda v: f"{100 * v:.2f} %") if percent else (lambda v: f"{v:.4f}")
    rows = [
        Row(
            [
                Cell(str(h.epoch)),
                *(Cell("–" if v is None else show(v)) for v in _pair(h, what)),
            ]
        )
        for h in run.history
    ]
    columns = [
        Column("Epoch", numeric=True),
        Column("Training", numeric=True),
        Column("Validation", numeric=True),
    ]
    ends = [(n, line.y[-1]) for n, line in zip(("training", "validation"), drawn, strict=True) if line.y]
    alt = f"{title}, seed {run.seed}. After epoch {len(run.history)}: " + ", ".join(f"{n} {show(v)}" for n, v in ends)
    return Figure(
        f"curve-{what}",
        title,
        figures.lines(f"curve-{what}", drawn, "epoch", what, alt, percent=percent),
        alt,
        "The dot marks the epoch whose weights were kept: the lowest validation loss.",
        Table(f"{title}, seed {run.seed}", columns, rows, compact=True),
    )


def _pair(row: object, what: str) -> tuple[float | None, float | None]:
    return getattr(row, f"train_{what}"), getattr(row, f"val_{what}")


def _overfitting(run: Record) -> Markup:
    best = next((h for h in run.history if h.epoch == run.best_epoch), None)
    last = run.history[-1]
    if best is None or best.train_accuracy is None or best.val_accuracy is None:
        return text("No epoch of this run has both a training and a validation score.")
    said = text(
        "At the best epoch, {}, training accuracy is {} and validation accuracy {}",
        code(best.epoch),
        percent(best.train_accuracy),
        percent(best.val_accuracy),
    )
    if last.epoch == best.epoch:
        return said + Markup(", and the validation loss was still falling when training ended.")
    parts = [
        text("training accuracy {}", percent(last.train_accuracy)),
        text("validation {}", percent(last.val_accuracy)),
    ]
    return said + text("; in the last, {}, {}.", code(last.epoch), joined(parts))


SECTIONS = [scores, curves]
