"""Two Ray nodes on this machine share a sweep: the records are those of one machine.

The second node sees neither the study nor the trainable's file, where this user may hide them from it.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from results.store import Study
from study.engine import cluster
from tests.support import ROOT, TOY
from tests.support.processes import gone, is_worker, wait_until

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
OUTSIDE = {"STUDY_ENGINE": "ray"} | {
    k: v for k, v in os.environ.items() if k not in cluster.ALONE and k != "STUDY_ENGINE"
}  # a cluster is not started as a Ray of our own
SAME = {"sampler": "random", "scheduler": "none"}  # what these propose does not depend on who ends first


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def node(*arguments: str, hide: Path | None = None, cpus: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block"]
    command += [f"--num-cpus={cpus}", "--node-ip-address=127.0.0.1", "--disable-usage-stats", *arguments]
    if hide is not None:
        command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(hide), *command]
    environment = {**OUTSIDE, **TOKEN, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.DEVNULL, start_new_session=True)


def can_hide(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return (
        subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", str(folder)], capture_output=True).returncode
        == 0
    )


def wait_for_cores(address: str, count: int) -> None:
    ask = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "status", f"--address={address}"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        told = subprocess.run(ask, env={**OUTSIDE, **TOKEN}, capture_output=True, text=True, cwd="/")
        if f"/{count}.0 CPU" in told.stdout:
            return
        time.sleep(1)
    raise AssertionError(f"no cluster of {count} cores: {told.stdout}{told.stderr}")


def end(nodes: list[subprocess.Popen[bytes]]) -> None:
    """Kill them, with all their processes, as a loss of power would."""
    family = []
    for each in nodes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += [psutil.Process(each.pid), *psutil.Process(each.pid).children(True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=30)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a cluster of two nodes with a core each, and a folder that only the driver's node sees."""
    apart = tmp_path_factory.mktemp("apart")
    port = free_port()
    folder = f"/tmp/study-test-{os.getpid()}"  # short, for Ray's sockets
    nodes = [node("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}")]
    try:
        wait_for_cores(f"127.0.0.1:{port}", 1)
        nodes.append(node(f"--address=127.0.0.1:{port}", hide=apart if can_hide(apart) else None))
        wait_for_cores(f"127.0.0.1:{port}", 2)
        assert all(each.poll() is None for each in nodes), "a node did not start"
        yield f"127.0.0.1:{port}", apart
    finally:
        end(nodes)
        shutil.rmtree(folder, ignore_errors=True)


def sweep(path: Path, **arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.sweep_toy", str(path), "8", json.dumps(SAME | arguments)],
        cwd=ROOT,
        env={**OUTSIDE, **TOKEN, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.long
def test_two_nodes_give_the_records_of_one(cluster, tmp_path):
    address, apart = cluster
    toy = apart / "toy.py"
    shutil.copy(TOY, toy)
    shared = sweep(apart / "two", trainable=str(toy), options={"address": address, "concurrency": None})
    assert shared.returncode == 0, shared.stderr
    assert "2 trainings at a time, 1 core each (of 2 cores)" in shared.stderr
    alone = sweep(tmp_path / "one")
    assert alone.returncode == 0, alone.stderr

    def told(path: Path) -> dict:
        return {r.trial: (r.config, r.status, r.val, r.test_examples) for r in Study.open(path).records()}

    assert told(apart / "two") == told(tmp_path / "one")
    assert sorted(told(tmp_path / "one")) == list(range(8))


@pytest.mark.long
def test_a_wrong_token_is_said(cluster, tmp_path):
    address, _ = cluster
    refused = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.sweep_toy",
            str(tmp_path / "x"),
            "2",
            json.dumps({"options": {"address": address}}),
        ],
        cwd=ROOT,
        env={**OUTSIDE, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "f" * 64},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert refused.returncode == 1 and "UserError: cannot join the Ray cluster" in refused.stderr
    assert "RAY_AUTH_TOKEN_PATH" in refused.stderr


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_sweep_follows_the_nodes_that_join_and_leave_and_goes_on_after_its_driver_was_killed(tmp_path):
    """The head has no cores. Trials take 15 seconds; a checkpoint may be kept after each epoch."""
    study, port, folder = tmp_path / "s", free_port(), f"/tmp/study-nodes-{os.getpid()}"
    space = tmp_path / "space.py"
    space.write_text("from search_spaces import log_float\nWIDE = {'learning_rate': log_float(1e-3, 1.0)}\n")
    command = [sys.executable, "-m", "study.run", "sweep", "--study", str(study), "--trainable", TOY]
    command += ["--dataset", "600", "--trials", "8", "--scheduler", "none", "--space", f"{space}:WIDE"]
    command += ["--set", "pause=1.5", "--set", "epochs=10", "--address", f"127.0.0.1:{port}"]
    environment = {**OUTSIDE, **TOKEN, "OMP_NUM_THREADS": "1", "STUDY_CHECKPOINT_SECONDS": "0"}
    start = lambda: subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: E731
    log, records = study / "study.log", study / "records.jsonl"

    def workers() -> list[psutil.Process]:
        found = [p for each in nodes for p in psutil.Process(each.pid).children(True) if is_worker(p)]
        return [p for p in found if not gone([p])]

    nodes = [node("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}", cpus=0)]
    join = lambda: nodes.append(node(f"--address=127.0.0.1:{port}"))  # noqa: E731
    driver = None
    try:
        assert wait_until(lambda: answers(port), 60)
        time.sleep(2)
        driver = start()
        assert wait_until(log.exists, 60)
        join()
        assert wait_until(lambda: len(workers()) == 1, 60), "a head without cores"
        join()
        assert wait_until(lambda: len(workers()) == 2, 60), "a node that joined stays idle"
        time.sleep(8)  # epochs on it, so that there is something to go on from
        end([nodes.pop()])
        assert wait_until(lambda: "its node was lost" in log.read_text(), 60), log.read_text()
        assert wait_until(lambda: records.exists() and records.read_bytes().count(b"\n") >= 3, 90)
        killed = driver.pid
        driver.kill()
        driver.wait()
        done = records.read_bytes()
        join()
        driver = start()
        assert driver.wait(200) == 0
        assert records.read_bytes().startswith(done)
    finally:
        if driver is not None:
            driver.kill()
        end(nodes)
        shutil.rmtree(folder, ignore_errors=True)
    found = Study.open(study).records()
    assert len(found) == len({r.run_id for r in found}) >= 8
    assert {(r.status, len(r.history)) for r in found} == {("complete", 10)}
    assert any(r.resumed_at for r in found), "a trial of the lost node began anew"
    assert not glob.glob(f"/tmp/study-engine-{killed}-*"), "Tune's folder of a killed driver"
