"""From a command's options to an open, locked study with its trainable, data and runtime, or one clear refusal.

Everything is checked before anything is written, so bad input leaves no trace.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from results.config import read_config, read_sets, validated
from results.escaping import hide_home
from results.files import lock_folder
from results.store import CommandRun, DatasetInfo, Study, StudyMeta
from study.cli.compatibility import check_resources, fingerprint, runtime_of, same_baseline, same_data, same_trainable
from study.jobs import FixedJobs, Job, Model, Source, next_attempt
from study.protocol import Data, load_trainable
from study.recording.artefacts import keep_pictures
from study.recording.checkpoints import seconds_before
from study.recording.checks import check_data
from study.recording.provenance import command_line, environment, now
from study.recording.records import Context

if TYPE_CHECKING:
    from study.engine.launch import Summary
    from study.engine.resources import Options


@dataclass
class Session:
    """A study held for writing, and all that training in it needs."""

    study: Study
    model: Model  # its runtime has all cores as threads; the engine divides them
    sets: dict[str, Any]  # the fields of --set, typed
    seed: int
    quiet: bool

    def announce(self, text: str) -> None:
        """Tell the person at the screen, unless they asked for quiet."""
        if text and not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def attempts(self, jobs: list[Job]) -> list[Job]:
        """Number each job by how often its config and seed were tried before without completing."""
        records = self.study.records()
        return [replace(job, attempt=next_attempt(records, job.config, job.seed)) for job in jobs]

    def context(self) -> Context:
        """Return what all records of this command say of how they came about."""
        return Context(command_line(), environment(), self.model.runtime.device, self.model.runtime.precision)

    def train(self, jobs: list[Job], args: Namespace, alone: bool = False) -> int:
        """Train a fixed list of jobs side by side; with ``alone``, a single one in this process on all cores.

        Notes the command in study.json first. Returns the exit code: 1 where there was something to do and none of it
        worked. Raises KeyboardInterrupt after Ctrl-C, so that nothing is judged of runs that were interrupted.
        """
        self.study.save_meta()
        if not jobs:
            return 0
        if alone and len(jobs) == 1 and not args.address:
            from study.engine.local import run_here
            from study.terminal.progress import run_progress

            progress = run_progress(self.quiet)
            record = run_here(self.study, self.model, jobs[0], progress, self.keep_weights)
            if record.error:
                print(f"{record.status}: {record.error}", file=sys.stderr)
            return 0 if record.status == "complete" else 1
        summary = self.run(FixedJobs(jobs), args)
        if summary.interrupted:
            raise KeyboardInterrupt
        return 1 if summary.all_failed else 0

    def run(self, source: Source, args: Namespace, **options: Any) -> Summary:
        """Run jobs side by side on Ray Tune, with the options of ``add_resources``."""
        from study.engine.launch import run_jobs

        return run_jobs(
            self.study,
            self.model,
            source,
            options=self._options(args, **{"keep_weights": self.keep_weights, "quiet": self.quiet, **options}),
            context=self.context(),
            after=[keep_pictures(self.study, self.model.trainable, self.model.data)],
        )

    def at_once(self, args: Namespace, jobs: int) -> int | None:
        """How many of ``jobs`` trainings this machine runs side by side; None on a cluster, not joined yet."""
        from study.engine.resources import plan_here

        return (
            None if args.address or not jobs else plan_here(self._options(args), jobs, self.model.runtime).concurrency
        )

    @staticmethod
    def _options(args: Namespace, **more: Any) -> Options:
        from study.engine.resources import Options

        names = ("concurrency", "cpus_per_trial", "gpus_per_trial", "address", "trial_timeout")
        return Options(**{name: getattr(args, name) for name in names}, **more)

    @property
    def keep_weights(self) -> int:
        """How many of the best configs keep their weights, beside the baseline: what the study's sweep said."""
        from study.engine.resources import Options

        return int((self.study.meta.sweep or {}).get("keep_weights", Options.keep_weights))

    def report(self) -> None:
        """Write the report and say where it is."""
        from study.report.page import write_report

        print(f"report: {write_report(self.study)}")


@contextlib.contextmanager
def training_session(args: Namespace, defines_baseline: bool, starts: bool = True) -> Iterator[Session]:
    """Open or start the study of ``args`` for writing.

    ``defines_baseline``: whether --config and --set say what the baseline is even in an existing study (and must
    then agree with it); otherwise they do so only in a new one. ``starts``: whether a new study may be started.

    Raises:
        UserError: whatever of the input does not fit together.
    """
    exists = (args.study / "study.json").exists()
    meta = Study.open(args.study).meta if exists or not starts or _holds_something(args.study) else None
    name = args.trainable or (meta.trainable if meta else "alexnet")
    trainable = load_trainable(os.path.expanduser(name))
    sets = read_sets(args.sets, trainable.Config)
    start = read_config(args.config) if args.config else {}
    asked = validated({**start, **sets}, trainable.Config)
    source = args.dataset or (meta.dataset.source if meta and meta.dataset.source else "cifar10")
    if meta:
        same_trainable(meta, name, args.study)
        if args.config or (defines_baseline and args.sets):
            same_baseline(meta, asked if defines_baseline else validated(start, trainable.Config), args.study)
    check_resources(args)
    seconds_before()  # a slip in the environment is better told now than when training begins
    runtime = runtime_of(trainable, args, meta)
    data = _load(trainable, source, args)
    if hasattr(trainable, "check"):
        trainable.check(trainable.Config(**(meta.baseline if meta else asked)), data)
    info = describe_data(data, args.dataset_name or (meta.dataset.name if meta else data.name), source)
    if meta:
        same_data(meta, info, args)
    with lock_folder(args.study):
        if meta:
            study = Study.open(args.study)
        else:
            study = Study.create(
                args.study,
                StudyMeta(
                    name=args.study.resolve().name,
                    trainable=hide_home(name),
                    trainable_sha256=fingerprint(name),
                    dataset=info,
                    baseline=asked,
                    device=runtime.device,
                    precision=runtime.precision,
                ),
            )
        if fingerprint(name) != study.meta.trainable_sha256 is not None:
            print(
                f"note: '{name}' is not what this study was begun with: if it trains otherwise now, old and new runs "
                "do not compare; choose another --study then",
                file=sys.stderr,
            )
        # Written when training begins: a command that is refused, or a dry run, leaves the study as it was.
        study.meta.commands.append(CommandRun(command=command_line(), started=now(), environment=environment()))
        model = Model(trainable, os.path.expanduser(name), data, runtime)
        yield Session(study, model, sets, args.seed, args.quiet)


def describe_data(data: Data, label: str, source: str) -> DatasetInfo:
    """Return what the study keeps of its data."""
    return DatasetInfo(
        name=label,
        fingerprint=data.fingerprint,
        class_names=[str(c) for c in data.class_names],
        train_images=len(data.train_labels),
        test_images=len(data.test_labels),
        source=hide_home(source),
    )


def _holds_something(path: Path) -> bool:
    return path.exists() and (not path.is_dir() or any(p.name != "study.lock" for p in path.iterdir()))


def _load(trainable: ModuleType, source: str, args: Namespace) -> Data:
    extra = {"progress": not args.quiet} if "progress" in inspect.signature(trainable.load_data).parameters else {}
    data_dir = args.data_dir or Path(os.environ.get("STUDY_DATA_DIR") or "data")
    data = trainable.load_data(os.path.expanduser(source), data_dir, **extra)
    check_data(trainable.NAME, data)
    return data  # type: ignore[no-any-return]
