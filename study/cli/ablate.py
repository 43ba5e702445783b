"""``ablate``: take a winner apart, with executed runs, and say which of its changes earn their place."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from study.cli.confirm import add_judgement
from study.cli.options import add_resources, add_study, add_training, positive

if TYPE_CHECKING:
    from results.analysis.ablation_plan import AblationPlan
    from study.cli.session import Session

EXAMPLES = """\
examples:
  python -m study.run ablate                                       # the sweep's best by validation, 6 seeds
  python -m study.run ablate --from 1a2b3c4d5e6f-s504 --seeds 8
  python -m study.run ablate --set epochs=8 --seeds 7 --leave-out 3 --parts leave-one-out    # a cheap one
  python -m study.run ablate --from baseline --space-file mine.py  # your own list: ablations = {"no flips": {...}}
"""
PARTS = ("leave-one-out", "add-one-in", "path", "interaction")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the ablation")
    group.add_argument(
        "--from",
        dest="origin",
        default="best",
        metavar="best|baseline|RUN_ID",
        help="what to take apart (default: %(default)s, of the sweep by validation)",
    )
    group.add_argument(
        "--seeds",
        type=positive,
        default=6,
        metavar="K",
        help="fresh seeds per config, earlier looks included (default: %(default)s)",
    )
    group.add_argument(
        "--changes", metavar="A,B,...", help="only these fields (default: every field that differs from the baseline)"
    )
    group.add_argument("--leave-out", type=positive, metavar="N", help="at most N changes, in the order of the fields")
    group.add_argument("--parts", default=",".join(PARTS), metavar="A,B,...", help="which parts (default: %(default)s)")
    group.add_argument(
        "--path-seeds",
        type=positive,
        default=1,
        metavar="K",
        help="seeds of the greedy path, which is only descriptive (default: %(default)s)",
    )
    group.add_argument(
        "--space-file",
        metavar="FILE.py[:NAME]",
        help="ablations by hand: a dict of names to changed fields, called 'ablations'",
    )
    add_judgement(parser)
    add_training(parser, "one value for every run of the ablation, the baseline and the winner too")
    add_resources(parser)
    parser.epilog = EXAMPLES


def main(args: argparse.Namespace) -> int:
    """Plan, train, judge, record the look, print the table and write the report."""
    from dataclasses import replace

    from results.analysis.evidence import Evidence
    from results.analysis.looks import next_look, settled, spends
    from results.analysis.noise import difference_sd
    from results.analysis.paired import CLAIMS
    from results.analysis.power import power_analysis
    from results.analysis.verdicts import final_verdicts, measured_sd
    from results.config import config_hash, validated
    from results.errors import UserError, nearest
    from results.formatting import plural
    from search_spaces.load import load_ablations
    from study.cli.session import training_session
    from study.planning import ablate as work
    from study.planning.confirm import refuse_too_few
    from study.planning.noise import record_floor
    from study.planning.runs import advice, cost, longest_first, training_seconds
    from study.planning.seeds import fresh_seeds
    from study.recording.provenance import command_line, now

    parts = [p.strip() for p in args.parts.split(",") if p.strip()]
    for part in parts:
        if part not in PARTS:
            raise UserError(f"--parts: unknown part '{part}'{nearest(part, PARTS)}")
    only = [c.strip() for c in (args.changes or "").split(",") if c.strip()]
    for option, given, found in (("--parts", args.parts, parts), ("--changes", args.changes, only)):
        if given is not None and not found:
            raise UserError(f"{option} '{given}' names nothing: leave it out for all")
    if args.config:
        raise UserError("--config: ablate takes apart a recorded run; name it with --from")
    with training_session(args, defines_baseline=False, starts=False) as session:
        study, meta = session.study, session.study.meta
        evidence = Evidence.of(study)
        records = evidence.everything
        named = load_ablations(args.space_file, session.model.trainable.Config) if args.space_file else None
        a, notes = work.plan_ablation(
            work.starting_config(evidence, args.origin),
            meta.baseline,
            lambda values: validated(values, session.model.trainable.Config),
            fixed=session.sets,
            only=only,
            most=args.leave_out,
            named=named,
            origin=args.origin,
        )
        looks = evidence.looks(work.FAMILY)
        hashes = [config_hash(a.start), config_hash(a.baseline)]
        named_run = config_hash(work.starting_config(evidence, args.origin))  # as it was confirmed, without pins
        earlier = {s for look in looks for p in look.pairs if p.candidate == hashes[0] for s in p.seeds}
        confirmed, avoid = work.confirmed(evidence, named_run, args.origin)
        seeds = fresh_seeds(records, args.seeds, hashes, args.seed, earlier, avoid)
        if avoid and not avoid & earlier:
            notes.append("seeds that confirmed the start are left out: what they showed may be why it was named")
        pairs = work.pairs(a, seeds, parts, confirmed)
        margin = args.margin / 100
        look = next_look(looks, work.FAMILY, pairs, args.claim, margin, evidence.runs)
        jobs, reused = work.comparison_jobs(records, a, pairs)
        alike = [x for x in looks if (x.details.get("pins") or {}) == a.fixed]
        sd, source = difference_sd(
            None if a.fixed else evidence.test_floor,
            meta.dataset.test_images,
            measured_sd(final_verdicts(evidence.runs, alike)),
        )
        asked = {p.key for p in pairs}
        n = min(len(set(p.seeds)) for p in look.pairs if p.key in asked)  # earlier looks' seeds count
        power = power_analysis(n, len(look.pairs), sd, source, look.number, margin)
        more = work.runs_needed(records, a, jobs, seeds, args.path_seeds, parts)
        said = [
            f"Taking apart: {', '.join([*a.changes, *a.named])}.",
            *notes,
            *power.sentences(),
            f"Claim: {CLAIMS[args.claim]}.",
        ]
        said += [
            cost(len(jobs), reused, training_seconds(records, jobs), session.at_once(args, len(jobs))),
            f"Path and interaction add at most {plural(more, 'run')}, chosen on validation as it goes." if more else "",
            advice(power),
        ]
        print("\n".join(line for line in said if line))
        if args.dry_run:
            return 0
        refuse_too_few(n, power)
        code = session.train(session.attempts(longest_first(records, jobs)), args)
        a = descriptive(session, args, a, seeds, parts)
        runs = Evidence.of(study).runs
        if look.number > len(looks):
            look = settled(runs, replace(look, when=now(), command=command_line()))
        if spends(runs, look):
            meta.looks = [x for x in meta.looks if (x.get("family"), x.get("number")) != (look.family, look.number)]
            meta.looks.append({**look.as_dict(), "details": a.as_dict()})
            study.save_meta()
        else:
            print("Too few pairs came to a score for any verdict: this is not counted as a look.")
        record_floor(study)
        show(session)
        session.report()
        return code


def descriptive(
    session: Session, args: argparse.Namespace, a: AblationPlan, seeds: tuple[int, ...], parts: list[str]
) -> AblationPlan:
    """Walk the greedy path and measure the interaction of the two strongest; both are chosen on validation."""
    from dataclasses import replace

    from results.analysis.ablation_plan import next_step, strongest
    from results.analysis.evidence import Evidence
    from study.planning import ablate as work

    study = session.study

    if "path" in parts and len(a.changes) > 1:
        a = replace(a, path_seeds=seeds[: args.path_seeds])
        while len(a.path) < len(a.changes):
            session.train(session.attempts(work.step_jobs(study.records(), a, a.path_seeds)), args)
            step = next_step(a, Evidence.of(study).runs, a.path_seeds)
            if step is None:
                session.announce("note: the greedy path ends here: no next step came to a score")
                break
            a = replace(a, path=(*a.path, step))
    if "interaction" in parts and len(a.changes) > 1:
        a = replace(a, interaction=strongest(a, Evidence.of(study).runs, seeds))
        session.train(session.attempts(work.interaction_jobs(study.records(), a, seeds)), args)
    return a


def show(session: Session) -> None:
    """Print what was found."""
    from results.analysis.ablation import ablation_result
    from results.analysis.evidence import Evidence
    from study.report.tables.verdicts import path_sentence, verdict_table
    from study.report.tables.writers import markdown

    found = ablation_result(Evidence.of(session.study))
    if found is None:
        return
    print()
    print(markdown(verdict_table(found, session.study.meta.dataset.name)))
    for row in found.rows:
        notes = "; ".join(n for n in (row.tested.note, "judged by confirm" if row.by_confirm else "") if n)
        print(f"{row.role}, {row.name}: {row.tested.verdict.sentence}{f' ({notes})' if notes else ''}")
    for line in (path_sentence(found), *found.disagreements):
        if line:
            print(line)
