"""Whether a worker died alone or with its node."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from study.engine.failures import NODES, Death, Deaths
from study.engine.nodes import Nodes


def cluster(port: int, alive: bool = True) -> Any:
    """What is asked of Ray: one node, and an actor on it."""
    table = {"worker": {"Address": {"NodeID": "n"}}}
    state = SimpleNamespace(actor_table=lambda actor: table.get(actor, {}))
    node = {"NodeID": "n", "Alive": alive, "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": port}
    return SimpleNamespace(_private=SimpleNamespace(state=SimpleNamespace(state=state)), nodes=lambda: [node])


def test_a_node_that_answers_is_not_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert not Nodes(cluster(port)).lost("worker")
        assert Nodes(cluster(port, alive=False)).lost("worker")
        assert not Nodes(cluster(port)).lost("unknown")
    assert Nodes(cluster(port)).lost("worker")


@pytest.mark.parametrize(("lost", "times"), [(True, NODES), (False, 3)])
def test_a_job_may_lose_more_nodes_than_workers(lost: bool, times: int) -> None:
    deaths, death = Deaths(), Death.by_ray("The actor is unavailable: Socket closed", lost)
    deaths.count("job", Death.by_ray("killed", not lost))  # the other kind counts for itself
    failed = [deaths.count("job", death)[1] for _ in range(times)]
    assert failed[:-1] == [None] * (times - 1)
    assert failed[-1].startswith("its node was lost" if lost else "its worker was killed")
