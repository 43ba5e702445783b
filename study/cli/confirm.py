"""``confirm``: compare the sweep's best with the baseline on fresh seeds, by a plan, and say what may be claimed."""

from __future__ import annotations

from argparse import Namespace

from results.analysis.evidence import Evidence
from results.commands import next_command
from study.cli.ending import end
from study.cli.planned import carry_out, keep_judged, say_plan
from study.cli.script import refuse_unseeded
from study.cli.session import Planning, inputs, planning, refuse_config, training_session
from study.planning.confirm import (
    FAMILY,
    Asked,
    plan_names,
    prepare,
    refuse_size,
    told,
    verdict_lines,
)
from study.planning.noise import record_floor
from study.planning.plan import Proposal, Size
from study.recording.provenance import command_line, now
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Plan, train round by round, judge, keep the verdicts, write the report."""
    refuse_config(args, "confirm reruns configs as the sweep had them; another baseline is another --study", sets=True)
    if args.dry_run:
        desk = planning(args)
        refuse_unseeded(desk.study.meta)
        plan(desk, args)
        return 0
    given = inputs(args, starts=False)
    refuse_unseeded(given.meta)
    with training_session(given) as session:
        code = 0
        proposed = plan(session, args)
        if proposed is not None:
            code = carry_out(session, proposed, "confirm", {}, told)
        else:
            keep_judged(session, FAMILY)
        record_floor(session.study)
        for line in verdict_lines(Evidence.of(session.study)):
            say(line)
        end(session)
        return code


def plan(desk: Planning, args: Namespace) -> Proposal | None:
    """Make the plan, or take up the one under way, and say in four lines what it can show and cost."""
    evidence = Evidence.of(desk.study)
    size = Size(args.seeds, args.max_seeds, args.budget)
    refuse_size(size)
    asked = Asked(args.top, size, args.margin, args.claim, args.seed, args.further)
    made = prepare(evidence, asked, desk.at_once, when=now(), command=command_line())
    if made is None:
        plans = evidence.plans(FAMILY)
        if not plans:
            say("Nothing to train: each candidate has its verdict; --top N asks about more of them.")
            return None
        ended = f"Nothing to train: plan {plans[-1].number} has ended"
        if all(j.verdict.decided for j in evidence.verdicts(FAMILY)):
            say(f"{ended}, and each of its candidates has a verdict.")
        else:
            again = next_command("confirm", desk.study.path, desk.study.meta, "--further")
            say(f"{ended}; another plan for what is undecided:\n  {again}")
        return None
    say_plan(made, evidence, plan_names(evidence, made.plan), args.explain)
    return made
