"""Running many trainings: jobs, resources, workers, checkpoints, the screen. ``run_jobs`` is the door."""

from study.engine.launch import Summary, run_jobs
from study.engine.resources import Options
from study.jobs import FixedJobs, Job, Model, Source, completed, next_attempt
from study.recording.records import Context

__all__ = [
    "Context",
    "FixedJobs",
    "Job",
    "Model",
    "Options",
    "Source",
    "Summary",
    "completed",
    "next_attempt",
    "run_jobs",
]
