"""What the screen says of trainings under way, from numbers counted by hand."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from study.engine.driver import Engine
from study.engine.slots import Run
from study.jobs import FixedJobs, Job
from study.terminal.live import Progress, Running


def running(*epochs: int, of: int | None = 25) -> list[Running]:
    return [Running(f"job {i}", epoch, of, None) for i, epoch in enumerate(epochs)]


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        (running(0, 0), ""),
        (running(3, 3), ", at epoch 3 of 25"),
        (running(5, 3, 4), ", at epoch 3 to 5 of 25"),
        (running(0, 2, of=None), ", at epoch 0 to 2"),
        (running(1) + running(2, of=10), ", at epoch 1 to 2"),
        ([], ""),
    ],
)
def test_a_plain_line_says_where_the_running_jobs_are(jobs: list[Running], said: str) -> None:
    assert Progress(4, running=jobs).where == said


def under_way(epoch: int, since: float, resumed_at: list[int] | None = None) -> Run:
    job = Job("baseline", {"epochs": 25}, 1)
    return Run(job, [SimpleNamespace(epoch=epoch)], resumed_at or [], asked=100.0, last_report=100.0 + since)  # type: ignore[list-item]


def test_a_job_is_expected_to_go_on_as_it_began() -> None:
    assert under_way(5, 300.0).whole() == pytest.approx(25 * 60)
    assert under_way(15, 300.0, [10]).whole() == pytest.approx(15 * 60)  # came back at 10: five epochs here, ten to go
    assert under_way(10, 1.0, [10]).whole() is None  # nothing done yet in this slot
    begun = under_way(1, 17.0)
    begun.startup = 15.0  # seconds, once
    assert begun.whole() == pytest.approx(15 + 25 * 2)


@pytest.mark.parametrize(("prunes", "left"), [(False, (8 - 4) * 1500 / 4 + (1500 - 300)), (True, None)])
def test_the_end_is_foreseen_before_any_job_has_ended(
    monkeypatch: pytest.MonkeyPatch, prunes: bool, left: float | None
) -> None:
    """Eight jobs, four at a time, each a fifth through after five minutes: 20 minutes more, then another wave of 25."""
    monkeypatch.setattr("study.engine.driver.time", SimpleNamespace(monotonic=lambda: 400.0))
    source: Any = FixedJobs([])
    source.total, source.prunes = 8, prunes
    runs = {str(i): under_way(5, 300.0) for i in range(4)}
    engine: Any = SimpleNamespace(
        _source=source, _spent=[], _running=runs, ended=Counter(), _plan=SimpleNamespace(concurrency=4)
    )
    found = Engine._remaining(engine)
    assert found is None if left is None else found == pytest.approx(left)


def test_the_last_job_counts_where_it_is_longer_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of four took 100 s; the last is a fifth through after 300 s and has 1,200 s to go."""
    monkeypatch.setattr("study.engine.driver.time", SimpleNamespace(monotonic=lambda: 400.0))
    source: Any = FixedJobs([])
    source.total = 4
    spent = [SimpleNamespace(asked=0.0, ended=100.0)] * 3
    engine: Any = SimpleNamespace(
        _source=source,
        _spent=spent,
        _running={"x": under_way(5, 300.0)},
        ended=Counter(complete=3),
        _plan=SimpleNamespace(concurrency=4),
    )
    assert Engine._remaining(engine) == pytest.approx(1200)
