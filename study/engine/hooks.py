"""Ray Tune's three hooks, each a thin door to the Driver. The only module whose classes are Tune's."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from study.engine.driver import Driver
from study.engine.failures import Death
from study.engine.nodes import Nodes
from study.engine.ray_worker import run_trial
from study.engine.resources import Plan
from study.engine.temporary import temporary_folder


class _Door:
    """Tune copies and pickles its hooks to files that nothing here ever reads; the driver behind them is one."""

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return str, (type(self).__name__,)


def _ends_the_run(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Have what a hook raises end the run: left to Tune it would end ``fit()``, and a new Tune would meet it again."""

    @functools.wraps(hook)
    def called(self: Any, *args: Any, **named: Any) -> Any:
        try:
            return hook(self, *args, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who called run_jobs is told
            self._driver.failed(error)

    return called


class DriverSearcher(_Door, Searcher):
    """Asks the driver for the next job."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(metric=None, mode=None)
        self._driver = driver
        self._out: set[str] = set()  # trials whose workers are not free yet

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        """The driver counts for itself: Tune's own limiter loses a slot when resetting a worker fails."""
        return True

    @_ends_the_run
    def suggest(self, trial_id: str) -> Any:
        """Return the config of the next trial, None for now, or FINISHED.

        Not before a worker is free for it, though its slot is: Tune would ask Ray for another worker meanwhile, and
        end the one that gets free (of 360 trivial trials, two at a time, eight workers where two do).
        """
        spec = None if len(self._out) >= self._driver.slots.count else self._driver.next(trial_id)
        if spec is None:
            return self.FINISHED if self._driver.finished() else None
        self._out.add(trial_id)
        return {"spec": spec}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """A worker is free; the driver has the rest from the callback."""
        self._out.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: records are the truth."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default", **kwargs: Any) -> None:
        """Nothing: records are the truth."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is ever restored from Tune's files."""
        raise NotImplementedError


class DriverScheduler(_Door, FIFOScheduler):
    """Asks the driver after each report whether the trial goes on."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver
        self._chosen: set[str] = set()

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """Return a new trial, once: it takes a free worker, or one is started for it, and it waits for that one.

        FIFOScheduler names the trial that waits again and again. Then the next worker that gets free is given to it and
        the one that was being started is ended: where trainings take less time than a worker's start, of two slots one
        stays empty for ever, at 1.3 seconds of CPU a trial. It also looks at all trials in every step.
        """
        for trial in tune_controller.get_live_trials():
            if trial.status == Trial.PENDING and trial.trial_id not in self._chosen:
                self._chosen.add(trial.trial_id)
                return trial
        return None

    @_ends_the_run
    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Hand the report over."""
        message = result.get("message")
        if message is not None and self._driver.on_report(trial.trial_id, message):
            return str(TrialScheduler.STOP)
        return str(TrialScheduler.CONTINUE)


class DriverCallback(_Door, Callback):
    """Tells the driver of starts, ends and the passing of time. Keeps the trials that have not ended in ``live``."""

    def __init__(self, driver: Driver, live: dict[str, Any], nodes: Nodes | None) -> None:
        self._driver, self._live, self._nodes = driver, live, nodes
        self._seen = 0  # Tune's list of trials only grows

    @_ends_the_run
    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Called at least ten times a second."""
        self._driver.tick()

    @_ends_the_run
    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker took the trial up."""
        actor = trial.temporary_state.ray_actor
        self._driver.on_start(trial.trial_id, "unknown" if actor is None else actor._actor_id.hex())

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Take the message out before Tune stores the result: it holds references to big objects."""
        result.pop("message", None)

    @_ends_the_run
    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial ended by itself or was stopped."""
        self._ended(trial, None)

    @_ends_the_run
    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial's worker died, or raised after its last report."""
        self._ended(trial, _error_text(trial))

    @_ends_the_run
    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Catch what Tune fails to tell: a trial that ended without a callback."""
        self._live.update({t.trial_id: t for t in trials[self._seen :] if t.status != "TERMINATED"})
        self._seen = len(trials)
        for trial in [t for t in self._live.values() if t.status == "ERROR"]:
            self._ended(trial, _error_text(trial))

    def _ended(self, trial: Any, error: str | None) -> None:
        self._live.pop(trial.trial_id, None)
        run = self._driver.slots.running.get(trial.trial_id)
        lost = error is not None and run is not None and self._nodes is not None and self._nodes.lost(run.worker)
        self._driver.on_worker_exit(trial.trial_id, Death.by_ray(error, lost))


def _error_text(trial: Any) -> str:
    """Return what Tune noted of a trial's failure (its own getter looks where the note is only copied later)."""
    try:
        return Path(trial.error_file).read_text(encoding="utf-8", errors="replace")
    except (OSError, TypeError):
        return "no reason known"


def run_tune(driver: Driver, live: dict[str, Any], plan: Plan, folder: Path | None) -> None:
    """Have Tune run what the driver hands out, until the driver stops it. Raises whatever ends Tune.

    ``live`` holds, while it runs, Tune's trials that have not ended.
    """
    live.clear()
    resources: dict[str, float] = {"cpu": plan.cpus_per_trial}
    if plan.gpus_per_trial:
        resources["gpu"] = plan.gpus_per_trial
    with contextlib.nullcontext(folder) if folder else temporary_folder() as storage:
        tuner = tune.Tuner(
            tune.with_resources(run_trial, resources),
            tune_config=tune.TuneConfig(
                search_alg=DriverSearcher(driver),
                scheduler=DriverScheduler(driver),
                num_samples=-1,  # the source says when it is over
                max_concurrent_trials=plan.concurrency,
                reuse_actors=True,
                trial_name_creator=lambda trial: f"job_{trial.trial_id}",
                trial_dirname_creator=lambda trial: f"job_{trial.trial_id}",
            ),
            run_config=tune.RunConfig(
                name="study",
                storage_path=str(storage),
                callbacks=[DriverCallback(driver, live, Nodes(ray) if folder is None else None)],
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),
            ),
        )
        tuner.fit()
