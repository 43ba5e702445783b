"""Killing the driver: nothing finished is lost, nothing is trained twice, and the same command goes on.

KILLS=20 python -m pytest -m long tests/end_to_end/test_kill.py is the whole exercise; four kills by default.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import optuna
import psutil
import pytest

from results.config import config_hash
from results.errors import IgnoredRecord
from results.store import Study
from search_spaces import load_space
from study.protocol import load_trainable
from study.search.sampler import STATES
from tests.support import ROOT, TOY
from tests.support.processes import is_worker
from tests.support.sweep_toy import SEED, SPACES

KILLS = int(os.environ.get("KILLS", "4"))
TRIALS = max(24, 4 * KILLS)  # enough for a kill every few trials
START = 4.0  # seconds until the first trials run on an idle machine


def begin(path: Path, trials: int = TRIALS) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.sweep_toy", str(path), str(trials)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "STUDY_CHECKPOINT_SECONDS": "0.2"},
        stderr=subprocess.PIPE,
    )


def offspring(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def wait_until(condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def lines(path: Path) -> int:
    file = path / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def check_whole(path: Path, trials: int, torn: str = "") -> None:
    """What must hold at the end, whatever happened on the way.

    The files of a run whose record's line was ``torn`` are kept, unless it was run and recorded again.
    """
    study = Study.open(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredRecord)
        records = study.records()
    assert len(records) == trials
    assert len({r.run_id for r in records}) == trials
    assert sorted(r.trial for r in records) == list(range(trials))
    complete = [(r.config_hash, r.seed) for r in records if r.status == "complete"]
    assert len(complete) == len(set(complete))
    assert {r.seed for r in records} == {SEED}
    assert config_hash(study.meta.baseline) == next(r for r in records if r.trial == 0).config_hash
    for record in records:
        assert [row.epoch for row in record.history] == list(range(1, len(record.history) + 1)), record.run_id
        assert record.status in ("complete", "pruned"), record.error
        if record.status == "complete":
            assert len(record.history) == record.config["epochs"]
            assert study.predictions(record.run_id, "test") is not None
            assert record.test_accuracy is not None
        else:
            assert len(record.history) < record.config["epochs"] and record.test_accuracy is None
            assert str(len(record.history)) in record.val_confusion
    assert not list((path / "checkpoints").glob("*")) if (path / "checkpoints").exists() else True
    assert not list(path.rglob("*.tmp"))
    recorded = {r.run_id for r in records}
    kept = {torn} - recorded
    weights = {p.stem for p in (path / "weights").glob("*")} - kept
    assert len(weights) == min(4, len(complete)) and weights <= recorded
    predictions = {p.stem for p in (path / "predictions").glob("*")} - kept
    assert predictions == {r.run_id for r in records if r.status == "complete"}
    check_database(study, records)


def check_database(study: Study, records) -> None:
    """optuna.db says what the records say."""
    toy = load_trainable(TOY)
    space = load_space("toy", toy.Config, study.meta.baseline, {}, SPACES)
    copy = optuna.load_study(study_name=study.meta.name, storage=f"sqlite:///{study.path / 'optuna.db'}")
    trials = {t.user_attrs["run_id"]: t for t in copy.trials}
    assert list(trials) == [r.run_id for r in records] and len(copy.trials) == len(records)
    for record in records:
        trial = trials[record.run_id]
        assert trial.state == STATES[record.status]
        assert space.config(space.suggest(optuna.trial.FixedTrial(trial.params))) == record.config
        assert list(trial.intermediate_values) == [row.epoch for row in record.history]
        if record.status == "complete":
            assert trial.value == record.val_accuracy


def check_same_as_uninterrupted(path: Path) -> None:
    """A training that was interrupted and went on ends where one that was not would."""
    toy = load_trainable(TOY)
    data = toy.load_data("600", Path("."))
    data.train_points.flags.writeable = False  # as in a worker
    for record in Study.open(path).records():
        if record.status == "complete":
            here = toy.fit(toy.Config(**record.config | {"pause": 0.0}), record.seed, data, lambda epoch, state: False)
            assert here.val.loss == record.val_loss and here.test.accuracy == record.test_accuracy, record.run_id


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_random_moments(tmp_path):
    path, rng, kills = tmp_path / "toy", random.Random(), KILLS
    left_alive: list[psutil.Process] = []
    moments = []
    while kills:
        before = lines(path)
        assert before < TRIALS - 1, f"{kills} kills left and nothing to interrupt"
        process = begin(path)
        started = time.monotonic()
        if rng.random() < 0.75:  # once it works; else at any moment of its start
            wait_until(lambda before=before: lines(path) > before, 60)
        time.sleep(rng.uniform(0.0, START / 2))
        moments.append((round(time.monotonic() - started, 1), lines(path)))
        left_alive += offspring(process)
        assert process.poll() is None, process.stderr.read().decode()
        process.kill()
        kills -= 1
        process.communicate()
    print("killed after (seconds, records):", moments)
    finished_before = Path(path / "records.jsonl").read_bytes() if lines(path) else b""
    assert begin(path).wait(timeout=300) == 0
    assert (path / "records.jsonl").read_bytes().startswith(finished_before)
    check_whole(path, TRIALS)
    print("resumed from a checkpoint:", sum(bool(r.resumed_at) for r in Study.open(path).records()))
    check_same_as_uninterrupted(path)
    _, alive = psutil.wait_procs(left_alive, timeout=30)
    assert not alive, "processes of killed drivers live on"


@pytest.mark.long
def test_power_lost_in_the_middle_of_a_write(tmp_path):
    path = tmp_path / "toy"
    process = begin(path)
    weights = path / "weights"
    assert wait_until(
        lambda: lines(path) >= 4 and (path / "optuna.db").exists() and len([*weights.glob("*.s*")]) > 1, 60
    )
    process.kill()
    process.communicate()
    records = path / "records.jsonl"
    whole = records.read_bytes().splitlines(keepends=True)
    names = [json.loads(line)["run_id"] for line in whole]
    torn = next(name for name in reversed(names) if (path / "weights" / f"{name}.safetensors").exists())
    whole = whole[: names.index(torn) + 1]
    records.write_bytes(b"".join(whole[:-1]) + whole[-1][: len(whole[-1]) // 2])
    (path / "optuna.db").write_bytes((path / "optuna.db").read_bytes()[:5000])
    (path / "predictions").mkdir(exist_ok=True)  # all so far may have been pruned
    (path / "predictions" / ".x.npz.0123abcd.tmp").write_bytes(b"half")
    again = begin(path)
    _, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors.decode()
    check_whole(path, TRIALS, torn)


@pytest.mark.long
def test_workers_killed_at_random(tmp_path):
    """Every worker, twice: no trial can lose three, which would rightly end it as failed."""
    path, rng = tmp_path / "toy", random.Random()
    process = begin(path)
    rounds = killed = 0
    while process.poll() is None:
        time.sleep(rng.uniform(1.0, 3.0))
        workers = [p for p in offspring(process) if is_worker(p)]
        if workers and rounds < 2:
            rounds += 1
            for worker in workers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
                    killed += 1
    process.communicate()
    assert process.returncode == 0 and killed
    check_whole(path, TRIALS)


@pytest.mark.long
def test_ctrl_c_ends_within_seconds_and_goes_on(tmp_path):
    path = tmp_path / "toy"
    process = begin(path)
    assert wait_until(lambda: lines(path) >= 2, 60)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - started < 8
    before = lines(path)
    assert begin(path).wait(timeout=300) == 0
    assert lines(path) == TRIALS > before
    check_whole(path, TRIALS)
