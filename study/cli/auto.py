"""``auto``: baseline, sweep, confirm and ablate within one budget of time, each as large as costs and noise allow."""

from __future__ import annotations

from argparse import Namespace

from results.analysis.evidence import Evidence
from results.errors import UserError
from results.formatting import duration
from results.meta import Auto
from study.cli import sweep
from study.cli.budget import costs_of, counted, known_budget, split_of
from study.cli.script import refuse_unseeded
from study.cli.session import planning, training_session
from study.cli.stages import Stages
from study.planning.auto import (
    END,
    HERE,
    IMPORTS,
    RAY,
    Costs,
    least,
    unknown,
)
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Go through the stages that are left, say what was found and used, write the report."""
    args.script_margin = args.margin if args.script else None
    auto = known_budget(args)
    if args.dry_run and (args.study / "study.json").exists():
        return _dry_run(args, auto)
    wanted = sweep.prepare(args)
    refuse_unseeded(wanted.given.meta, wanted.given.trainable.model.seeded)
    _refuse_too_small(args, auto, wanted.options.scheduler)
    if args.dry_run:
        say(unknown(auto.budget))
        return 0
    with training_session(wanted.given) as session, counted(session.study, auto, args) as clock:
        return Stages(session, clock, args, wanted).run()


def _refuse_too_small(args: Namespace, auto: Auto, scheduler: str) -> None:
    """Raise UserError where the budget is too small, as far as costs are known, before anything is written."""
    costs, done = Costs(0.0, 1, 0.0), 0
    if (args.study / "study.json").exists():
        desk = planning(args)
        evidence = Evidence.of(desk.study)
        costs, done = costs_of(desk, evidence, scheduler) or costs, len(evidence.baselines)
    needed = least(costs, done)
    if auto.split is None and auto.stage == "baseline" and auto.budget - auto.used < needed:
        known = f", at {duration(costs.seconds)} for a training" if costs.seconds else " for starting and ending alone"
        raise UserError(
            f"--budget {duration(auto.budget)}: the least that would do is {duration(auto.used + needed)}{known}"
        )


def _dry_run(args: Namespace, auto: Auto) -> int:
    """Say what is known of a study; executes nothing but what this command line names."""
    desk = planning(args)
    refuse_unseeded(desk.study.meta)
    scheduler = str(args.scheduler or (desk.study.meta.sweep or {}).get("scheduler", "asha"))
    _refuse_too_small(args, auto, scheduler)
    evidence = Evidence.of(desk.study)
    costs = costs_of(desk, evidence, scheduler)
    if auto.split is not None:
        used = f"{duration(auto.used)} of {duration(auto.budget)} are used"
        say(f"Stage: {auto.stage}. {used}; the same command without --dry-run goes on.")
    elif costs is None:
        say(unknown(auto.budget))
    else:
        for line in split_of(evidence, costs, auto.budget - auto.used - IMPORTS - END - HERE - RAY, args)[1]:
            say(line)
    return 0
