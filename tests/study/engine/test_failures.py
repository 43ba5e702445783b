"""Why a worker died, in words, from what Ray says of it."""

from __future__ import annotations

import pytest

from study.engine.failures import Death


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("The actor died because its node has died. Node Id: 5f1c", "its node was lost"),
        ("ray.exceptions.NodeDiedError: Task failed due to the node", "its node was lost"),
        ("OutOfMemoryError: Task was killed due to the node running low on memory.", "its worker ran out of memory"),
        (
            "The actor died unexpectedly before finishing this task. Worker exit type: SYSTEM_ERROR",
            "its worker was killed",
        ),
    ],
)
def test_a_lost_node_is_not_called_a_want_of_memory(told: str, reason: str) -> None:
    assert Death.by_ray(told).reason.startswith(reason)
