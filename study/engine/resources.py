"""How many trainings at once, and what each gets: decided from counts alone, shown before anything starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from results.errors import UserError
from results.outcome import Runtime
from study.jobs import Source
from study.recording.provenance import usable_cpus

TRIALS_PER_GPU = 4  # where nothing says otherwise: small models leave a GPU idle between their steps
GPU_MEMORY_PER_TRIAL_GIB = 4.0  # a context, the dataset on the device, a small model and its workspace


@dataclass(frozen=True)
class Plan:
    """What was chosen. ``gpus_per_trial`` is 0 on a CPU; a share of one, or whole GPUs."""

    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float
    cpus: int  # that the machine or cluster has
    gpus: int
    note: str = ""  # what the user should know about the choice

    def __str__(self) -> str:
        each = f"{self.cpus_per_trial} core{'s' * (self.cpus_per_trial != 1)}"
        if self.gpus_per_trial:
            each += f" and {self.gpus_per_trial:g} GPU"
        plural = "s" * (self.concurrency != 1)
        where = f"{self.cpus} core{'s' * (self.cpus != 1)}" + (
            f", {self.gpus} GPU{'s' * (self.gpus != 1)}" if self.gpus else ""
        )
        return f"{self.concurrency} training{plural} at a time, {each} each (of {where})" + (
            f"; {self.note}" if self.note else ""
        )


def plan_resources(
    cpus: int,
    gpus: int = 0,
    *,
    use_gpu: bool | None = None,
    gpu_memory_gib: float | None = None,
    jobs: int | None = None,
    concurrency: int | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
) -> Plan:
    """Choose concurrency and shares for a machine with ``cpus`` cores and ``gpus`` GPUs.

    Args:
        cpus: cores there are.
        gpus: GPUs there are.
        use_gpu: False keeps to the CPU; None uses GPUs where there are any.
        gpu_memory_gib: of the smallest GPU, to bound how many trainings share one.
        jobs: no more than this many trainings will be asked for.
        concurrency: what the user asked for, as in the next two; the rest follows.
        cpus_per_trial: likewise.
        gpus_per_trial: likewise.

    Raises:
        UserError: what was asked for does not exist or contradicts itself.
    """
    _check(cpus, gpus, use_gpu, concurrency, cpus_per_trial, gpus_per_trial)
    on_gpu = bool(gpus) and use_gpu is not False and gpus_per_trial != 0
    if not on_gpu:
        per_trial = cpus_per_trial or (max(1, cpus // concurrency) if concurrency else 1)
        slots = concurrency or max(1, cpus // per_trial)
        share = 0.0
    else:
        share = gpus_per_trial or _share(cpus, gpus, gpu_memory_gib, concurrency)
        room = int(gpus / share + 1e-9) if share >= 1 else gpus * int(1 / share + 1e-9)
        slots = concurrency or min(room, max(1, cpus // (cpus_per_trial or 1)))
        if slots > room:
            raise UserError(
                f"--concurrency {slots} with --gpus-per-trial {share:g} needs {slots * share:g} GPUs; there "
                f"{'is' if gpus == 1 else 'are'} {gpus}"
            )
        per_trial = cpus_per_trial or max(1, cpus // slots)
    if jobs is not None:
        slots = max(1, min(slots, jobs))
    note = ""
    if slots * per_trial > cpus:
        note = f"that is {slots * per_trial} threads on {cpus} cores, so each training is slower"
    return Plan(slots, per_trial, math.floor(share * 1e4) / 1e4, cpus, gpus, note)  # Ray counts in ten-thousandths


def _share(cpus: int, gpus: int, memory: float | None, concurrency: int | None) -> float:
    if concurrency:
        return float(gpus // concurrency) if concurrency <= gpus else 1 / -(-concurrency // gpus)
    per_gpu = min(TRIALS_PER_GPU, max(1, cpus // gpus))
    if memory is not None:
        per_gpu = min(per_gpu, max(1, int(memory / GPU_MEMORY_PER_TRIAL_GIB)))
    return 1 / per_gpu


def _check(
    cpus: int,
    gpus: int,
    use_gpu: bool | None,
    concurrency: int | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
) -> None:
    if concurrency is not None and concurrency < 1:
        raise UserError(f"--concurrency {concurrency} must be at least 1")
    if cpus_per_trial is not None and cpus_per_trial < 1:
        raise UserError(f"--cpus-per-trial {cpus_per_trial} must be at least 1")
    if cpus_per_trial is not None and cpus_per_trial > cpus:
        raise UserError(f"--cpus-per-trial {cpus_per_trial} is more than the {cpus} there are")
    if gpus_per_trial is None:
        return
    if gpus_per_trial < 0:
        raise UserError(f"--gpus-per-trial {gpus_per_trial:g} must not be negative")
    if gpus_per_trial > gpus:
        have = "no GPU here" if not gpus else f"{gpus} here"
        raise UserError(f"--gpus-per-trial {gpus_per_trial:g} is more than there are: {have}")
    if gpus_per_trial > 1 and gpus_per_trial != int(gpus_per_trial):
        raise UserError(f"--gpus-per-trial {gpus_per_trial:g} must be whole above 1")
    if gpus_per_trial > 0 and use_gpu is False:
        raise UserError(f"--gpus-per-trial {gpus_per_trial:g} contradicts --device cpu")


@dataclass(frozen=True)
class Options:
    """How to run, not what; no part of a run's identity. None leaves the choice to the engine."""

    concurrency: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    address: str | None = None  # of a Ray cluster; None starts one on this machine alone
    trial_timeout: float | None = None  # seconds a training may say nothing before it is ended as failed
    time_limit: float | None = None  # seconds after which the engine stops, to be continued later
    keep_weights: int = 3  # best configs whose weights stay, beside the baseline's
    title: str = ""
    quiet: bool = False  # show nothing


def plan_here(options: Options, jobs: int, runtime: Runtime) -> Plan:
    """What this machine would run of ``jobs`` side by side; starts nothing. Raises UserError as plan_resources does."""
    return plan_for(options, jobs, usable_cpus(), gpus_for(runtime), runtime)


def jobs_left(source: Source) -> int | None:
    """How many records the source is still after; None if it cannot know."""
    return None if source.total is None else source.total - sum(getattr(source, "earlier", {}).values())


def plan_for(options: Options, jobs: int | None, cpus: int, gpus: int, runtime: Runtime) -> Plan:
    """Divide ``cpus`` and ``gpus`` among jobs as the options ask. Raises UserError as plan_resources does."""
    return plan_resources(
        cpus,
        gpus,
        use_gpu=runtime.device == "cuda",
        gpu_memory_gib=_gpu_memory() if runtime.device == "cuda" and not options.address else None,
        jobs=jobs,
        concurrency=options.concurrency,
        cpus_per_trial=options.cpus_per_trial,
        gpus_per_trial=options.gpus_per_trial,
    )


def gpus_for(runtime: Runtime) -> int:
    """How many GPUs of this machine a runtime may use."""
    if runtime.device != "cuda":
        return 0
    import torch  # noqa: PLC0415 - commands that train on a CPU with another library do without

    return torch.cuda.device_count()


def _gpu_memory() -> float | None:
    import torch  # noqa: PLC0415 - commands that train on a CPU with another library do without

    sizes = [torch.cuda.get_device_properties(i).total_memory for i in range(torch.cuda.device_count())]
    return min(sizes) / 2**30 if sizes else None
