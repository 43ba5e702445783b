"""Running many trainings: jobs, resources, workers, checkpoints, the screen. ``run_jobs`` is the door."""

from study.engine.jobs import FixedJobs, Job, Source, completed, next_attempt
from study.engine.pool import Options, Summary, run_jobs
from study.engine.records import Context

__all__ = ["Context", "FixedJobs", "Job", "Options", "Source", "Summary", "completed", "next_attempt", "run_jobs"]
