"""``sweep``: search for configs that beat the baseline, fifty trials at a time, never losing one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from results.analysis.evidence import Evidence
from results.code import is_in_file
from results.formatting import plural, settings
from results.store import Study
from search_spaces import Space, load_space
from study.cli.code import expected_file
from study.cli.ending import end
from study.cli.session import Inputs, Planning, Session, inputs, planning, training_session
from study.limits import DEFAULT_SEED
from study.planning.noise import before_sweep
from study.planning.step import Clock, Step
from study.search.options import SweepOptions
from study.search.own import load_sampler
from study.search.sampler import tried
from study.search.summary import LIMITED, print_summary
from study.search.sweep import SweepSummary, Training, sweep
from study.terminal.screen import say


@dataclass(frozen=True)
class Search:
    """A sweep that is about to run: what was given, where it looks, and how."""

    given: Inputs
    space: Space
    options: SweepOptions


def run(args: Namespace) -> int:
    """Run or go on with the study's sweep."""
    if args.dry_run:
        return _dry_run(args)
    wanted = prepare(args)
    with training_session(wanted.given) as session:
        for line in plan(session, wanted.options, wanted.space.name, wanted.space.fixed):
            session.announce(line)
        summary = search(session, wanted)
        end(session)
        return summary.exit_code


def _dry_run(args: Namespace) -> int:
    """Say what it would train; executes nothing but what this command line names, and writes nothing."""
    if (args.study / "study.json").exists():
        desk, earlier = planning(args), _earlier(args)
        lines = plan(desk, _options(args, earlier), str(args.space or earlier.get("space", "default")), desk.sets)
    else:
        wanted = prepare(args)
        lines = plan(None, wanted.options, wanted.space.name, wanted.space.fixed)
    for line in lines:
        say(line)
    return 0


def plan(desk: Planning | None, what: SweepOptions, space: str, fixed: Mapping[str, Any]) -> list[str]:
    """Say in four lines what is trained, when it ends, what it shows and what it costs; None: of a new study."""
    evidence = None if desk is None else Evidence.of(desk.study)
    done = 0 if evidence is None else sum(r.kind == "sweep" for r in evidence.records)
    trials = max(what.trials, done)
    left = trials - done
    seconds = None if desk is None or evidence is None else Clock(evidence, desk.at_once).trials(left, what.scheduler)
    step = Step("sweep", (), "", left, seconds)
    same = f", all with {settings(fixed)}" if fixed else ""
    stops = "each trial is trained to its end"
    if what.scheduler == "asha":
        stops = (
            f"a trial behind the others after as many epochs ends early, after {plural(what.grace, 'epoch')} at least"
        )
        stops += " (the grace period)"
    return [
        f"What: {plural(trials, 'trial')}{f', {done} of them recorded' if done else ''}, each with other settings "
        f"from space '{space}'{same}{', in a new study' if desk is None else ''}.",
        f"Stops: {stops}.",
        before_sweep(evidence, trials),
        f"Cost: {step.cost or 'nothing to train, all its trials are recorded'}.",
    ]


def prepare(args: Namespace) -> Search:
    """Read and check all that a sweep is given, before anything is written. Raises UserError."""
    earlier = _earlier(args)
    what = _options(args, earlier)
    args.seed = what.seed
    given = inputs(args)
    files = {  # what they must be, before either runs
        option: expected_file(option, getattr(args, option), earlier, args.study) for option in ("space", "sampler")
    }
    space = _space(given, earlier, files["space"])
    if is_in_file(what.sampler_name):
        own = load_sampler(what.sampler_name, files["sampler"])
        what = replace(what, sampler=tried(own, space, what.seed, what.trials, given.trainable.model.metric.goal))
    return Search(given, space, what)


def search(session: Session, wanted: Search, limited: str = LIMITED) -> SweepSummary:
    """Run the sweep in a study that is held, and print what came of it; ``limited`` is said where the clock ended it.

    Raises KeyboardInterrupt after Ctrl-C.
    """
    session.page.expect(sum(r.kind == "sweep" for r in session.study.records()), wanted.options.trials)
    training = Training(session.model, session.options, session.context(), [session.keep_pictures, session.page])
    summary = sweep(session.study, training, wanted.space, wanted.options, session.announce)
    print_summary(session.study, summary, wanted.options.seed, limited, session.options.verbose)
    if summary.engine is not None and summary.engine.interrupted:
        raise KeyboardInterrupt
    return summary


def _earlier(args: Namespace) -> dict[str, Any]:
    """Return how the study's sweep was made, if it has one: what an option left out means."""
    return (Study.open(args.study).meta.sweep or {}) if (args.study / "study.json").exists() else {}


def _options(args: Namespace, earlier: dict[str, Any]) -> SweepOptions:
    """Combine what was given, what the study's sweep had, and the defaults. Raises UserError."""

    def chosen(key: str, default: Any) -> Any:
        given = getattr(args, key)
        return earlier.get(key, default) if given is None else given

    what = SweepOptions(
        trials=chosen("trials", 50),
        seed=chosen("seed", DEFAULT_SEED),
        sampler=chosen("sampler", "tpe"),
        scheduler=chosen("scheduler", "asha"),
        factor=chosen("reduction_factor", 3),
        grace=chosen("grace", 1),
    )
    what.check()
    return what


def _space(given: Inputs, earlier: dict[str, Any], sha256: str | None) -> Space:
    """Load and check the space before data are read or a new study is started."""
    args, model = given.args, given.trainable.model
    name = str(earlier.get("space", "default")) if args.space is None else args.space
    return load_space(name, model.Config, given.baseline, given.sets, model.spaces, sha256)
