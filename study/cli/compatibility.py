"""Whether the options of a command fit the study it is given, the trainable and this machine."""

from __future__ import annotations

import inspect
import os
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

from results.config import changes
from results.errors import UserError, foreign
from results.meta import DatasetInfo, StudyMeta
from results.outcome import Runtime
from study.engine.choice import asked
from study.engine.cluster import reachable
from study.engine.resources import Machine, Options, plan_resources
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


def runtime_of(trainable: ModuleType, args: Namespace, meta: StudyMeta | None) -> Runtime:
    """Resolve device, precision and threads for this study and trainable. Raises UserError."""
    device, precision = args.device, args.precision
    if meta and precision == "auto":
        precision = meta.precision
    if hasattr(trainable, "resolve_runtime"):
        with foreign(f"trainable '{trainable.NAME}': resolve_runtime"):
            runtime = trainable.resolve_runtime(device, precision, _threads())
        if not isinstance(runtime, Runtime):
            raise UserError(f"trainable '{trainable.NAME}': resolve_runtime returned no results.outcome.Runtime")
    else:
        if device == "cuda":
            raise UserError(f"--device cuda: trainable '{trainable.NAME}' says nothing of devices; use --device cpu")
        runtime = Runtime("cpu", "fp32" if precision == "auto" else precision, _threads())
    if meta and runtime.precision != meta.precision:
        raise UserError(
            f"--precision {runtime.precision}: study '{args.study}' was started in {meta.precision}, and runs of "
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
    return max(1, min(int(asked), usable_cpus())) if asked.isdecimal() and len(asked) < 10 else usable_cpus()


def same_data(meta: StudyMeta, info: DatasetInfo, args: Namespace) -> None:
    """Raise UserError where the study is of other data, or labels them otherwise."""
    if info.fingerprint != meta.dataset.fingerprint:
        raise UserError(
            f"study '{args.study}' holds dataset '{meta.dataset.name}' ({meta.dataset.fingerprint[:12]}), not "
            f"'{info.name}' ({info.fingerprint[:12]}); choose another --study"
        )
    for part in ("class_names", "train_images", "test_images"):
        if getattr(info, part) != getattr(meta.dataset, part):
            raise UserError(
                f"study '{args.study}' says {part} of its dataset are {getattr(meta.dataset, part)}, and they are "
                f"{getattr(info, part)}: its study.json was changed"
            )
    if info.name != meta.dataset.name:
        raise UserError(f"study '{args.study}' labels its dataset '{meta.dataset.name}', not '{info.name}'")


def same_baseline(meta: StudyMeta, asked: dict[str, Any], path: Path) -> None:
    """Raise UserError where the study has another baseline."""
    changed = changes(asked, meta.baseline)
    if changed:
        now_is = ", ".join(f"{k}={old}" for k, (old, _) in changed.items())
        wanted = ", ".join(f"{k}={new}" for k, (_, new) in changed.items())
        raise UserError(f"study '{path}' has a baseline with {now_is}, not {wanted}; choose another --study for it")
