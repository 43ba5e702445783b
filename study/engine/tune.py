"""The executor ``ray``: Ray Tune on this machine's cores and GPUs, or on a cluster."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from study.engine import cluster
from study.engine.driver import Driver
from study.engine.mailbox import ObjectReference, RayMailbox
from study.engine.messages import Mailbox, Reference
from study.engine.resources import Plan, gpus_for, plan_for
from study.engine.slots import Slots
from study.engine.surroundings import Start
from study.recording.provenance import usable_cpus

ASK_EVERY = 5.0  # seconds between looks at what a cluster has


class OnTune:
    """Ray, started or joined.

    Args:
        plan: how many trainings at a time, and what each gets.
        folder: Ray's own; None on a cluster.
        daemons: watches over Ray's processes.
        room: how many trainings at a time so many CPUs and GPUs have room for; None where that was asked for.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path | None,
        daemons: cluster.Daemons,
        room: Callable[[int, int], int] | None = None,
    ) -> None:
        self._daemons, self._room = daemons, room
        self.plan = plan
        self.folder = folder
        self.mailbox: Mailbox = RayMailbox.open()
        self._live: dict[str, Any] = {}  # Tune's trials that have not ended, by id

    def share(self, data: Any) -> Reference:
        """Put the data into shared memory once; workers read them without copying."""
        return ObjectReference(data)

    def kill(self, trial_id: str) -> None:
        """End a training's process at once."""
        import ray  # noqa: PLC0415 - Ray must find its environment when it is imported

        actor = self._live[trial_id].temporary_state.ray_actor if trial_id in self._live else None
        if actor is not None:
            ray.kill(actor)

    def run(self, driver: Driver) -> None:
        """Have Tune run what the driver hands out, until it raises Stop."""
        from study.engine.hooks import run_tune  # noqa: PLC0415 - it imports Ray

        self._daemons.before_end = driver.abandoned
        with self._followed(driver.slots):
            drive(driver, lambda: run_tune(driver, self._live, self.plan, self.folder))

    @contextlib.contextmanager
    def _followed(self, slots: Slots) -> Iterator[None]:
        """Let the number of slots follow the nodes that join and leave; in a thread, for the question may wait."""
        import ray  # noqa: PLC0415 - as above

        over = threading.Event()

        def follow(room: Callable[[int, int], int]) -> None:
            while not over.wait(ASK_EVERY):
                with contextlib.suppress(Exception):  # the cluster is out of reach now
                    have = ray.cluster_resources()
                    slots.count = room(int(have.get("CPU", 0)), int(have.get("GPU", 0)))

        if self._room is not None:
            threading.Thread(target=follow, args=(self._room,), name="cluster", daemon=True).start()
        try:
            yield
        finally:
            over.set()


def drive(driver: Driver, run: Callable[[], None]) -> None:
    """Have ``run``, one start of Tune, do everything; start it again where it gives up over a worker.

    Tune does so where Ray itself kills a worker to save memory, for it knows only of workers that die otherwise.
    Ray's words name the victims. Raises what Tune said last where starting it again leads nowhere.
    """
    while True:
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - Tune may raise anything
            victims = set(re.findall(r"Selected to kill: \(Actor\(([0-9a-f]+)\)", str(error)))
            if not driver.aborted(error, victims):
                raise


@contextlib.contextmanager
def on_ray(start: Start) -> Iterator[OnTune]:
    """Start Ray or join it, and plan what runs on it side by side.

    Raises:
        UserError: what was asked for cannot be had.
        cluster.CannotStart: Ray does not start on this machine.
    """
    options, jobs, runtime, environment = start.options, start.jobs, start.runtime, start.environment
    plan = None if options.address else plan_for(options, jobs, usable_cpus(), gpus_for(runtime), runtime)
    daemons = cluster.Daemons(start.view.say_at_all_events, start.view.fileno())
    with cluster.started(
        address=options.address,
        cpus=max(plan.cpus, plan.concurrency * plan.cpus_per_trial) if plan else 0,
        gpus=plan.gpus if plan else 0,
        worker_env=environment(plan.cpus_per_trial if plan else options.cpus_per_trial or 1),
        modules=start.modules if options.address else None,
        say=start.view.say,
        daemons=daemons,
    ) as folder:
        if plan is None:
            import ray  # noqa: PLC0415 - Ray must find its environment when it is imported

            have = ray.cluster_resources()
            plan = plan_for(options, jobs, int(have.get("CPU", 0)), int(have.get("GPU", 0)), runtime)
        follows = options.address is not None and options.concurrency is None
        room = lambda cpus, gpus: plan_for(options, jobs, cpus, gpus, runtime).concurrency  # noqa: E731
        yield OnTune(plan, folder, daemons, room if follows else None)
