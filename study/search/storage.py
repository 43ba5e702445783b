"""``optuna.db``: an SQLite copy of a sweep for optuna-dashboard and ``optuna.load_study``. Derived; never read back.

SQLite opens by path: that nothing of its name in the folder is a link or no file is looked at beforehand, each time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import optuna
from sqlalchemy import URL

from results.record import Record
from results.store import Study
from search_spaces import Space
from study.search.sampler import as_trial

NAME, FRESH = "optuna.db", "optuna.db.tmp"
SQLITE = ("", "-journal", "-wal", "-shm")  # what SQLite opens beside a database


class Database:
    """Keeps ``optuna.db`` equal to the records of a sweep that the space holds. Use from one thread at a time."""

    def __init__(self, study: Study, space: Space, seed: int) -> None:
        self._study, self._space, self._seed = study, space, seed
        self.path = study.path / NAME
        self._open: optuna.Study | None = None

    def sync(self) -> None:
        """Add what is missing; make the file anew where it holds anything else."""
        wanted = [
            r for r in belonging(self._study.records(), self._seed) if self._space.params_for(r.config) is not None
        ]
        names = [r.run_id for r in wanted]
        for name in (NAME, FRESH):
            for suffix in SQLITE:
                self._study.files.expect_file(name + suffix)
        if self._open is None and self._study.files.exists(NAME):
            self._open = self._load()
        have = [] if self._open is None else [t.user_attrs.get("run_id") for t in self._open.get_trials(deepcopy=False)]
        if self._open is None or have != names[: len(have)]:
            self._rebuild(wanted)
            return
        self._add(self._open, wanted[len(have) :])

    def _load(self) -> optuna.Study | None:
        try:
            return optuna.load_study(study_name=self._study.meta.name, storage=_url(self.path))
        except Exception:  # noqa: BLE001 - not a database, another version's, half of one: it is made anew
            return None

    def _rebuild(self, wanted: list[Record]) -> None:
        fresh = self.path.with_name(FRESH)
        for suffix in SQLITE:
            self._study.files.remove(FRESH + suffix)
        made = optuna.create_study(study_name=self._study.meta.name, storage=_url(fresh), direction="maximize")
        self._add(made, wanted)
        _dispose(made)
        os.replace(fresh, self.path)
        if self._open is not None:
            _dispose(self._open)
        self._open = self._load()

    def _add(self, to: optuna.Study, wanted: list[Record]) -> None:
        trials = [as_trial(self._space, record) for record in wanted]
        to.add_trials([trial for trial in trials if trial is not None])

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            _dispose(self._open)
            self._open = None


def belonging(records: Iterable[Record], seed: int) -> list[Record]:
    """Return the records a sweep learns from: its own, and baselines of its seed."""
    return [r for r in records if r.kind == "sweep" or (r.kind == "baseline" and r.seed == seed)]


def _url(path: Path) -> str:
    # not f"sqlite:///{path}": '?' would begin its options and '%' an escape
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _dispose(study: optuna.Study) -> None:
    with contextlib.suppress(Exception):
        study._storage.remove_session()
    backend = getattr(study._storage, "_backend", study._storage)
    engine = getattr(backend, "engine", None)
    if engine is not None:
        engine.dispose()
