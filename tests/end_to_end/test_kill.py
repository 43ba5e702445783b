"""Killing and interrupting: nothing finished is lost, nothing is trained twice, and the same command goes on.

python -m tests.support.kills is the whole exercise, of which a short one is here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from results.analysis.evidence import Evidence
from results.store import Study
from study.cli.main import main
from tests.support import ROOT
from tests.support.in_process import everything_in_process
from tests.support.kills import COMMANDS, Exercise
from tests.support.processes import wait_until
from tests.support.sweep_toy import SPACES
from tests.support.whole import check_whole

TRIALS = 24


def begin(path: Path, engine: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.sweep_toy", str(path), str(TRIALS)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "STUDY_CHECKPOINT_SECONDS": "0.2", "STUDY_ENGINE": engine},
        stderr=subprocess.PIPE,
    )


def lines(path: Path) -> int:
    file = path / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def finish(path: Path, engine: str, torn: str = "") -> None:
    """Start it once more, to its end."""
    process = begin(path, engine)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    records = check_whole(path, SPACES["toy"], [torn] if torn else [])
    assert len(records) == TRIALS


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("engine", "kills", "only"),
    [
        ("here", int(os.environ.get("KILLS", "12")), list(COMMANDS)),
        ("here", int(os.environ.get("KILLS", "3")), ["confirm"]),
        ("ray", 8, list(COMMANDS)),
    ],
    ids=["here", "here, confirm", "ray"],
)
def test_killed_at_random_moments(engine, kills, only):
    seed = time.time_ns() % 100_000
    print(f"python -m tests.support.kills --engine {engine} --kills {kills} --seed {seed} --only {' '.join(only)}")
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir="/tmp"))  # short, for Ray's sockets
    exercise = Exercise(engine, kills, seed, folder, only=only)
    exercise.run()
    assert not exercise.faults


@pytest.mark.long
def test_power_lost_in_the_middle_of_a_write(tmp_path):
    path = tmp_path / "toy"
    process = begin(path, "here")
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
    finish(path, "here", torn)


@pytest.mark.long
@pytest.mark.parametrize(("engine", "number"), [("ray", signal.SIGINT), ("here", signal.SIGTERM)])
def test_an_interrupt_ends_it_sooner_than_it_began_and_it_goes_on(engine, number, tmp_path):
    path = tmp_path / "toy"
    begun = time.monotonic()
    process = begin(path, engine)
    assert wait_until(lambda: lines(path) >= 2, 60)
    told = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert time.monotonic() - told < told - begun
    assert lines(path) < TRIALS
    finish(path, engine)


@pytest.mark.parametrize(
    ("lost", "everywhere"),
    [("all", False), *(pytest.param(n, True, marks=pytest.mark.long) for n in ("rounds", "all"))],
)
def test_killed_between_a_record_and_study_json(lost, everywhere, tmp_path):
    """The record is on the disk, the plan does not know of it: going on judges it, and trains nothing again."""
    path = tmp_path / "s"
    common = ["--study", str(path), "--seed", "7", "--quiet"]
    what = ["--trainable", "examples/digits_sklearn.py", "--dataset", "digits", "--space", "luck", "--set", "epochs=1"]

    with everything_in_process():
        assert main(["sweep", *common, *what, "--trials", "3", "--scheduler", "none", "--sampler", "random"]) == 0
        main(["confirm", *common, "--max-seeds", "4"])
        whole = Study.open(path)
        records, plan = whole.records_path.read_bytes(), whole.meta.plans[0]
        # as after a kill: records up to some line, study.json as it was one or more rounds before
        written = records.splitlines(keepends=True)
        swept = sum(json.loads(line)["kind"] != "confirm" for line in written)
        for upto in range(swept if everywhere else len(written), len(written) + 1):
            whole.records_path.write_bytes(b"".join(written[:upto]))
            (path / "records.idx").unlink(missing_ok=True)
            study = Study.open(path)
            done = (upto - swept) // 2
            known = max(0, done - 1) if lost == "rounds" else 0
            study.meta.plans = [plan | {"rounds": plan["rounds"][:known], "verdicts": []}]
            study.save_meta()
            assert not Evidence.of(study).withdrawn
            main(["confirm", *common])
            after = Study.open(path)
            differing = {k: (v, plan[k]) for k, v in after.meta.plans[0].items() if v != plan[k]}
            assert not differing, "the verdict and the digests of one that was not interrupted"
            names = [json.loads(line)["run_id"] for line in after.records_path.read_bytes().splitlines()]
            assert sorted(names) == sorted(json.loads(line)["run_id"] for line in written), "no run twice, none lost"
