"""How many trainings at once, and what each gets: decided from counts alone, shown before anything starts."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Machine:
    """What there is to share out."""

    cpus: int
    gpus: int = 0
    gpu_memory_gib: float | None = None  # of the smallest GPU, to bound how many trainings share one


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
    verbose: bool = False  # show what running the trainings took beside them
    # auto, here or ray, as choice.py has them; the environment is for whole test runs
    engine: str = field(default_factory=lambda: os.environ.get("STUDY_ENGINE") or "auto")


DEFAULTS = Options()


def plan_resources(
    machine: Machine, options: Options = DEFAULTS, *, use_gpu: bool | None = None, jobs: int | None = None
) -> Plan:
    """Choose concurrency and shares for a machine.

    Args:
        machine: what there is.
        options: what the user asked for; the rest follows.
        use_gpu: False keeps to the CPU; None uses GPUs where there are any.
        jobs: no more than this many trainings will be asked for.

    Raises:
        UserError: what was asked for does not exist or contradicts itself.
    """
    _check(machine, options, use_gpu)
    cpus, gpus, concurrency = machine.cpus, machine.gpus, options.concurrency
    on_gpu = bool(gpus) and use_gpu is not False and options.gpus_per_trial != 0
    if not on_gpu:
        per_trial = options.cpus_per_trial or (max(1, cpus // concurrency) if concurrency else 1)
        slots = concurrency or max(1, cpus // per_trial)
        share = 0.0
    else:
        share = options.gpus_per_trial or _share(machine, concurrency)
        room = int(gpus / share + 1e-9) if share >= 1 else gpus * int(1 / share + 1e-9)
        slots = concurrency or min(room, max(1, cpus // (options.cpus_per_trial or 1)))
        if slots > room:
            raise UserError(
                f"--concurrency {slots} with --gpus-per-trial {share:g} needs {slots * share:g} GPUs; there "
                f"{'is' if gpus == 1 else 'are'} {gpus}"
            )
        per_trial = options.cpus_per_trial or max(1, cpus // slots)
    if jobs is not None:
        slots = max(1, min(slots, jobs))
    note = ""
    if slots * per_trial > cpus > 0:
        note = f"that is {slots * per_trial} threads on {cpus} cores, so each training is slower"
    return Plan(slots, per_trial, math.floor(share * 1e4) / 1e4, cpus, gpus, note)  # Ray counts in ten-thousandths


def _share(machine: Machine, concurrency: int | None) -> float:
    cpus, gpus, memory = machine.cpus, machine.gpus, machine.gpu_memory_gib
    if concurrency:
        return float(gpus // concurrency) if concurrency <= gpus else 1 / -(-concurrency // gpus)
    per_gpu = min(TRIALS_PER_GPU, max(1, cpus // gpus))
    if memory is not None:
        per_gpu = min(per_gpu, max(1, int(memory / GPU_MEMORY_PER_TRIAL_GIB)))
    return 1 / per_gpu


def _check(machine: Machine, options: Options, use_gpu: bool | None) -> None:
    cpus, gpus, share = options.cpus_per_trial, machine.gpus, options.gpus_per_trial
    if cpus is not None and cpus > machine.cpus > 0:  # a cluster of none waits for nodes to join
        raise UserError(f"--cpus-per-trial {cpus} is more than the {machine.cpus} there are")
    if share is None:
        return
    if share > gpus:
        have = "no GPU here" if not gpus else f"{gpus} here"
        raise UserError(f"--gpus-per-trial {share:g} is more than there are: {have}")
    if share > 1 and share != int(share):
        raise UserError(f"--gpus-per-trial {share:g} must be whole above 1")
    if share > 0 and use_gpu is False:
        raise UserError(f"--gpus-per-trial {share:g} contradicts --device cpu")


def plan_side_by_side(options: Options, jobs: int | None, runtime: Runtime) -> Plan:
    """What Ray would run of ``jobs`` on this machine; starts nothing. Raises UserError as plan_resources does."""
    return plan_for(options, jobs, usable_cpus(), gpus_for(runtime), runtime)


def plan_alone(options: Options, runtime: Runtime) -> Plan:
    """One training at a time, on all cores unless the options say fewer."""
    return Plan(1, options.cpus_per_trial or runtime.threads, 0.0, usable_cpus(), gpus_for(runtime))


def jobs_left(source: Source) -> int | None:
    """How many records the source is still after; None if it cannot know."""
    return None if source.total is None else source.total - sum(getattr(source, "earlier", {}).values())


def plan_for(options: Options, jobs: int | None, cpus: int, gpus: int, runtime: Runtime) -> Plan:
    """Divide ``cpus`` and ``gpus`` among jobs as the options ask. Raises UserError as plan_resources does."""
    on_gpu = runtime.device == "cuda"
    machine = Machine(cpus, gpus, _gpu_memory() if on_gpu and not options.address else None)
    return plan_resources(machine, options, use_gpu=on_gpu, jobs=jobs)


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
