"""Where driver and workers leave each other states: a small Ray actor that holds references, not the arrays.

A reference inside a report would keep its 300 MB alive until the trial's end, since Tune keeps every report's future.
One taken out of the mailbox is dropped as soon as its arrays are written.
"""

from __future__ import annotations

from typing import Any

NAME = "mailbox"


class _Box:
    """The actor. Keeps the latest reference under each key until it is taken."""

    def __init__(self) -> None:
        self._held: dict[str, list[Any]] = {}

    def put(self, key: str, held: list[Any]) -> None:
        self._held[key] = held  # in a list: a bare reference as an argument would be fetched

    def take(self, key: str) -> list[Any]:
        return self._held.pop(key, [])


class Mailbox:
    """One end of it; the driver opens it first."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    @classmethod
    def open(cls) -> Mailbox:
        """Start the actor, without waiting for it. It comes back empty if its process is killed."""
        import ray

        return cls(ray.remote(_Box).options(name=NAME, num_cpus=0, max_restarts=-1, max_task_retries=2).remote())

    @classmethod
    def find(cls) -> Mailbox:
        """Find the one that the driver opened."""
        import ray

        return cls(ray.get_actor(NAME))

    def put(self, key: str, value: Any) -> None:
        """Leave a value under ``key``, instead of an earlier one; it is there when this returns."""
        import ray

        ray.get(self._actor.put.remote(key, [ray.put(value)]))

    def drop(self, key: str) -> None:
        """Drop what lies under ``key``, without waiting."""
        self._actor.take.remote(key)

    def take(self, key: str) -> Any:
        """Take the value under ``key``: arrays are read-only views. None where there is none.

        Raises Ray's error where the process that left it has died meanwhile.
        """
        import ray

        held = ray.get(self._actor.take.remote(key))
        return ray.get(held[0]) if held else None
