"""What Tune runs in a worker process of Ray's, and that process's end of the link to the driver."""

from __future__ import annotations

from typing import Any

from results.outcome import Outcome, State
from study.engine.mailbox import ObjectReference, RayMailbox
from study.engine.messages import Held, Mailbox, Message, Reference
from study.engine.worker import run_job

SMALL = 50_000  # bytes that travel with their message: Ray stores what has over 100,000 by itself


def run_trial(config: dict[str, Any]) -> None:
    """Do ``config["spec"]``. It raises where Tune is to replace this process."""
    run_job(config["spec"], _Link())


class _Link:
    def __init__(self) -> None:
        self.mailbox: Mailbox = RayMailbox.find()

    def report(self, message: Message) -> None:
        import ray.tune  # noqa: PLC0415 - Ray must find its environment when it is imported

        ray.tune.report({"message": message})  # Tune ends a training here, with SystemExit

    def refer(self, value: Outcome | State) -> Reference:
        return ObjectReference(value) if _bytes(value) > SMALL else Held(value)


def _bytes(value: Outcome | State) -> int:
    if isinstance(value, dict):
        return sum(array.nbytes for array in value.values())
    parts = [p.probabilities for p in (value.val, value.test) if p is not None]
    found = [*parts, *(epoch.val_confusion for epoch in value.history), value.examples, value.features]
    return sum(array.nbytes for array in found if array is not None)
