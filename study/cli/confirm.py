"""``confirm``: rerun the sweep's best on fresh seeds, paired with the baseline, and say what may be claimed."""

from __future__ import annotations

from argparse import Namespace

from results.analysis.evidence import Evidence
from results.analysis.looks import settled, spends
from results.analysis.verdicts import refuse_unusable
from study.cli.script import refuse_unseeded
from study.cli.session import Planning, inputs, planning, refuse_config, training_session
from study.planning.confirm import Confirmation, margin_of, prepare, refuse_too_few, verdict_lines
from study.planning.noise import record_floor
from study.planning.runs import longest_first
from study.recording.provenance import command_line, now
from study.terminal.screen import say


def run(args: Namespace) -> int:
    """Train what is missing, test, record the look, write the report."""
    refuse_config(args, "confirm reruns configs as the sweep had them; another baseline is another --study", sets=True)
    if args.dry_run:
        desk = planning(args)
        refuse_unseeded(desk.study.meta)
        plan(desk, args)
        return 0
    given = inputs(args, starts=False)
    refuse_unseeded(given.meta)
    with training_session(given) as session:
        study = session.study
        planned = plan(session, args)
        refuse_too_few(planned.power.n, planned.power)
        code = session.train(session.attempts(longest_first(study.records(), planned.jobs)))
        runs = Evidence.of(study).runs
        if planned.new and not spends(runs, planned.look):
            say("Too few pairs came to a score for any verdict: this is not counted as a look.")
        elif planned.new:
            refuse_unusable(runs, planned.look, study.meta.metric.plain)
            study.meta.looks.append(settled(runs, planned.look).as_dict())
            study.save_meta()
        record_floor(study)
        for line in verdict_lines(Evidence.of(study)):
            say(line)
        session.report()
        return code


def plan(desk: Planning, args: Namespace) -> Confirmation:
    """Plan the runs and say what they can show and cost."""
    evidence = Evidence.of(desk.study)
    planned = prepare(
        evidence,
        top=args.top,
        seeds=args.seeds,
        start=args.seed,
        margin=margin_of(args.margin, evidence.metric),
        claim=args.claim,
        when=now(),
        command=command_line(),
    )
    for line in planned.sentences(desk.at_once(planned.jobs)):
        say(line)
    return planned
