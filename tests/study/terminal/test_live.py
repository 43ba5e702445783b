"""What the screen says of trainings under way, from numbers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from results.outcome import Epoch
from study.terminal.live import Progress, Running


def row(epoch):
    return Epoch(epoch, 1.0, 0.5, 1.0, 0.5, 1.0, np.eye(2, dtype=int))


def running(*epochs: int, of: int | None = 25) -> list[Running]:
    return [Running(f"job {i}", of, row(epoch) if epoch else None) for i, epoch in enumerate(epochs)]


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
