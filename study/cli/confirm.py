"""``confirm``: compare the sweep's best with the baseline on fresh seeds, by a plan, and say what may be claimed."""

from __future__ import annotations

from argparse import Namespace

from results.analysis.evidence import Evidence
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
        session.report()
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
        why = f"plan {plans[-1].number} has ended" if plans else "each candidate has its verdict"
        more = "'confirm --further' makes another for what is undecided" if plans else "'--top N' confirms others"
        say(f"Nothing to train: {why}; {more}.")
        return None
    say_plan(made, evidence, plan_names(evidence, made.plan), args.explain)
    return made
