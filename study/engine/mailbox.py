"""Ray's side of what is big: objects in its store by reference, and a small actor that holds the states of runs.

A reference inside a report would keep its 300 MB alive until the trial's end, since Tune keeps every report's future.
One taken out of the mailbox is dropped as soon as its arrays are written.
"""

from __future__ import annotations

from typing import Any

from results.outcome import State

NAME = "mailbox"


def _ray() -> Any:
    import ray  # noqa: PLC0415 - Ray must find its environment, which the driver sets, when it is imported

    return ray


class ObjectReference:
    """An object in Ray's store by reference. Tune copies configs deeply, which must not copy a reference."""

    def __init__(self, value: Any) -> None:
        self._ref = _ray().put(value)

    def __deepcopy__(self, memo: Any) -> ObjectReference:
        return self

    def open(self) -> Any:
        """Get the object: arrays are read-only views of shared memory. None where it is lost, with its worker."""
        ray = _ray()
        try:
            return ray.get(self._ref)
        except ray.exceptions.ObjectLostError:
            return None

    def drop(self) -> None:
        """Nothing: Ray counts references."""


class _Box:
    """The actor. Keeps the latest reference under each key until it is taken."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, list[Any]]] = {}

    def put(self, key: str, epoch: int, held: list[Any]) -> None:
        self._held[key] = epoch, held  # in a list: a bare reference as an argument would be fetched

    def take(self, key: str, upto: int | None) -> tuple[int, list[Any]]:
        epoch, _ = self._held.get(key, (0, []))
        return (0, []) if upto is not None and epoch > upto else self._held.pop(key, (0, []))


class RayMailbox:
    """One end of it; the driver opens it first. Its calls raise Ray's error where a process on the way has died."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    @classmethod
    def open(cls) -> RayMailbox:
        """Start the actor, without waiting for it. It comes back empty if its process is killed."""
        ray = _ray()
        return cls(ray.remote(_Box).options(name=NAME, num_cpus=0, max_restarts=-1, max_task_retries=2).remote())

    @classmethod
    def find(cls) -> RayMailbox:
        """Find the one that the driver opened."""
        return cls(_ray().get_actor(NAME))

    def put(self, key: str, epoch: int, value: State) -> None:
        """See messages.Mailbox, as for the others."""
        ray = _ray()
        ray.get(self._actor.put.remote(key, epoch, [ray.put(value)]))

    def drop(self, key: str) -> None:
        """Drop what lies under ``key``, without waiting."""
        self._actor.take.remote(key, None)

    def take(self, key: str, upto: int | None = None) -> tuple[int, State] | None:
        """Take (epoch, state)."""
        ray = _ray()
        epoch, held = ray.get(self._actor.take.remote(key, upto))
        return (epoch, ray.get(held[0])) if held else None
