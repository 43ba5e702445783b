"""``confirm``: rerun the sweep's best on fresh seeds, paired with the baseline, and say what may be claimed."""

from __future__ import annotations

import argparse

from study.cli.options import add_resources, add_study, add_training, positive

EXAMPLES = """\
examples:
  python -m study.run confirm --top 3                   # the three best by validation, 6 fresh seeds each
  python -m study.run confirm --top 3 --seeds 10        # later: four seeds more; the error stays at 5 % over both looks
  python -m study.run confirm --top 1 --dry-run         # only say what it would show and cost

Verdicts: better, worse, equivalent (within --margin) or undecided. However many candidates and looks a study has, at
most one study in twenty calls an equal config better or worse. 'docs/statistics.md' has the reasons.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the confirmation")
    group.add_argument(
        "--top",
        type=positive,
        default=1,
        metavar="N",
        help="candidates, best first by validation (default: %(default)s)",
    )
    group.add_argument(
        "--seeds",
        type=positive,
        default=6,
        metavar="K",
        help="fresh seeds per candidate in all, earlier looks included (default: %(default)s)",
    )
    add_judgement(parser)
    add_training(parser, "not for this command: configs are rerun as the sweep had them")
    add_resources(parser)
    parser.epilog = EXAMPLES


def add_judgement(parser: argparse.ArgumentParser) -> None:
    """Add what every command that gives verdicts takes."""
    group = parser.add_argument_group("the verdicts")
    group.add_argument(
        "--margin",
        type=margin,
        default=0.5,
        metavar="POINTS",
        help="differences below this are as good as none (default: %(default)s points)",
    )
    group.add_argument(
        "--claim",
        choices=("test-set", "population"),
        default="test-set",
        help="about expected accuracy on this test set, or in the population of images (needs more) (default: "
        "%(default)s)",
    )
    group.add_argument("--dry-run", action="store_true", help="say what it can show and what it costs, and stop")


def margin(text: str) -> float:
    """Parse a margin in percentage points: above 0, below 100."""
    value = float(text)
    if not 0 < value < 100:
        raise argparse.ArgumentTypeError(f"{text} points is not above 0 and below 100")
    return value


def main(args: argparse.Namespace) -> int:
    """Train what is missing, judge, record the look, write the report."""
    from results.analysis.evidence import Evidence
    from results.analysis.looks import settled, spends
    from results.errors import UserError
    from study.cli.session import training_session
    from study.planning.confirm import prepare, refuse_too_few, verdict_lines
    from study.planning.noise import record_floor
    from study.planning.runs import longest_first
    from study.recording.provenance import command_line, now

    if args.sets or args.config:
        raise UserError(
            "--set and --config: confirm reruns configs as the sweep had them; another baseline is another --study"
        )
    with training_session(args, defines_baseline=False, starts=False) as session:
        study = session.study
        planned = prepare(
            Evidence.of(study),
            top=args.top,
            seeds=args.seeds,
            start=args.seed,
            margin=args.margin / 100,
            claim=args.claim,
            when=now(),
            command=command_line(),
        )
        for line in planned.sentences(session.at_once(args, len(planned.jobs))):
            print(line)
        if args.dry_run:
            return 0
        refuse_too_few(planned.power.n, planned.power)
        code = session.train(session.attempts(longest_first(study.records(), planned.jobs)), args)
        runs = Evidence.of(study).runs
        if planned.new and not spends(runs, planned.look):
            print("Too few pairs came to a score for any verdict: this is not counted as a look.")
        elif planned.new:
            study.meta.looks.append(settled(runs, planned.look).as_dict())
            study.save_meta()
        record_floor(study)
        for line in verdict_lines(Evidence.of(study)):
            print(line)
        session.report()
        return code
