"""Ray's memory monitor kills a worker, over which Tune gives up: only the greedy training has failed."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from results.store import Study
from tests.support import ROOT

PROGRAM = """
import sys
from pathlib import Path
from results.outcome import Runtime
from study.engine import FixedJobs, Job, Model, Options, run_jobs
from study.protocol import load_trainable
from tests.support import TOY
from tests.support.studies import make_toy_study
study, data = make_toy_study(Path(sys.argv[1]), epochs=4, pause=0.5)
changes = ({}, {"misbehave": "gorge", "misbehave_at": 2}, {"noise": 0.5})
jobs = FixedJobs([Job("baseline", study.meta.baseline | change, 0) for change in changes])
options = Options(concurrency=2, cpus_per_trial=1, engine="ray")
with study.lock():
    run_jobs(study, Model(load_trainable(TOY), TOY, data, Runtime()), jobs, options=options)
"""


@pytest.mark.long
def test_a_greedy_training_fails_alone(tmp_path):
    limit = psutil.virtual_memory().percent / 100 + 0.25  # room for what the tests beside this one take
    if limit > 0.9:
        pytest.skip("other programs leave too little memory to tell them apart")
    watched = {"RAY_memory_monitor_refresh_ms": "100", "RAY_memory_usage_threshold": str(limit), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "toy")],
        cwd=ROOT,
        env={**os.environ, **watched},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    records = {r.config["misbehave"] + str(r.config["noise"]): r for r in Study.open(tmp_path / "toy").records()}
    assert {name: r.status for name, r in records.items()} == {
        "no0.0": "complete",
        "no0.5": "complete",
        "gorge0.0": "failed",
    }
    assert records["gorge0.0"].error == "its worker ran out of memory (2 times)"
