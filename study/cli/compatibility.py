"""Whether the options of a command fit the study it is given, the trainable and this machine."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from results.config import changes
from results.errors import UserError, foreign
from results.meta import DatasetInfo, StudyMeta
from results.outcome import Runtime
from study.engine.choice import asked
from study.engine.cluster import reachable
from study.engine.resources import Machine, Options, plan_resources
from study.protocol import Trainable
from study.recording.provenance import usable_cpus


def check_resources(args: Namespace) -> None:
    """Refuse what this machine does not have, or contradicts itself, before anything is written. Raises UserError."""
    asked(Options(address=args.address, **({"engine": args.engine} if args.engine else {})))
    if args.engine == "here" and (args.concurrency or 1) > 1:
        raise UserError(
            f"--engine here runs one training at a time, not --concurrency {args.concurrency}: use --engine ray"
        )
    if args.address:
        reachable(args.address)
        return
    gpus = 0
    if args.gpus_per_trial:
        import torch  # noqa: PLC0415 - takes seconds, and a CPU's command does without

        gpus = torch.cuda.device_count()
    wanted = Options(args.concurrency, args.cpus_per_trial, args.gpus_per_trial)
    plan_resources(Machine(usable_cpus(), gpus), wanted, use_gpu=False if args.device == "cpu" else None)


def runtime_of(trainable: Trainable, args: Namespace, meta: StudyMeta | None) -> Runtime:
    """Resolve device, precision and threads for this study and trainable. Raises UserError."""
    device, precision = args.device, args.precision
    if meta and precision == "auto":
        precision = meta.precision
    if resolve := trainable.hook("resolve_runtime"):
        with foreign(f"trainable '{trainable.name}': resolve_runtime"):
            runtime = resolve(device, precision, _threads())
        if not isinstance(runtime, Runtime):
            raise UserError(f"trainable '{trainable.name}': resolve_runtime returned no results.outcome.Runtime")
    else:
        torch = sys.modules.get("torch")  # a trainable that has not imported it computes on the CPU
        cuda = torch is not None and torch.cuda.is_available()
        if device == "cuda" and not cuda:
            raise UserError(
                f"--device cuda: trainable '{trainable.name}' uses no torch with a GPU here; use --device cpu"
            )
        if precision not in ("auto", "fp32"):
            raise UserError(
                f"--precision {precision}: trainable '{trainable.name}' has no resolve_runtime, so it cannot know; use "
                "--precision fp32"
            )
        runtime = Runtime("cuda" if cuda and device != "cpu" else "cpu", "fp32", _threads())
    if meta and runtime.precision != meta.precision:
        raise UserError(
            f"--precision {runtime.precision}: study '{args.study}' was started in {meta.precision}, and runs of "
            f"different precision do not compare; use --precision {meta.precision} or another --study"
        )
    return runtime


def same_metric(meta: StudyMeta, trainable: Trainable, args: Namespace) -> None:
    """Raise UserError where the trainable declares another metric than the study is about."""
    for part, now in trainable.metric.tag.items():
        before = getattr(meta.metric, part)
        if now != before:
            raise UserError(
                f"study '{args.study}' is about a metric whose {part} is {before!r}, not {now!r}; choose another "
                "--study"
            )
    if meta.prefix != trainable.prefix:
        raise UserError(
            f"study '{args.study}' was started with prefix={meta.prefix}, not {trainable.prefix}: its comparisons at "
            "equal epochs depend on it; choose another --study"
        )


def _threads() -> int:
    """All cores, unless the person at the shell said otherwise in the usual way."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(int(asked), usable_cpus())) if asked.isdecimal() and len(asked) < 10 else usable_cpus()


def same_data(meta: StudyMeta, info: DatasetInfo, args: Namespace) -> None:
    """Raise UserError where the study is of other data, or labels them otherwise."""
    if info.fingerprint != meta.dataset.fingerprint:
        raise UserError(
            f"study '{args.study}' holds dataset '{meta.dataset.name}' ({meta.dataset.fingerprint[:12]}), not "
            f"'{info.name}' ({info.fingerprint[:12]}); choose another --study"
        )
    for part in ("class_names", "train_examples", "test_examples"):
        if getattr(info, part) != getattr(meta.dataset, part):
            raise UserError(
                f"study '{args.study}' says {part} of its dataset are {getattr(meta.dataset, part)}, and they are "
                f"{getattr(info, part)}: its study.json was changed"
            )
    if info.name != meta.dataset.name:
        raise UserError(f"study '{args.study}' labels its dataset '{meta.dataset.name}', not '{info.name}'")


def same_baseline(baseline: dict[str, Any], asked: dict[str, Any], path: Path) -> None:
    """Raise UserError where the study has another baseline than the one asked for."""
    changed = changes(asked, baseline)
    if changed:
        now_is = ", ".join(f"{k}={old}" for k, (old, _) in changed.items())
        wanted = ", ".join(f"{k}={new}" for k, (_, new) in changed.items())
        raise UserError(f"study '{path}' has a baseline with {now_is}, not {wanted}; choose another --study for it")
