"""The executor ``here``: what a training does to its own process concerns no other."""

from __future__ import annotations

import errno

import pytest

from results.errors import UserError
from results.outcome import Runtime
from study.engine import FixedJobs, Job, Model, Options, run_jobs
from study.engine.spool import Spool
from study.protocol import load_trainable
from tests.support import TOY


@pytest.mark.parametrize(
    ("misbehave", "status", "error"),
    [("fork", "failed", "its worker ended itself with code 7, as os._exit does (3 times)"), ("twin", "complete", None)],
)
def test_what_a_training_forks_neither_speaks_for_it_nor_holds_it_up(make_study, misbehave, status, error):
    study, data = make_study(epochs=3)
    jobs = [Job("baseline", study.meta.baseline | {"misbehave": misbehave, "misbehave_at": 2}, 0)]
    jobs += [Job("baseline", study.meta.baseline, 1)]
    with study.lock():
        run_jobs(
            study, Model(load_trainable(TOY), TOY, data, Runtime()), FixedJobs(jobs), options=Options(engine="here")
        )
    first, second = study.records()
    assert (first.status, first.error) == (status, error)
    assert second.status == "complete"


def test_a_full_folder_for_temporary_files_is_named(make_study, monkeypatch):
    def full(spool, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    study, data = make_study()
    monkeypatch.setattr(Spool, "pickled", full)
    model = Model(load_trainable(TOY), TOY, data, Runtime())
    jobs = FixedJobs([Job("baseline", study.meta.baseline, 0)])
    with study.lock(), pytest.raises(UserError, match="cannot write '.*study-engine-.*': No space left"):
        run_jobs(study, model, jobs, options=Options(engine="here"))
