"""Why a worker died, in words, and how often a job may lose one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

DEATHS = 3  # a job whose worker was killed this many times has failed


@dataclass
class Died:
    """How often a job lost its worker, and why each time."""

    count: int = 0
    reasons: list[str] = field(default_factory=list)


def out_of_memory(error: str | None) -> bool:
    """Whether Tune's words tell of memory."""
    return bool(error and re.search(r"OutOfMemoryError|running low on memory", error))


def reason_of(error: str | None) -> str:
    """Say in words why a worker died, from what Tune says of it."""
    if error is None:
        return "its worker ended without a result"
    if out_of_memory(error):
        return "its worker ran out of memory"
    return "its worker was killed, as systems do when memory runs out"
