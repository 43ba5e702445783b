"""How long the rest will take, from numbers counted by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from study.engine.slots import Run, Slots
from study.jobs import Job


class Clock:
    """What the slots take for the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        self.now = now
        monkeypatch.setattr("study.engine.slots.time", SimpleNamespace(monotonic=lambda: self.now))


def under_way(epoch: int, since: float, resumed_at: list[int] | None = None) -> Run:
    job = Job("baseline", {"epochs": 25}, 1)
    return Run(job, [SimpleNamespace(epoch=epoch)], resumed_at or [], asked=100.0, last_report=100.0 + since)  # type: ignore[list-item]


def test_a_job_is_expected_to_go_on_as_it_began() -> None:
    assert under_way(5, 300.0).whole() == pytest.approx(25 * 60)
    assert under_way(15, 300.0, [10]).whole() == pytest.approx(15 * 60)  # came back at 10: five epochs here, ten to go
    assert under_way(10, 1.0, [10]).whole() is None  # nothing done yet in this slot
    first = under_way(1, 17.0)
    first.startup = 15.0  # seconds, once
    assert first.whole() == pytest.approx(15 + 25 * 2)


@pytest.mark.parametrize(("prunes", "left"), [(False, (8 - 4) * 1500 / 4 + (1500 - 300)), (True, None)])
def test_the_end_is_foreseen_before_any_job_has_ended(
    monkeypatch: pytest.MonkeyPatch, prunes: bool, left: float | None
) -> None:
    """Eight jobs, four at a time, each a fifth through after five minutes: 20 minutes more, then another wave of 25."""
    Clock(monkeypatch, 400.0)
    slots = Slots(4)
    slots.running.update({str(i): under_way(5, 300.0) for i in range(4)})
    found = slots.remaining(8, prunes)
    assert found is None if left is None else found == pytest.approx(left)


def test_the_last_job_counts_where_it_is_longer_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of four took 100 s; the last is a fifth through after 300 s and has 1,200 s to go."""
    clock, slots = Clock(monkeypatch, 100.0), Slots(4)
    for name in "abc":
        slots.running[name] = Run(Job("baseline", {"epochs": 25}, 1), [], [], asked=0.0)
        slots.leave(name)
    clock.now = 400.0
    slots.running["x"] = under_way(5, 300.0)
    assert slots.remaining(1, prunes=False) == pytest.approx(1200)


def test_what_the_slots_were_busy_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """One slot: a first stay of 10 s, 6 of them training, and three of 5 s, 4 of them training."""
    clock, slots = Clock(monkeypatch, 0.0), Slots(1)
    for length, worked in ((10.0, 6.0), (5.0, 4.0), (5.0, 4.0), (5.0, 4.0)):
        slots.running["x"] = Run(Job("baseline", {}, 1), [], [], asked=clock.now, worked=worked)
        clock.now += length
        slots.leave("x")
    assert slots.overhead() == pytest.approx(1)  # the first, which waited for a process, left out
    assert slots.busy() == pytest.approx((6 + 4 + 4) / 16)  # from 4 s, when work began, to 20 s, the last start
