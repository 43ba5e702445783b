"""``optuna.db``: an SQLite copy of a sweep for optuna-dashboard and ``optuna.load_study``. Derived; never read back.

SQLite opens by path: that nothing of its name in the folder is a link or no file is looked at beforehand, each time.
It is not held open in between, so a file that somebody exchanged is seen.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from results.outcome import Outcome
from results.record import Record
from results.store import Study
from search_spaces import Space
from study.search import rows
from study.search.sampler import as_trial, direction

NAME, FRESH = "optuna.db", "optuna.db.tmp"
SQLITE = ("", "-journal", "-wal", "-shm")  # what SQLite opens beside a database
SYNC_SECONDS = 5.0  # from the end of one writing to the next
TOLD = ("state", "values", "params", "distributions", "intermediate_values", "user_attrs")  # what records determine


class Database:
    """Keeps ``optuna.db`` equal to the records of a sweep that the space holds: those there are, and those it is told.

    One thread may tell of records while another writes.
    """

    def __init__(self, study: Study, space: Space, seed: int) -> None:
        self._study, self._space, self._seed = study, space, seed
        self.path = study.path / NAME
        self._engine = create_engine(_url(self.path), poolclass=NullPool)
        self._records: list[Record] = []
        for record in study.records():
            self._take(record)
        self._written = 0  # how many of them are in the file
        self._study_id: int | None = None  # in the file, once that was looked at
        self._last: int | None = None  # the id of its last trial
        self._lock = threading.Lock()
        self._waiting, self._ended = False, -math.inf

    def after(self, record: Record, outcome: Outcome) -> Callable[[], None] | None:
        """Take note of one more record; return what is to be done soon in another thread, if anything is."""
        self._take(record)
        if self._waiting or time.monotonic() < self._ended + SYNC_SECONDS:
            return None
        self._waiting = True
        return self.sync

    def sync(self) -> None:
        """Add what is missing in one transaction; make the file anew where it holds anything else."""
        with self._lock:
            self._waiting = False
            wanted = self._records.copy()
            for name in (NAME, FRESH):
                for suffix in SQLITE:
                    self._study.files.expect_file(name + suffix)
            if not self._knows(wanted) or not self._add(wanted[self._written :]):
                self._rebuild(wanted)
            self._written = len(wanted)
            self._ended = time.monotonic()

    def _take(self, record: Record) -> None:
        mine = record.kind == "sweep" or (record.kind == "baseline" and record.seed == self._seed)
        if mine and record.config in self._space:
            self._records.append(record)

    def _knows(self, wanted: list[Record]) -> bool:
        """Look at the file for the first time; return whether it holds what it should, as far as it goes."""
        if self._study_id is not None:
            return True
        if not self._study.files.exists(NAME):
            return False
        try:
            storage = _storage(self.path)
            study_id = storage.get_study_id_from_name(self._study.meta.name)
            with self._engine.begin() as connection:
                have, last = rows.run_ids(connection, study_id), rows.last_trial(connection, study_id)
            if last is None or have != [r.run_id for r in wanted[: len(have)]]:
                return False
            known, told = storage.get_trial(last), as_trial(self._space, wanted[len(have) - 1])
        except Exception:  # noqa: BLE001 - not a database, another version's, half of one: it is made anew
            return False
        if any(getattr(known, part) != getattr(told, part) for part in TOLD):  # the space was another then
            return False
        self._study_id, self._last, self._written = study_id, last, len(have)
        return True

    def _add(self, missing: list[Record]) -> bool:
        """Insert records; return False, nothing changed, where the file is not as it was left."""
        if self._study_id is None or not self._study.files.exists(NAME):
            return False
        trials = self._trials(missing)
        try:
            with self._engine.begin() as connection:
                if rows.last_trial(connection, self._study_id) != self._last:
                    return False
                rows.add(connection, self._study_id, self._written, trials)
                last = rows.last_trial(connection, self._study_id)
        except DBAPIError:
            return False
        self._last = last
        return True

    def _rebuild(self, wanted: list[Record]) -> None:
        fresh = self.path.with_name(FRESH)
        for suffix in SQLITE:
            self._study.files.remove(FRESH + suffix)
        storage = _storage(fresh)
        study_id = storage.create_new_study([direction(self._study.meta.metric.goal)], self._study.meta.name)
        with storage.engine.begin() as connection:
            rows.add(connection, study_id, 0, self._trials(wanted))
            last = rows.last_trial(connection, study_id)
        for suffix in SQLITE[1:]:
            self._study.files.remove(NAME + suffix)  # a killed writer's journal would be rolled back into the new one
        os.replace(fresh, self.path)
        self._study_id, self._last = study_id, last

    def _trials(self, records: list[Record]) -> list[FrozenTrial]:
        return [trial for record in records if (trial := as_trial(self._space, record)) is not None]


def _storage(path: Path) -> RDBStorage:
    """Open Optuna's storage, tables made where they are missing. Raises what Optuna and SQLite raise."""
    return RDBStorage(_url(path).replace("{", "{{").replace("}", "}}"), {"poolclass": NullPool})  # Optuna formats it


def _url(path: Path) -> str:
    # not f"sqlite:///{path}": '?' would begin its options and '%' an escape
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)
