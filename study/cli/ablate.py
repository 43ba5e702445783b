"""``ablate``: executed runs that say which of a winner's changes contribute."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace

from results.analysis.ablation import ablation_result
from results.analysis.ablation_plan import AblationPlan, Config, next_step, strongest
from results.analysis.evidence import Evidence
from results.analysis.looks import Look, Pair, next_look, settled, spends
from results.analysis.noise import difference_sd
from results.analysis.power import PowerAnalysis, power_analysis
from results.analysis.verdicts import final_verdicts, measured_sd, refuse_unusable
from results.config import checked_config, config_hash
from results.errors import UserError, nearest
from results.formatting import plural
from search_spaces.load import load_ablations
from study.cli.arguments.ablate import PARTS
from study.cli.script import refuse_unseeded
from study.cli.session import Planning, Session, inputs, planning, refuse_config, training_session
from study.jobs import Job
from study.planning import ablate as work
from study.planning.confirm import claim_lines, margin_of, refuse_too_few
from study.planning.noise import record_floor
from study.planning.runs import advice, cost, longest_first, training_seconds
from study.planning.seeds import fresh_seeds
from study.recording.provenance import command_line, now
from study.terminal.screen import say


@dataclass(frozen=True)
class Planned:
    """What an ablation is about to do."""

    ablation: AblationPlan
    notes: list[str]  # on what was left out
    seeds: tuple[int, ...]
    look: Look
    new: bool  # whether the look is one that study.json does not hold yet
    jobs: list[Job]
    reused: int
    power: PowerAnalysis
    more: int  # runs that path and interaction may add


def run(args: Namespace) -> int:
    """Plan, train, test, record the look, print the table and write the report."""
    parts, only = _names(args)
    refuse_config(args, "ablate studies a recorded run; name it with --from")
    if args.dry_run:
        desk = planning(args)
        refuse_unseeded(desk.study.meta)
        prepare(desk, args, parts, only)
        return 0
    given = inputs(args, starts=False)
    refuse_unseeded(given.meta)
    with training_session(given) as session:
        planned = prepare(session, args, parts, only)
        refuse_too_few(planned.power.n, planned.power)
        code = session.train(session.attempts(longest_first(session.study.records(), planned.jobs)))
        keep(session, planned, descriptive(session, args, planned, parts))
        record_floor(session.study)
        show(session)
        session.report()
        return code


def _names(args: Namespace) -> tuple[list[str], list[str]]:
    """Return the parts and the changes that were asked for. Raises UserError."""
    parts = [p.strip() for p in args.parts.split(",") if p.strip()]
    for part in parts:
        if part not in PARTS:
            raise UserError(f"--parts: unknown part '{part}'{nearest(part, PARTS)}")
    only = [c.strip() for c in (args.changes or "").split(",") if c.strip()]
    for option, given, found in (("--parts", args.parts, parts), ("--changes", args.changes, only)):
        if given is not None and not found:
            raise UserError(f"{option} '{given}' names nothing: leave it out for all")
    return parts, only


def prepare(desk: Planning, args: Namespace, parts: Sequence[str], only: Sequence[str]) -> Planned:
    """Plan the runs and say what they can show and cost."""
    evidence = Evidence.of(desk.study)
    meta, records = evidence.meta, evidence.everything
    start = work.starting_config(evidence, args.origin)
    named = load_ablations(args.space_file, desk.config_class) if args.space_file else None

    def validate(values: Config) -> Config:
        return checked_config(desk.config_class, values)

    a, notes = work.plan_ablation(
        start, meta.baseline, validate, fixed=desk.sets, only=only, most=args.leave_out, named=named
    )
    a = replace(a, origin=args.origin)
    looks = evidence.looks(work.FAMILY)
    seeds, pairs, left_out = _pairs(evidence, a, args, parts, config_hash(start))
    if left_out:
        notes.append("seeds that confirmed the start are left out: what they showed may be why it was named")
    margin = margin_of(args.margin, evidence.metric)
    look = next_look(looks, work.FAMILY, pairs, args.claim, margin, evidence.runs)
    refuse_unusable(evidence.runs, look, evidence.metric)
    jobs, reused = work.comparison_jobs(records, a, pairs)
    asked = {p.key for p in pairs}
    n = min(len(set(p.seeds)) for p in look.pairs if p.key in asked)  # earlier looks' seeds count
    alike = [x for x in looks if (x.details.get("pins") or {}) == a.fixed]
    noise = difference_sd(
        evidence.metric,
        None if a.fixed else evidence.final_floor,
        meta.dataset.test_examples,
        measured_sd(final_verdicts(evidence.runs, alike, evidence.metric)),
    )
    power = power_analysis(evidence.metric, n, len(look.pairs), noise, margin, look.number)
    more = work.runs_needed(records, a, jobs, seeds, args.path_seeds, parts)
    planned = Planned(a, notes, seeds, look, look.number > len(looks), jobs, reused, power, more)
    say("\n".join(line for line in _sentences(planned, evidence, desk) if line))
    return planned


def _pairs(
    evidence: Evidence, a: AblationPlan, args: Namespace, parts: Sequence[str], named_run: str
) -> tuple[tuple[int, ...], list[Pair], bool]:
    """Return seeds, comparisons and whether seeds were left out; ``named_run`` is the one confirmed."""
    hashes = [config_hash(a.start), config_hash(a.baseline)]
    earlier = {
        s for look in evidence.looks(work.FAMILY) for p in look.pairs if p.candidate == hashes[0] for s in p.seeds
    }
    confirmed, avoid = work.confirmed(evidence, named_run, args.origin)
    seeds = fresh_seeds(evidence.everything, args.seeds, hashes, args.seed, earlier, avoid)
    return seeds, work.pairs(a, seeds, parts, confirmed), bool(avoid) and not avoid & earlier


def _sentences(planned: Planned, evidence: Evidence, desk: Planning) -> list[str]:
    jobs = planned.jobs
    more = f"Path and interaction add at most {plural(planned.more, 'run')}, chosen on validation as it goes."
    return [
        f"Ablation of: {', '.join([*planned.ablation.changes, *planned.ablation.named])}.",
        *planned.notes,
        *planned.power.sentences(),
        *claim_lines(planned.look, evidence)[: None if planned.look.margin is None else 1],
        cost(len(jobs), planned.reused, training_seconds(evidence.everything, jobs), desk.at_once(jobs)),
        more if planned.more else "",
        advice(planned.power),
    ]


def descriptive(session: Session, args: Namespace, planned: Planned, parts: Sequence[str]) -> AblationPlan:
    """Walk the greedy path and measure the interaction of the two strongest; both are chosen on validation."""
    study, a, seeds = session.study, planned.ablation, planned.seeds

    if "path" in parts and len(a.changes) > 1:
        a = replace(a, path_seeds=seeds[: args.path_seeds])
        while len(a.path) < len(a.changes):
            session.train(session.attempts(work.step_jobs(study.records(), a, a.path_seeds)))
            step = next_step(a, Evidence.of(study).runs, a.path_seeds)
            if step is None:
                session.announce("note: the greedy path ends here: no next step came to a score")
                break
            a = replace(a, path=(*a.path, step))
    if "interaction" in parts and len(a.changes) > 1:
        a = replace(a, interaction=strongest(a, Evidence.of(study).runs, seeds))
        session.train(session.attempts(work.interaction_jobs(study.records(), a, seeds)))
    return a


def keep(session: Session, planned: Planned, a: AblationPlan) -> None:
    """Record the look in study.json, if it can reach a verdict at all."""
    study, look = session.study, planned.look
    runs = Evidence.of(study).runs
    if planned.new:
        look = settled(runs, replace(look, when=now(), command=command_line()))
    refuse_unusable(runs, look, study.meta.metric.plain)
    if not spends(runs, look):
        say("Too few pairs came to a score for any verdict: this is not counted as a look.")
        return
    kept = [x for x in study.meta.looks if (x.get("family"), x.get("number")) != (look.family, look.number)]
    study.meta.looks = [*kept, {**look.as_dict(), "details": a.as_dict()}]
    study.save_meta()


def show(session: Session) -> None:
    """Print what was found."""
    found = ablation_result(Evidence.of(session.study))
    if found is None:
        return
    from study.report.tables.verdicts import path_sentence, verdict_table  # noqa: PLC0415 - no training waits for pandas
    from study.report.tables.writers import markdown  # noqa: PLC0415 - as above, no training waits

    meta = session.study.meta
    say("\n" + markdown(verdict_table(found, meta)))
    for row in found.rows:
        notes = "; ".join(n for n in (row.tested.note, "tested by confirm" if row.by_confirm else "") if n)
        say(f"{row.role}, {row.name}: {row.tested.verdict.sentence}{f' ({notes})' if notes else ''}")
    for line in (path_sentence(found, meta.metric.plain), *found.disagreements):
        if line:
            say(line)
