"""From a command's options to an open, locked study with its trainable, data and runtime, or one clear refusal.

Everything is checked before anything is written, so bad input leaves no trace.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from results.config import difference, read_config, read_sets, validated
from results.errors import UserError
from results.files import lock_folder
from results.outcome import Runtime
from results.store import CommandRun, DatasetInfo, Study, StudyMeta
from study.engine.jobs import FixedJobs, Job, Source, next_attempt
from study.engine.records import Context
from study.engine.resources import plan_resources, usable_cpus
from study.environment import command_line, environment, hide_home, now
from study.pictures import keep_pictures
from study.trainable import Data, load_trainable

if TYPE_CHECKING:
    from study.engine.pool import Options, Summary


@dataclass
class Session:
    """A study held for writing, and all that training in it needs."""

    study: Study
    trainable: ModuleType
    trainable_name: str  # as load_trainable takes it
    data: Data
    runtime: Runtime  # with all cores as threads; the engine divides them
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
        return Context(command_line(), environment(), self.runtime.device, self.runtime.precision)

    def train(self, jobs: list[Job], args: Namespace, alone: bool = False) -> int:
        """Train a fixed list of jobs side by side; with ``alone``, a single one in this process on all cores.

        Notes the command in study.json first. Returns the exit code: 1 where there was something to do and none of it
        worked. Raises KeyboardInterrupt after Ctrl-C, so that nothing is judged of runs that were cut off.
        """
        self.study.save_meta()
        if not jobs:
            return 0
        if alone and len(jobs) == 1 and not args.address:
            from study.progress import run_progress
            from study.runner import run_here

            progress = run_progress(self.quiet)
            record = run_here(self.study, self.trainable, self.data, jobs[0], self.runtime, progress, self.keep_weights)
            if record.error:
                print(f"{record.status}: {record.error}", file=sys.stderr)
            return 0 if record.status == "complete" else 1
        summary = self.run(FixedJobs(jobs), args)
        if summary.interrupted:
            raise KeyboardInterrupt
        return 1 if summary.all_failed else 0

    def run(self, source: Source, args: Namespace, **options: Any) -> Summary:
        """Run jobs side by side on Ray Tune, with the options of ``add_resources``."""
        from study.engine.pool import run_jobs

        return run_jobs(
            self.study,
            self.trainable,
            self.trainable_name,
            self.data,
            source,
            runtime=self.runtime,
            options=self._options(args, **{"keep_weights": self.keep_weights, "quiet": self.quiet, **options}),
            context=self.context(),
            after=[keep_pictures(self.study, self.trainable, self.data)],
        )

    def at_once(self, args: Namespace, jobs: int) -> int | None:
        """How many of ``jobs`` trainings this machine runs side by side; None on a cluster, not joined yet."""
        from study.engine.pool import plan_here

        return None if args.address or not jobs else plan_here(self._options(args), jobs, self.runtime).concurrency

    @staticmethod
    def _options(args: Namespace, **more: Any) -> Options:
        from study.engine.pool import Options

        names = ("concurrency", "cpus_per_trial", "gpus_per_trial", "address", "trial_timeout")
        return Options(**{name: getattr(args, name) for name in names}, **more)

    @property
    def keep_weights(self) -> int:
        """How many of the best configs keep their weights, beside the baseline: what the study's sweep said."""
        from study.engine.pool import Options

        return int((self.study.meta.sweep or {}).get("keep_weights", Options.keep_weights))

    def report(self) -> None:
        """Write the report and say where it is."""
        from study.report import write_report

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
        _same_trainable(meta, name, args.study)
        if args.config or (defines_baseline and args.sets):
            _same_baseline(meta, asked if defines_baseline else validated(start, trainable.Config), args.study)
    check_resources(args)
    runtime = _runtime(trainable, args, meta)
    data = _load(trainable, source, args)
    if hasattr(trainable, "check"):
        trainable.check(trainable.Config(**(meta.baseline if meta else asked)), data)
    info = describe_data(data, args.dataset_name or (meta.dataset.name if meta else data.name), source)
    if meta:
        _same_data(meta, info, args)
    with lock_folder(args.study):
        if meta:
            study = Study.open(args.study)
        else:
            study = Study.create(
                args.study,
                StudyMeta(
                    name=args.study.resolve().name,
                    trainable=hide_home(name),
                    trainable_sha256=_fingerprint(name),
                    dataset=info,
                    baseline=asked,
                    device=runtime.device,
                    precision=runtime.precision,
                ),
            )
        if _fingerprint(name) != study.meta.trainable_sha256 is not None:
            print(
                f"note: '{name}' is not what this study was begun with: if it trains otherwise now, old and new runs "
                "do not compare; choose another --study then",
                file=sys.stderr,
            )
        # Written when training begins: a command that is refused, or a dry run, leaves the study as it was.
        study.meta.commands.append(CommandRun(command=command_line(), started=now(), environment=environment()))
        yield Session(study, trainable, os.path.expanduser(name), data, runtime, sets, args.seed, args.quiet)


def check_resources(args: Namespace) -> None:
    """Refuse what this machine does not have before anything is written. Raises UserError."""
    if args.address:
        from study.engine.rayenv import reachable

        reachable(args.address)
        return
    gpus = 0
    if args.gpus_per_trial:
        import torch

        gpus = torch.cuda.device_count()
    plan_resources(
        usable_cpus(),
        gpus,
        use_gpu=False if args.device == "cpu" else None,
        concurrency=args.concurrency,
        cpus_per_trial=args.cpus_per_trial,
        gpus_per_trial=args.gpus_per_trial,
    )


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
    for member in ("name", "fingerprint", "class_names", "train_labels", "test_labels"):
        if not hasattr(data, member):
            raise UserError(f"trainable '{trainable.NAME}': load_data returned data without '{member}'")
    return data  # type: ignore[no-any-return]


def _runtime(trainable: ModuleType, args: Namespace, meta: StudyMeta | None) -> Runtime:
    device, precision = args.device, args.precision
    if meta and precision == "auto":
        precision = meta.precision
    if hasattr(trainable, "resolve_runtime"):
        runtime: Runtime = trainable.resolve_runtime(device, precision, _threads())
    else:
        if device == "cuda":
            raise UserError(f"--device cuda: trainable '{trainable.NAME}' says nothing of devices; use --device cpu")
        runtime = Runtime("cpu", "fp32" if precision == "auto" else precision, _threads())
    if meta and runtime.precision != meta.precision:
        raise UserError(
            f"--precision {runtime.precision}: study '{args.study}' was begun in {meta.precision}, and runs of "
            f"different precision do not compare; use --precision {meta.precision} or another --study"
        )
    if runtime.precision != "fp32" and "runtime" not in inspect.signature(trainable.fit).parameters:
        raise UserError(
            f"--precision {precision}: fit of trainable '{trainable.NAME}' takes no 'runtime', so it cannot know; use "
            f"--precision fp32"
        )
    return runtime


def _threads() -> int:
    """All cores, unless the person at the shell said otherwise in the usual way."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(int(asked), usable_cpus())) if asked.isdigit() else usable_cpus()


def _fingerprint(name: str) -> str | None:
    """SHA-256 of a trainable's file; None for a module, whose files may be many."""
    path = Path(name).expanduser()
    return hashlib.sha256(path.read_bytes()).hexdigest() if name.endswith(".py") else None


def _place(name: str) -> str:
    """A trainable's file is the same one however its path is written."""
    return str(Path(name).expanduser().resolve()) if name.endswith(".py") else name


def _same_trainable(meta: StudyMeta, name: str, path: Path) -> None:
    if _place(name) != _place(meta.trainable):
        raise UserError(f"study '{path}' is of trainable '{meta.trainable}', not '{name}'; choose another --study")


def _same_data(meta: StudyMeta, info: DatasetInfo, args: Namespace) -> None:
    if info.fingerprint != meta.dataset.fingerprint:
        raise UserError(
            f"study '{args.study}' holds dataset '{meta.dataset.name}' ({meta.dataset.fingerprint[:12]}), not "
            f"'{info.name}' ({info.fingerprint[:12]}); choose another --study"
        )
    if info.name != meta.dataset.name:
        raise UserError(f"study '{args.study}' labels its dataset '{meta.dataset.name}', not '{info.name}'")


def _same_baseline(meta: StudyMeta, asked: dict[str, Any], path: Path) -> None:
    changed = difference(asked, meta.baseline)
    if changed:
        now_is = ", ".join(f"{k}={meta.baseline.get(k)}" for k in changed)
        wanted = ", ".join(f"{k}={v}" for k, v in changed.items())
        raise UserError(f"study '{path}' has a baseline with {now_is}, not {wanted}; choose another --study for it")
