"""The engine on Ray Tune itself: every way a training can end, sockets, files, the screen.

Starting Ray takes seconds, so one start serves many questions.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from results.config import config_hash
from results.errors import UserError
from results.outcome import Runtime
from study.engine import FixedJobs, Job, Model, Options, run_jobs, temporary
from study.protocol import load_trainable
from study.recording import checkpoints
from study.training.loop import train
from tests.support import TOY
from tests.support.studies import make_toy_study

ENGINES = pytest.mark.parametrize("engine", ["here", pytest.param("ray", marks=pytest.mark.long)])


def listening(process: psutil.Process) -> set[str]:
    """Addresses on which ``process`` and its descendants accept connections."""
    found = set()
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            found |= {c.laddr.ip for c in each.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN}
    return found


def ray_folders() -> list[Path]:
    """This process's folders of Ray, as anybody on the machine finds them."""
    places = (temporary.short_tmp(), temporary.MEMORY)
    return [p for place in places for p in Path(place).glob(f"{temporary.PREFIX}{os.getpid()}-*")]


def job(study, seed=0, **changes):
    return Job("baseline", study.meta.baseline | changes, seed)


class HangsLast(FixedJobs):
    """Hands its last job out when all others have ended, so that a clock that jumps concerns no other."""

    def next(self):
        return super().next() if len(self._waiting) > 1 or len(self.records) == self.total - 1 else None


class JumpingClock:
    """Leaps by hours as soon as ``hangs`` exists: the test waits for no time-out, and no slow machine meets one."""

    def __init__(self, hangs: Path) -> None:
        self._hangs = hangs

    def monotonic(self) -> float:
        return time.monotonic() + 1e6 * self._hangs.exists()


@pytest.fixture(scope="module", params=["here", "ray"])
def ended(request, tmp_path_factory):
    """One start of each executor with trainings that end in every way there is."""
    folder = tmp_path_factory.mktemp("ended")
    study, data = make_toy_study(folder / "toy", epochs=4)
    marker, hangs = folder / "died-once", folder / "hangs"
    jobs = {
        "good": job(study),
        "raise": job(study, misbehave="raise"),
        "nan": job(study, misbehave="nan", misbehave_at=3),
        "nothing": job(study, misbehave="nothing"),
        "exit": job(study, misbehave="exit", misbehave_at=2),
        "eat": job(study, misbehave="eat", misbehave_at=2),
        "die once": job(study, misbehave="die", misbehave_at=3, marker=str(marker)),
        "die always": job(study, misbehave="die", misbehave_at=2),
        "bad config": job(study, learning_rate=-1.0),
        "good again": job(study, seed=1),
        "hang": job(study, misbehave="hang", misbehave_at=2, marker=str(hangs)),
    }
    sockets: set[str] = set()
    modes: set[int] = set()

    def look(record, outcome):
        sockets.update(listening(psutil.Process()))
        modes.update(stat.S_IMODE(os.stat(f).st_mode) for f in ray_folders())

    with study.lock(), pytest.MonkeyPatch.context() as patched:
        patched.setattr("study.engine.driver.time", JumpingClock(hangs))
        patched.setattr("study.engine.driver.AWAY", 1e9)  # or the jump would count as the driver's own absence
        summary = run_jobs(
            study,
            Model(load_trainable(TOY), TOY, data, Runtime()),
            HangsLast(jobs.values()),
            options=Options(concurrency=2, cpus_per_trial=1, trial_timeout=3600, engine=request.param),
            after=[look],
        )
    records = {r.run_id: r for r in study.records()}
    return study, {name: records.get(each.run_id) for name, each in jobs.items()}, summary, (sockets, modes), marker


def test_every_job_has_its_record(ended):
    study, records, summary, _, _ = ended
    assert all(records.values())
    assert len(study.records()) == len(records) == len(summary.records)
    assert {name: r.status for name, r in records.items()} == {
        "good": "complete",
        "raise": "failed",
        "nan": "diverged",
        "nothing": "failed",
        "exit": "failed",
        "eat": "failed",
        "die once": "complete",
        "die always": "failed",
        "bad config": "failed",
        "good again": "complete",
        "hang": "failed",
    }


def test_failures_say_why(ended):
    _, records, summary, _, _ = ended
    assert re.fullmatch(r"ValueError: .* for me \(toy\.py, line \d+\)", records["raise"].error)
    assert "not finite after epoch 3" in records["nan"].error
    assert "no test predictions were left: run.predictions('test'" in records["nothing"].error
    assert "SystemExit" in records["exit"].error
    assert "MemoryError" in records["eat"].error
    assert "said nothing for 3600 seconds (--trial-timeout)" in records["hang"].error
    killed = r"its worker was killed( \(SIGKILL\))?, as systems do when memory runs out \(3 times\)"
    assert re.fullmatch(killed, records["die always"].error)
    assert records["bad config"].error == "ValidationError: learning_rate=-1.0: Input should be greater than 0"
    log = summary.log.read_text()
    assert "is too much" in log and "Traceback" in log  # the whole of it


def test_no_score_for_what_did_not_end_well(ended):
    _, records, _, _, _ = ended
    for name, record in records.items():
        if record.status != "complete":
            assert not record.val and not record.test, name
    assert [row.epoch for row in records["nan"].history] == [1, 2, 3]
    assert records["nan"].history[2].values["val_loss"] is None


def test_a_worker_that_died_once_changes_nothing(ended):
    study, records, _, _, marker = ended
    good, died = records["good"], records["die once"]
    assert marker.exists()
    assert (died.test_examples, died.val, died.test) == (good.test_examples, good.val, good.test)
    assert [r.epoch for r in died.history] == [1, 2, 3, 4]


def test_same_result_as_in_this_process(ended, toy, monkeypatch):
    monkeypatch.setenv("TOY_IN_PROCESS", "1")
    study, records, _, _, _ = ended
    data = toy.hooks["load_data"]("600", Path("."))
    here = train(Model(toy, TOY, data, Runtime()), records["good"].config, 0, lambda epoch, state, last: False)
    assert records["good"].test == here.test_values
    assert np.array_equal(records["good"].per_example(), here.test.correct)
    kept = study.predictions(records["good"].run_id, "test")
    assert np.allclose(kept.probabilities, here.test.probabilities, atol=1e-3)
    assert np.array_equal(
        study.load_state(study.weights_path(records["good"].run_id))["weights"], here.weights["weights"]
    )


def test_listens_on_loopback_only(ended):
    sockets, _ = ended[3]
    assert sockets or ended[2].plan.concurrency == 1, "Ray listens somewhere"
    assert sockets <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_rays_folder_is_closed_to_other_users(ended):
    _, modes = ended[3]
    assert modes == {0o700}  # Ray widens what it is given to 0777


def test_leaves_nothing_behind(ended):
    study = ended[0]
    assert not ray_folders()
    assert not list((study.path / "checkpoints").glob("*")) if (study.path / "checkpoints").exists() else True
    weights = {p.stem for p in (study.path / "weights").glob("*")}
    baseline = [r for r in study.records() if r.config_hash == config_hash(study.meta.baseline)]
    assert len(weights) == 2 and weights & {r.run_id for r in baseline}  # one baseline's and the best other's


@ENGINES
def test_goes_on_from_a_checkpoint(make_study, toy, monkeypatch, engine):
    study, data = make_study(epochs=6)
    states = {}

    def on_epoch(epoch, copy, last):
        states[epoch.epoch] = (epoch, copy())
        return False

    monkeypatch.setenv("TOY_IN_PROCESS", "1")
    whole = train(Model(toy, TOY, data, Runtime()), study.meta.baseline, 3, on_epoch)
    cut = checkpoints.Interrupted(Job("baseline", study.meta.baseline, 3), [states[i][0] for i in (1, 2, 3, 4)], [2])
    checkpoints.save(study, cut, states[4][1])
    (study.path / "checkpoints" / "half.safetensors").write_bytes(b"half of a file")
    found = checkpoints.interrupted_jobs(study)
    assert [c.job for c in found] == [cut.job]
    with study.lock():
        run_jobs(
            study, Model(toy, TOY, data, Runtime()), FixedJobs([cut.job]), options=Options(concurrency=1, engine=engine)
        )
    (record,) = study.records()
    assert record.resumed_at == [2, 4]
    assert record.test == whole.test_values and np.array_equal(record.per_example(), whole.test.correct)
    assert [row.epoch for row in record.history] == [1, 2, 3, 4, 5, 6]
    assert list(record.val_confusion) == ["1", "2", "3", "4", "5", "6"]
    assert not list((study.path / "checkpoints").iterdir())


@ENGINES
def test_a_state_is_kept_only_with_its_own_history(make_study, toy, monkeypatch, engine):
    """On a slow disk the mailbox holds a newer state than the one a checkpoint waits for."""
    study, data = make_study(epochs=40, pause=0.1)
    saved, save = [], checkpoints.save

    def slowly(study, cut, state):
        saved.append((len(cut.history), len(json.loads(state["run/told"].tobytes())["history"])))
        time.sleep(0.5)
        save(study, cut, state)

    monkeypatch.setattr(checkpoints, "save", slowly)
    monkeypatch.setattr("study.recording.writer.SHARE", 1e9)
    monkeypatch.setattr("study.recording.writer.MOST", 1e9)
    monkeypatch.setenv("STUDY_CHECKPOINT_SECONDS", "0")
    with study.lock():
        jobs = FixedJobs([job(study, seed) for seed in (1, 2)])
        options = Options(concurrency=2, cpus_per_trial=1, engine=engine)
        run_jobs(study, Model(toy, TOY, data, Runtime()), jobs, options=options)
    assert saved and all(told == held for told, held in saved)


def test_an_unreachable_cluster_is_one_line(make_study, toy):
    study, data = make_study()
    with study.lock(), pytest.raises(UserError, match="no Ray cluster at --address '127.0.0.1:1'"):
        run_jobs(
            study,
            Model(toy, TOY, data, Runtime()),
            FixedJobs([]),
            options=Options(concurrency=1, address="127.0.0.1:1", engine="auto"),
        )


@pytest.mark.long
@pytest.mark.parametrize("where", ["epoch", "done", "next"])
@pytest.mark.parametrize("engine", ["here", "ray"])
def test_what_a_source_raises_ends_the_run(make_study, toy, where, engine):
    """As test_driver.py has it with a fake Tune; here Ray's own passes the exception on."""
    study, data = make_study(epochs=3)
    source = FixedJobs([job(study, seed) for seed in (1, 2, 3)])
    done, calls = source.done, []

    def fails(*arguments):
        raise ZeroDivisionError("in the sampler")

    def then_fails(ended, record):
        calls.append(record)
        done(ended, record)
        setattr(source, where, fails)

    source.done = then_fails
    with study.lock(), pytest.raises(ZeroDivisionError, match="in the sampler"):
        options = Options(concurrency=1, quiet=True, engine=engine)
        run_jobs(study, Model(toy, TOY, data, Runtime()), source, options=options)
    assert calls and {r.status for r in study.records()} == {"complete"}
    assert "gave up" not in (study.path / "study.log").read_text()
