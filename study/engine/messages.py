"""What travels between driver and workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from results.outcome import Epoch, Runtime


@dataclass(frozen=True)
class Setup:
    """What every training of one engine shares. Travels by pickle from the driver, never from a file."""

    trainable: str  # name or path, as study.protocol.load_trainable takes it
    module: str  # the name under which the driver imported it, which pickled data may mention
    source: str | None  # text of a single-file trainable, for nodes that have no such file
    paths: tuple[str, ...]  # the driver's import path
    runtime: Runtime  # with the threads of one training
    checkpoint_after: float  # seconds of training below which starting again is cheaper than any checkpoint
    data: ObjectReference


class ObjectReference:
    """An object in Ray's store by reference. Tune copies configs deeply, which must not copy a reference."""

    def __init__(self, ref: Any) -> None:
        self.ref = ref

    def __deepcopy__(self, memo: Any) -> ObjectReference:
        return self

    def open(self) -> Any:
        """Get the object: arrays are read-only views of shared memory. None where it is lost, with its worker."""
        import ray  # noqa: PLC0415 - Ray must find its environment, which the driver sets, when it is imported

        try:
            return ray.get(self.ref)
        except ray.exceptions.ObjectLostError:
            return None


@dataclass(frozen=True)
class TrialSpec:
    """One training to do, as it travels to a worker."""

    setup: Setup
    run_id: str
    config: dict[str, Any]
    seed: int
    resumes: bool  # a state to go on from lies in the mailbox

    def __deepcopy__(self, memo: Any) -> TrialSpec:
        return self

    def __repr__(self) -> str:
        return self.run_id  # Tune builds names from it


@dataclass
class Message:
    """What one report carries beside the numbers. Taken out by the driver before Tune stores the result."""

    epoch: Epoch | None = None
    has_state: bool = False  # one lies in the mailbox
    outcome: ObjectReference | None = None
    error: str | None = None  # what the training raised, in a line
    traceback: str | None = None
    worked: float = 0.0  # seconds since the training began that were not spent on reporting
