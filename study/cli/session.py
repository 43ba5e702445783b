"""From a command's options to an open, locked study with its trainable, data and runtime, or one clear refusal.

Everything is checked before anything is written, so bad input leaves no trace.
"""

from __future__ import annotations

import contextlib
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from results.code import OWN
from results.commands import shown_path
from results.config import ConfigClass, checked_config, read_config, read_sets, recorded_config
from results.errors import UserError, foreign
from results.files import Folder
from results.meta import CommandRun, DatasetInfo, StudyMeta, StudyMetric
from results.outcome import Runtime
from results.store import Study
from study.cli.code import Loaded, open_trainable
from study.cli.compatibility import check_resources, runtime_of, same_baseline, same_data, same_metric
from study.cli.data import load_data
from study.cli.live_page import LivePage
from study.cli.script import keep_script, what_was_read
from study.engine.choice import Choice, for_jobs
from study.engine.launch import run_jobs
from study.engine.resources import Options, plan_side_by_side
from study.jobs import FixedJobs, Job, Model, Source, next_attempt
from study.limits import KEEP_WEIGHTS
from study.planning.runs import training_seconds
from study.recording.artefacts import keep_pictures
from study.recording.checkpoints import seconds_before
from study.recording.provenance import command_line, environment, now
from study.recording.records import Context
from study.recording.writer import After
from study.terminal.screen import note


@dataclass
class Planning:
    """A study read, and all that planning in it needs; executes and writes nothing."""

    study: Study
    config_class: ConfigClass
    sets: dict[str, Any]  # the fields of --set, typed
    runtime: Runtime  # with all cores as threads; the engine divides them
    options: Options

    def choose(self, jobs: list[Job]) -> tuple[Choice, int | None]:
        """Return which executor runs ``jobs``, and how many at a time; None on a cluster, which is not joined yet."""
        return self.choose_for(len(jobs), training_seconds(self.study.records(), jobs))

    def choose_for(self, count: int, seconds: float | None) -> tuple[Choice, int | None]:
        """The same for so many trainings, of ``seconds`` in all."""
        count = max(1, count)
        side_by_side = self.side_by_side(count)
        choice = for_jobs(self.options, count, side_by_side, seconds)
        return choice, 1 if choice.engine == "here" else None if self.options.address else side_by_side

    def side_by_side(self, count: int) -> int:
        """How many of so many trainings go side by side in Ray; 2 on a cluster, which is not joined yet."""
        return plan_side_by_side(self.options, count, self.runtime).concurrency if not self.options.address else 2

    def at_once(self, count: int, seconds_each: float | None) -> int | None:
        """How many of so many trainings go side by side; None where that is not known yet."""
        return self.choose_for(count, None if seconds_each is None else seconds_each * count)[1]


@dataclass
class Session(Planning):
    """A study held for writing, and all that training in it needs."""

    model: Model
    page: LivePage

    def announce(self, text: str) -> None:
        """Tell the person at the screen, unless they asked for quiet."""
        if text and not self.options.quiet:
            note(text)

    def attempts(self, jobs: list[Job]) -> list[Job]:
        """Number each job by how often its config and seed were tried before without a record that counts."""
        names = self.study.read().names
        return [replace(job, attempt=next_attempt(names, job.config, job.seed)) for job in jobs]

    def context(self) -> Context:
        """Return what all records of this command say of how they came about."""
        return Context(command_line(), environment(), self.runtime.device, self.runtime.precision)

    def train(self, jobs: list[Job]) -> int:
        """Train a fixed list of jobs; see :meth:`train_source`."""
        if not jobs:
            self.study.save_meta()
            return 0
        return self.train_source(FixedJobs(jobs), choice=self.choose(jobs)[0])

    def train_source(
        self, source: Source, after: Sequence[After] = (), choice: Choice | None = None, most: int | None = None
    ) -> int:
        """Train the jobs of a source, ``most`` at most, and call ``after`` with each record that is on the disk.

        Notes the command in study.json first. Returns the exit code: 1 where there was something to do and none of it
        worked. Raises KeyboardInterrupt after Ctrl-C, so that nothing is tested on runs that were interrupted.
        """
        self.study.save_meta()
        self.page.expect(0, source.total or most, at_most=source.total is None)
        summary = run_jobs(
            self.study,
            self.model,
            source,
            options=self.options,
            context=self.context(),
            after=[self.keep_pictures, self.page, *after],
            choice=choice,
        )
        if summary.interrupted:
            raise KeyboardInterrupt
        for line in [what_was_read(self.model.trainable, summary.records), *(summary.figures * self.options.verbose)]:
            self.announce(line)
        for record in summary.records if len(summary.records) == 1 else ():
            said = [f"{record.status}: {record.error}"] if record.error and self.options.quiet else []  # else it was
            said += (
                [f"the traceback is in '{shown_path(summary.log)}'"]
                if record.status == "failed" and summary.log
                else []
            )
            if said:
                note("; ".join(said))
        return 1 if summary.all_failed else 0

    @property
    def keep_pictures(self) -> After:
        """What keeps the first baseline's pictures for the report."""
        return keep_pictures(self.study, self.model.trainable, self.model.data)


@dataclass
class Inputs:
    """What a training command was given, checked against itself and against the study, if there is one."""

    args: Namespace
    meta: StudyMeta | None  # of the study, where it exists
    trainable: Loaded
    sets: dict[str, Any]
    baseline: dict[
        str, Any
    ]  # the study's, with fields that the config got since; else what --config and --set make of the trainable's


def inputs(args: Namespace, defines_baseline: bool = False, starts: bool = True) -> Inputs:
    """Read and check what the options name.

    ``defines_baseline``: whether --config and --set say what the baseline is even in an existing study (and must
    then agree with it); otherwise they do so only in a new one. ``starts``: whether a new study may be started.

    Raises:
        UserError: whatever of the input does not fit together.
    """
    start = read_config(args.config) if args.config else {}
    exists = (args.study / "study.json").exists()
    meta = Study.open(args.study).meta if exists or not starts or _holds_something(args.study) else None
    trainable = open_trainable(args, meta)
    config_class = trainable.model.Config
    sets = read_sets(args.sets, config_class)
    asked = checked_config(config_class, {**start, **sets})
    if meta is None:
        return Inputs(args, meta, trainable, sets, asked)
    new = {k: v for k, v in checked_config(config_class, {}).items() if k not in meta.baseline}
    baseline = {**meta.baseline, **new}
    if args.config or (defines_baseline and args.sets):
        given = asked if defines_baseline else checked_config(config_class, start)
        same_baseline(baseline, given, args.study)
    return Inputs(args, meta, trainable, sets, baseline)


@contextlib.contextmanager
def training_session(given: Inputs) -> Iterator[Session]:
    """Open or start the study for writing. Raises UserError as :func:`inputs` does."""
    args, meta, trainable = given.args, given.meta, given.trainable.model
    check_resources(args)
    seconds_before()  # a slip in the environment is better told now than when training begins
    runtime = runtime_of(trainable, args, meta)
    data, info = load_data(trainable, args, meta)
    if check := trainable.hook("check"):
        config = checked_config(trainable.Config, given.baseline, "the study's baseline" if meta else "")
        with foreign(f"trainable '{trainable.name}': check"):
            check(trainable.Config(**config), data)
    if meta:
        same_data(meta, info, args)
        same_metric(meta, trainable, args)
    with Folder(args.study).lock():
        study = Study.open(args.study) if meta else Study.create(args.study, _new(given, info, runtime))
        study.check_appending()
        new = {name: value for name, value in given.baseline.items() if name not in study.meta.baseline}
        for name, value in new.items():
            note(f"note: the config has a new field '{name}'; earlier runs count as having its default, {value!r}")
        study.introduce(new)
        given.trainable.record(study.meta)
        keep_script(study.meta, trainable)
        # Written when training begins: a command that is refused leaves the study as it was.
        study.meta.commands.append(CommandRun(command=command_line(), started=now(), environment=environment()))
        options = options_of(args, study.meta)
        model = Model(trainable, given.trainable.path, data, runtime)
        with contextlib.closing(LivePage(study)) as page:
            yield Session(study, trainable.Config, given.sets, runtime, options, model, page)


def _new(given: Inputs, info: DatasetInfo, runtime: Runtime) -> StudyMeta:
    meta = StudyMeta(
        name=given.args.study.resolve().name,
        trainable=given.trainable.name,
        trainable_sha256=given.trainable.sha256,
        dataset=info,
        metric=StudyMetric.of(given.trainable.model.metric),
        prefix=given.trainable.model.prefix,
        baseline=given.baseline,
        device=runtime.device,
        precision=runtime.precision,
    )
    keep_script(meta, given.trainable.model)
    return meta


def planning(args: Namespace) -> Planning:
    """Read a study for a dry run, which writes nothing and executes nothing but what this command line names.

    Where that is not the trainable, configs are checked by what the study recorded of them, without their bounds.
    """
    study = Study.open(args.study)
    if args.trainable or study.meta.trainable in OWN:
        config_class: ConfigClass = open_trainable(args, study.meta).model.Config
    else:
        config_class = recorded_config(study.meta.baseline)
    device = study.meta.device if args.device == "auto" else args.device
    runtime = Runtime(device, study.meta.precision)
    return Planning(study, config_class, read_sets(args.sets, config_class), runtime, options_of(args, study.meta))


def options_of(args: Namespace, meta: StudyMeta) -> Options:
    """Return how to run; weights are kept as the study's sweep said, where this command does not."""
    names = ("concurrency", "cpus_per_trial", "gpus_per_trial", "address", "trial_timeout")
    chosen = {"engine": args.engine} if args.engine else {}
    more = {name: getattr(args, name) for name in ("time_limit", "keep_weights") if hasattr(args, name)}
    kept = (meta.sweep or {}).get("keep_weights", Options.keep_weights)
    if complaint := KEEP_WEIGHTS.complaint(kept):
        raise UserError(f"the sweep of study '{args.study}': keep_weights: {complaint}")
    return Options(
        **{"keep_weights": int(kept), **{n: getattr(args, n) for n in names}, **more, **chosen},
        quiet=args.quiet,
        verbose=args.verbose,
    )


def _holds_something(path: Path) -> bool:
    if not os.path.lexists(path):
        return False
    return not path.is_dir() or any(p.name != "study.lock" for p in path.iterdir())


def refuse_config(args: Namespace, why: str, sets: bool = False) -> None:
    """Raise UserError where --config, or with ``sets`` --set, was given to a command that takes none."""
    given = [name for name, value in (("--set", sets and args.sets), ("--config", args.config)) if value]
    if given:
        raise UserError(f"{' and '.join(given)}: {why}")
