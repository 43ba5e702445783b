"""What was compared, and what was planned before it ran."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from results.analysis.looks import Family
from results.analysis.plans import Judged, Plan
from study.report.blocks import Block, Facts, Note, Section, Text
from study.report.cells import Column, Table
from study.report.parts.leaderboard import status_counts
from study.report.tables.judged import error_spent
from study.report.text import clean, code, joined, name, number, percent, plural, span, text
from study.report.view import View, trial_link


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


def plans(view: View) -> Section | None:
    """What was planned before its first run, how far it is, and in what it was other than before."""
    judged = [*view.judged("confirm"), *view.judged("ablation")]
    if not judged:
        return None
    families: tuple[tuple[Family, str], ...] = (("confirm", "candidates"), ("ablation", "ablation"))
    spent = [
        text("For the {}, {}.", what, error_spent(view.looks(family), view.plans(family)))
        for family, what in families
        if view.plans(family)
    ]
    sealed = text(
        "A plan is written down before its first run. Each holds the digest of itself and of the plan before, each "
        "round that of its scores: a plan, score or verdict that is changed later is noticed; whoever also computes "
        "the digests anew is not."
    )
    deviations = [
        text("Plan {}: {}.", j.plan.number, clean("; ".join(j.plan.deviations[:20]), 2000))
        for j in judged
        if j.plan.deviations
    ]
    blocks: list[Block] = [_plans_table(view, judged)]
    blocks += [Note("info", "Other than in the plan before", deviations)] if deviations else []
    return Section("plans", "What was planned", [*blocks, Text([Markup(" ").join([*spent, sealed])])])


def _plans_table(view: View, judged: list[Judged]) -> Table:
    """Each plan: what it compares, how it judges, and how far it is."""
    columns = [
        Column("Plan", show=lambda j: _named(j.plan)),
        Column("Compares", show=lambda j: _compared(view, j.plan)),
        Column("Seeds", show=lambda j: _seeds(j.plan)),
        Column("Margin", show=lambda j: _margin(view, j.plan)),
        Column("Error", show=lambda j: f"{100 * j.plan.alpha:.3g} %"),
        Column("Judged", show=lambda j: _looks(j.plan)),
        Column("So far", show=lambda j: _so_far(view, j)),
    ]
    ordered = sorted(judged, key=lambda j: j.plan.number)
    return Table.of("Plans, in the order in which they were made", ordered, columns, name="plans-table")


def _named(plan: Plan) -> Markup:
    made = text(" <small>{}{}</small>", code(plan.hash[:12]), _when(plan))
    return text("{}, {}", plan.number, "confirm" if plan.family == "confirm" else "ablate") + made


def _seeds(plan: Plan) -> Markup:
    return text("{}{} <small>{}</small>", "at most " if plan.every_round else "", len(plan.seeds), span(plan.seeds))


def _margin(view: View, plan: Plan) -> Markup | str:
    return "none" if plan.margin is None else view.amount(plan.margin, signed=False, short=True)


def _looks(plan: Plan) -> Markup:
    """When a plan judges, and how many a race keeps."""
    design = plan.design()
    kept = [f"at most {design.kept(r)} after round {r}" for r in plan.halving[:8] if 0 < r < len(plan.seeds)]
    race = text("; the better half goes on, {}", joined(list(kept))) if kept else ""
    return text("after each round" if plan.every_round else "once, at the end") + race


def _when(plan: Plan) -> str:
    return f", {clean(plan.when, 40)[:16].replace('T', ' ')}" if plan.when else ""


def _compared(view: View, plan: Plan) -> Markup:
    """The first comparisons of a plan by name, and how many more there are."""
    named = []
    for pair in plan.pairs[:8]:
        trial = view.trial_of(pair) if pair.role == "confirm" else None
        own = text("{} <small>{}</small>", name(pair.name, 40), pair.role) if pair.name else code(pair.candidate, 12)
        named.append(trial_link(trial) if trial else own)
    more = len(plan.pairs) - len(named)
    return joined([*named, f"{more} more"] if more else list(named))


def _so_far(view: View, judged: Judged) -> Markup:
    """How far a plan is, and how many of its runs failed."""
    plan = judged.plan
    state = "given up after" if plan.given_up else "ended after" if judged.ended else "under way, after"
    runs = {
        (config, seed): run
        for pair, rounds in zip(plan.pairs, judged.scored, strict=True)
        for seed, two in zip(plan.seeds, rounds, strict=False)
        for config, run in zip(pair.key, two, strict=True)
    }
    failed = sum(run is None for run in runs.values())
    lost = text(" <small>{} of {} failed</small>", failed, plural(len(runs), "run")) if failed else ""
    if any(pair in view.withdrawn for pair in plan.pairs):
        lost += Markup(" <small>verdicts withdrawn: see the warnings</small>")
    return text("{} round {} of {}", state, judged.rounds, len(plan.seeds)) + lost
