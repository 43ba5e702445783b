"""The chapter that asks: what was compared, and can I trust it."""

from __future__ import annotations

from typing import Any

from study.report.blocks import Block, Facts, Note, Notes, Section, Text
from study.report.parts.leaderboard import status_counts
from study.report.parts.warnings import warnings
from study.report.text import code, joined, name, number, percent, plural, text, value
from study.report.view import View

NAME, QUESTION, SHORT = "protocol", "What was compared, and can I trust it?", "Protocol and trust"


def protocol(view: View) -> Section | None:
    """The dataset, the trainable and what was run."""
    meta = view.meta
    data = meta.dataset
    share = meta.baseline.get("validation_fraction")
    split = f", {percent(share, 0)} of them for validation" if isinstance(share, float) else ""
    facts: list[tuple[Any, Any]] = [
        ("Dataset", name(data.name)),
        *([(f"Training {view.members}", f"{data.train_examples:,}{split}")] if data.train_examples else []),
        *([(f"Test {view.members}", f"{data.test_examples:,}")] if data.test_examples else []),
        *([("Classes", number(len(view.class_names)))] if data.class_names or view.classification else []),
        ("Trainable", code(meta.trainable)),
        ("Device", text("{}, {}", meta.device, meta.precision)),
        ("Baseline", plural(len(view.baselines), "seed")),
    ]
    if view.trials:
        facts.append(("Trials", text("{}: {}", f"{len(view.trials):,}", joined(status_counts(view)))))
    if view.repeats:
        facts.append(("Further runs", text("{} for confirmation or ablation", f"{len(view.repeats):,}")))
    if meta.sweep:
        told = ("space", "sampler", "scheduler") if view.has_epochs else ("space", "sampler")
        words = {k: meta.sweep.get(k) for k in told if meta.sweep.get(k)}
        facts += [(k.capitalize(), code(v, 60)) for k, v in words.items()]
    score = text(
        "A run's score is its {}{}{}. It alone ranks and chooses; {}",
        view.metric.what("validation"),
        view.at_its_epoch,
        "" if view.metric.better == "higher" else ", the lower the better",
        "test figures are shown beside it and choose nothing."
        if view.metric.test
        else "there is no test value, so verdicts compare it too, on fresh seeds that chose nothing.",
    )
    return Section("protocol-facts", "Protocol", [Text([score]), Facts(facts)])


def validity(view: View) -> Section | None:
    """Whatever makes the comparison weaker than it looks."""
    found = warnings(view)
    if not found:
        if not view.trials:
            return None
        found = [Note("good", "No warning", ["Nothing was found that weakens the comparison."])]
    return Section("validity", "Warnings", [Notes(found)])


def settings(view: View) -> Section | None:
    """The baseline's config, field by field."""
    items = [(code(field, 60), code(value(v))) for field, v in view.meta.baseline.items()]
    if not items:
        return None
    blocks: list[Block] = [Facts(items)]
    return Section("baseline-config", "The baseline's settings", blocks)


SECTIONS = [protocol, validity, settings]
