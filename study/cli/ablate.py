"""``ablate``: executed runs that say which of a winner's changes contribute, judged by a plan."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from results.analysis.ablation import VerdictRow, ablation_result
from results.analysis.ablation_plan import AblationPlan, Config, next_step, strongest
from results.analysis.chain import put
from results.analysis.evidence import Evidence
from results.analysis.looks import Pair
from results.analysis.plans import Judged, Plan
from results.analysis.verdicts import planned
from results.commands import next_command
from results.config import checked_config
from results.errors import UserError, nearest
from results.formatting import plural
from search_spaces.load import load_ablations
from study.cli.arguments.ablate import PARTS
from study.cli.ending import end
from study.cli.planned import carry_out, keep_judged, say_plan
from study.cli.script import refuse_unseeded
from study.cli.session import Planning, Session, inputs, planning, refuse_config, training_session
from study.planning import ablate as work
from study.planning.confirm import (
    Asked,
    decided,
    margin_of,
    refuse_changed,
    refuse_decided,
    refuse_size,
    same_options,
    undecided,
)
from study.planning.expect import noise_of
from study.planning.noise import record_floor
from study.planning.plan import Proposal, Question, Size, proposal, propose
from study.recording.provenance import command_line, now
from study.terminal.screen import say


@dataclass(frozen=True)
class Prepared:
    """What an ablation is about to do: ``proposal`` is None where its plan has ended."""

    ablation: AblationPlan
    plan: Plan
    proposal: Proposal | None


def run(args: Namespace) -> int:
    """Plan, train round by round, judge, describe path and interaction, print the table and write the report."""
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
        ready = prepare(session, args, parts, only)
        code = 0
        if ready.proposal is not None:
            code = carry_out(session, ready.proposal, "ablation", work.about(ready.plan.pairs), told)
        else:
            keep_judged(session, work.FAMILY)
        describe(session, args.path_seeds, ready, parts)
        record_floor(session.study)
        show(session)
        end(session)
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


def prepare(desk: Planning, args: Namespace, parts: Sequence[str], only: Sequence[str]) -> Prepared:
    """Make the plan, or take up the one under way, and say in four lines what it can show and cost."""
    evidence = Evidence.of(desk.study)
    asked = _asked(args, desk)
    refuse_size(asked.size)
    plans = evidence.plans(work.FAMILY)
    if plans and not args.further:
        same_options(asked, plans[-1], "ablate", evidence)
        return _going_on(desk, args, evidence, parts)
    a, notes = _ablation(desk, args, evidence, only)
    margin, claim = margin_of(asked.margin, evidence.metric), asked.claim or "test-set"
    wanted = undecided(evidence, work.FAMILY, work.pairs(a, parts, work.confirmed(evidence)), claim, margin)
    refuse_decided(wanted)
    question = Question(
        work.FAMILY,
        wanted,
        {h: c for h, c in work.configs(a).items() if any(h in p.key for p in wanted)},
        work.seeds_for(evidence, a, wanted, args.seed),
        margin,
        claim,
        request=asked.options,
        about={"when": now(), "command": command_line(), "details": a.as_dict()},
    )
    made = propose(evidence, question, asked.size, noise_of(evidence, a.fixed), desk.at_once)
    say_plan(replace(made, notes=tuple(notes)), evidence, _what(made.plan.pairs), args.explain)
    _say_beside(evidence, a, made.plan, args.path_seeds, parts)
    return Prepared(a, made.plan, made)


def _say_beside(evidence: Evidence, a: AblationPlan, plan: Plan, path_seeds: int, parts: Sequence[str]) -> None:
    """Say what is trained for the parts that give no verdicts."""
    if more := work.runs_needed(evidence.everything, a, plan, path_seeds, parts):
        say(
            "Beside the verdicts: the greedy path (adding one change after the other) and the interaction of the two "
            f"strongest changes, chosen on validation as it goes: at most {plural(more, 'more training')}."
        )


def _going_on(desk: Planning, args: Namespace, evidence: Evidence, parts: Sequence[str]) -> Prepared:
    """Take up the family's last plan."""
    judged = evidence.judged(work.FAMILY)[-1]
    a = AblationPlan.from_dict(judged.plan.details).now(evidence.identity)
    if judged.ended or judged.plan.given_up:
        ended = f"Nothing to train for verdicts: plan {judged.plan.number} has ended"
        if all(j.verdict.decided for j in evidence.verdicts(work.FAMILY)):
            say(f"{ended}, and each of its changes has a verdict.")
        else:
            again = next_command("ablate", desk.study.path, desk.study.meta, "--further")
            say(f"{ended}; another plan for what is undecided:\n  {again}")
        _say_beside(evidence, a, judged.plan, args.path_seeds, parts)
        return Prepared(a, judged.plan, None)
    refuse_changed(evidence, judged, "ablate")
    configs = {h: c for h, c in work.configs(a).items() if any(h in p.key for p in judged.plan.pairs)}
    made = proposal(evidence, judged, configs, noise_of(evidence, a.fixed), desk.at_once)
    say_plan(made, evidence, _what(judged.plan.pairs), args.explain)
    _say_beside(evidence, a, judged.plan, args.path_seeds, parts)
    return Prepared(a, judged.plan, made)


def _asked(args: Namespace, desk: Planning) -> Asked:
    """Return what the command line asks for."""
    more: dict[str, Any] = {
        "--from": None if args.origin == "best" else args.origin,
        "--set": desk.sets or None,
        "--changes": args.changes,
        "--leave-out": args.leave_out,
        "--parts": None if args.parts == ",".join(PARTS) else args.parts,
        "--space-file": args.space_file,
    }
    size = Size(args.seeds, args.max_seeds, args.budget)
    known = {name: value for name, value in more.items() if value is not None}
    return Asked(None, size, args.margin, args.claim, args.seed, args.further, known)


def _ablation(
    desk: Planning, args: Namespace, evidence: Evidence, only: Sequence[str]
) -> tuple[AblationPlan, list[str]]:
    """Return what is ablated, and notes on what was left out."""
    start = work.starting_config(evidence, args.origin)
    named = load_ablations(args.space_file, desk.config_class) if args.space_file else None

    def validate(values: Config) -> Config:
        return checked_config(desk.config_class, values)

    a, notes = work.plan_ablation(
        start, evidence.meta.baseline, validate, fixed=desk.sets, only=only, most=args.leave_out, named=named
    )
    return replace(a, origin=args.origin), notes


def _named(of: Pair | VerdictRow) -> str:
    return of.name if of.role in ("all", "named") else f"{of.name} ({of.role})"


def _what(pairs: Sequence[Pair]) -> list[str]:
    """Name what is trained: 'the winner without width or depth (leave-one-out)'."""
    sides = {"leave-one-out": "the winner without", "add-one-in": "the baseline with only"}
    found = [p.name for p in pairs if p.role not in sides]
    for role, side in sides.items():
        *some, last = [p.name for p in pairs if p.role == role] or [""]
        if last:
            found.append(f"{side} {', '.join(some)}{' or ' if some else ''}{last} ({role})")
    return found


def told(evidence: Evidence, pair: Pair, judged: Judged) -> str:
    """Say what has just been decided of a change, in a line for the screen."""
    return decided(_named(pair), planned(judged, evidence.metric, evidence.members)[judged.plan.pairs.index(pair)])


def describe(session: Session, path_seeds: int, ready: Prepared, parts: Sequence[str]) -> None:
    """Walk the greedy path and measure the interaction of the two strongest; both are chosen on validation."""
    study, a, seeds = session.study, ready.ablation, ready.plan.seeds
    if "path" in parts and len(a.changes) > 1:
        a = replace(a, path_seeds=seeds[:path_seeds], path=())
        while len(a.path) < len(a.changes):
            session.train(session.attempts(work.step_jobs(study.records(), a, a.path_seeds)))
            step = next_step(a, Evidence.of(study).runs, a.path_seeds)
            if step is None:
                session.announce("note: the greedy path ends here: no next step came to a score")
                break
            a = replace(a, path=(*a.path, step))
    if "interaction" in parts and len(a.changes) > 1:
        some = seeds[: work.INTERACTION_SEEDS]
        a = replace(a, interaction=strongest(a, Evidence.of(study).runs, some))
        session.train(session.attempts(work.interaction_jobs(study.records(), a, some)))
    put(study.meta, ready.plan, details=a.as_dict())
    study.save_meta()


def show(session: Session) -> None:
    """Print what was found, a change with its verdict below it."""
    found = ablation_result(Evidence.of(session.study))
    if found is None:
        return
    from study.report.tables.verdicts import path_sentence  # noqa: PLC0415 - no training waits for pandas

    meta = session.study.meta
    if any(row.role == "leave-one-out" for row in found.rows):
        say("Leave-one-out: a change is better where the winner with it beats the winner without it.")
    for row in found.rows:
        say(f"{_named(row)}{' (tested by confirm)' if row.by_confirm else ''}")
        for text in (row.tested.verdict.sentence, row.tested.note):
            if text:
                say(f"  {text}")
    for line in (path_sentence(found, meta.metric.plain), *found.disagreements):
        if line:
            say(line)
