"""The nodes of a cluster that was joined: whether a worker died with its node."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

PATIENCE = 2.0  # seconds for a node to answer; once for each that is lost


class Nodes:
    """Asks the nodes themselves: the head takes a node for lost only after half a minute without a sign of life."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._lost: set[str] = set()

    def lost(self, actor: str) -> bool:
        """Whether the node of a worker that died, by Ray's number of its actor, is lost; False where nobody knows."""
        with contextlib.suppress(Exception):  # the cluster is out of reach, or the actor had no node yet
            table = self._ray._private.state.state.actor_table(actor)
            name = table["Address"]["NodeID"]
            if name not in self._lost and not self._answers(name):
                self._lost.add(name)
            return name in self._lost
        return False

    def _answers(self, name: str) -> bool:
        node = next(node for node in self._ray.nodes() if node["NodeID"] == name)
        if not node["Alive"]:
            return False
        try:
            socket.create_connection((node["NodeManagerAddress"], node["NodeManagerPort"]), timeout=PATIENCE).close()
        except OSError:
            return False
        return True
