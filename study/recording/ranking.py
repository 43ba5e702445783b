"""Which runs keep their weights: the first baseline, and the best configs by validation, each by its first run."""

from __future__ import annotations

import math

from results.record import Record


class Ranking:
    """Takes note of complete runs as they end. Flat in its cost: only the best are compared.

    Args:
        keep: how many configs keep their weights, beside the baseline.
        baseline_hash: name of the baseline's config.
    """

    def __init__(self, keep: int, baseline_hash: str) -> None:
        self._keep, self._baseline_hash = keep, baseline_hash
        self._baseline_run: str | None = None
        self._known: set[str] = set()  # config hashes
        self._best: list[tuple[float, str, str]] = []  # (- score, config_hash, run_id), best first

    def add(self, record: Record) -> bool:
        """Take note of a run; return whether its weights are worth keeping now."""
        if record.status != "complete" or record.score is None:
            return False
        if record.config_hash == self._baseline_hash:
            self._baseline_run = self._baseline_run or record.run_id
        elif record.config_hash not in self._known:
            self._known.add(record.config_hash)
            self._best = sorted([*self._best, (-record.score, record.config_hash, record.run_id)])[: self._keep]
        return record.run_id in self.kept

    @property
    def kept(self) -> set[str]:
        """The runs whose weights are to be on the disk."""
        return {run_id for _, _, run_id in self._best} | ({self._baseline_run} if self._baseline_run else set())

    def threshold(self, config_hash: str) -> float:
        """Return the score below which a run of this config will not rank, whatever ends before it."""
        if config_hash == self._baseline_hash:
            return -math.inf if self._baseline_run is None else math.inf
        if config_hash in self._known or not self._keep:
            return math.inf
        return -self._best[-1][0] if len(self._best) == self._keep else -math.inf
