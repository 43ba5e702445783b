"""An executor without a process of its own: a worker's code beside the driver's, for what no process need guard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

from results.outcome import Outcome, State
from study.engine.driver import Driver
from study.engine.launch import EXECUTORS
from study.engine.messages import Held, Message, Reference
from study.engine.resources import plan_alone
from study.engine.surroundings import Start
from study.engine.worker import _loaded, run_job


class InProcess:
    folder = None

    def __init__(self, plan: Any) -> None:
        self.plan = plan
        self.mailbox: Any = Memory()

    def share(self, data: Any) -> Held:
        return Held(data)

    def kill(self, trial_id: str) -> None:
        raise NotImplementedError

    def run(self, driver: Driver) -> None:
        _loaded.clear()
        for number in range(10**6):
            while (spec := driver.next(str(number))) is None:
                driver.tick()
            driver.on_start(str(number), "this process")
            with contextlib.suppress(SystemExit, MemoryError):  # reported; a process would be replaced
                run_job(spec, _Link(driver, str(number), self.mailbox))


class _Link:
    def __init__(self, driver: Driver, trial_id: str, mailbox: Any) -> None:
        self._driver, self._trial_id, self.mailbox = driver, trial_id, mailbox

    def report(self, message: Message) -> None:
        message = replace(message)
        if self._driver.on_report(self._trial_id, message):
            raise SystemExit

    def refer(self, value: Outcome | State) -> Reference:
        return Held(value)


class Memory:
    """A mailbox."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, State]] = {}

    def put(self, key: str, epoch: int, value: State) -> None:
        self._held[key] = epoch, value

    def take(self, key: str, upto: int | None = None) -> tuple[int, State] | None:
        if upto is not None and self._held.get(key, (0,))[0] > upto:
            return None
        return self._held.pop(key, None)

    def drop(self, key: str) -> None:
        self._held.pop(key, None)


@contextlib.contextmanager
def everything_in_process() -> Iterator[None]:
    """Have every command train in this process, whatever executor it chooses."""
    with mock.patch.dict(EXECUTORS, here=in_process, ray=in_process):
        yield


@contextlib.contextmanager
def in_process(start: Start) -> Iterator[InProcess]:
    """As the executors of study.engine.launch.EXECUTORS."""
    assert isinstance(start.environment(1), Mapping)
    yield InProcess(plan_alone(start.options, start.runtime))
