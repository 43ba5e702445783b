"""What travels between driver and workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from results.outcome import Epoch, Outcome, Runtime, State
from study.scripts.scripted import Script


class Reference(Protocol):
    """Something big that lies where both sides reach it."""

    def open(self) -> Any:
        """Return it: arrays are read-only views where that can be. None where it is lost."""

    def drop(self) -> None:
        """Let go of it, once."""


@dataclass(frozen=True)
class Held:
    """What is small enough to travel with its message."""

    value: Any

    def open(self) -> Any:
        """Return it."""
        return self.value

    def drop(self) -> None:
        """Nothing."""


class Mailbox(Protocol):
    """Where driver and workers leave each other the states of runs, the latest under each key."""

    def put(self, key: str, epoch: int, value: State) -> None:
        """Leave the state after ``epoch`` instead of an earlier one; it is there when this returns."""

    def take(self, key: str, upto: int | None = None) -> tuple[int, State] | None:
        """Take (epoch, state) from under ``key``: arrays are read-only views. None where there is none.

        A state of a later epoch than ``upto`` is left there: a worker may be ahead of what the driver knows of it.
        """

    def drop(self, key: str) -> None:
        """Drop what lies under ``key``, without waiting."""


@dataclass(frozen=True)
class Setup:
    """What every training of one engine shares. Travels by pickle from the driver, never from a file."""

    trainable: str  # name or path, as study.protocol.load_trainable takes it
    module: str  # the name under which the driver imported it, which pickled data may mention
    script: Script | None  # a command instead
    source: str | None  # text of a single-file trainable, for nodes that have no such file
    paths: tuple[str, ...]  # the driver's import path
    runtime: Runtime  # with the threads of one training
    checkpoint_after: float  # seconds of training below which starting again is cheaper than any checkpoint
    data: Reference


@dataclass(frozen=True)
class TrialSpec:
    """One training to do, as it travels to a worker."""

    setup: Setup
    run_id: str
    config: dict[str, Any]
    seed: int
    resumes: bool  # a state to go on from lies in the mailbox
    threshold: float  # score below which nobody wants the weights

    def __deepcopy__(self, memo: Any) -> TrialSpec:
        return self  # Tune copies configs deeply

    def __repr__(self) -> str:
        return self.run_id  # Tune builds names from it


@dataclass
class Message:
    """What one report carries: an epoch, how the training ended, or both. Big parts by reference, which may be lost."""

    epoch: Epoch | None = None
    has_state: bool = False  # one lies in the mailbox
    outcome: Reference | None = None  # of an Outcome without its weights
    weights: Reference | None = None  # of a State
    error: str | None = None  # what the training raised, in a line
    traceback: str | None = None
    worked: float = 0.0  # seconds since the training began that were not spent on reporting


class Link(Protocol):
    """A worker's end of what leads to the driver."""

    mailbox: Mailbox

    def report(self, message: Message) -> None:
        """Hand a message over. Raises SystemExit where the training is to stop."""

    def refer(self, value: Outcome | State) -> Reference:
        """Put something big where the driver reaches it."""
