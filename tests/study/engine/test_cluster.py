"""A Ray of our own: whatever ends its driver, nothing of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from study.engine import cluster
from study.engine.temporary import PREFIX
from tests.support import ROOT, TOY
from tests.support.processes import gone, wait_until

HOLDER = """
import subprocess, sys, time
from study.engine import cluster
from study.engine.signals import interrupts
with interrupts() as interrupted, cluster.started(address=None, cpus=2, gpus=0, worker_env={}) as folder:
    import ray
    print(folder, flush=True)

    @ray.remote
    class Worker:
        def begin(self):
            subprocess.Popen(["sleep", "600"])  # to Ray's log of it
            subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)

    workers = [Worker.remote() for _ in range(2)]
    ray.get([each.begin.remote() for each in workers])
    print("begun", flush=True)
    while not interrupted.wait(0.1):
        pass
"""


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ten_seconds_after_its_driver_nothing_of_ray_is_left(end: signal.Signals) -> None:
    shared = set(os.listdir("/dev/shm"))
    process = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert process.stdout.readline() == "begun\n"
    left = psutil.Process(process.pid).children(recursive=True)
    assert sum(each.name() == "sleep" for each in left) == 4 and folder.is_dir()
    process.send_signal(end)
    process.wait(timeout=30)
    assert wait_until(lambda: gone(left) and not folder.parent.exists(), 10), [p for p in left if p.is_running()]
    new = set(os.listdir("/dev/shm")) - shared
    of_others = {name for name in new if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}{process.pid}-")}
    assert not new - of_others  # another test may have a Ray of its own meanwhile


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seen", ["guard.py", "gcs_server", "raylet/raylet"])
def test_a_signal_while_ray_starts_ends_like_ctrl_c(seen: str, end: signal.Signals, tmp_path: Path) -> None:
    space = tmp_path / "space.py"
    space.write_text("from search_spaces import log_float\nWIDE = {'learning_rate': log_float(1e-3, 1.0)}\n")
    command = ["sweep", "--study", str(tmp_path / "s"), "--trainable", TOY, "--dataset", "600"]
    process = subprocess.Popen(
        [sys.executable, "-m", "study.run", *command, "--space", f"{space}:WIDE", "--trials", "3", "--engine", "ray"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    left: list[psutil.Process] = []

    def started() -> bool:
        left[:] = psutil.Process(process.pid).children(recursive=True)
        return any(seen in " ".join(each.cmdline()) for each in left if not gone([each]))

    assert wait_until(started, 60)
    process.send_signal(end)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted: what is finished is kept" in errors
    assert wait_until(lambda: gone(left), 10)


IN_CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"]  # a child of process 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("victim", "prefix"), [("gcs_server", []), ("raylet", []), ("raylet", IN_CONTAINER)], ids=["gcs", "raylet", "init"]
)
def test_a_killed_daemon_is_told_in_one_line_and_the_same_command_goes_on(
    victim: str, prefix: list[str], tmp_path: Path
) -> None:
    if prefix and (not shutil.which("unshare") or subprocess.run([*prefix, "true"], capture_output=True).returncode):
        pytest.skip("this user may not have a process 1 of its own")
    space = tmp_path / "space.py"
    space.write_text("from search_spaces import log_float\nWIDE = {'learning_rate': log_float(1e-3, 1.0)}\n")
    command = ["sweep", "--study", str(tmp_path / "s"), "--trainable", TOY, "--dataset", "600", "--trials", "8"]
    command += ["--space", f"{space}:WIDE", "--set", "pause=0.2", "--scheduler", "none"]
    command += ["--concurrency", "2", "--engine", "ray"]
    records = tmp_path / "s" / "records.jsonl"
    process = subprocess.Popen(
        [*prefix, sys.executable, "-m", "study.run", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert wait_until(lambda: records.exists() and records.read_bytes().count(b"\n") >= 2, 60)
    left = psutil.Process(process.pid).children(recursive=True)
    done = records.read_bytes()
    next(each for each in left if each.name() == victim).kill()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2 and records.read_bytes().startswith(done), errors
    assert [line for line in errors.splitlines() if "error" in line] == [
        f"error: Ray's {victim} was killed; the same command goes on"
    ]
    assert wait_until(lambda: gone(left), 10)
    again = subprocess.run([sys.executable, "-m", "study.run", *command], cwd=ROOT, capture_output=True, timeout=120)
    assert again.returncode == 0 and records.read_bytes().count(b"\n") >= 8


STOPPED = """
import os, signal, sys, threading, time
import psutil
from study.engine import cluster

def stop():
    while True:
        for each in psutil.Process().children(recursive=True):
            if each.name() == sys.argv[1]:
                return each.suspend()
        time.sleep(0.001)

threading.Thread(target=stop, daemon=True).start()
said = []
try:
    with cluster.started(address=None, cpus=1, gpus=0, worker_env={}, say=said.append):
        print("started")
except cluster.CannotStart as error:
    left = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    print("cannot start:", len(left), "left;", len(said), "said", flush=True)
time.sleep(60)
print("alive")
"""


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_process_in_which_ray_could_not_start_lives_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, "raylet"], cwd=ROOT, capture_output=True, text=True, timeout=390
    )
    assert done.stdout == "cannot start: 0 left; 1 said\nalive\n", done.stdout + done.stderr


def test_a_machine_without_ray_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(cluster.CannotStart, match="Ray is not installed"),
        cluster.started(address=None, cpus=1, gpus=0, worker_env={}),
    ):
        pass
