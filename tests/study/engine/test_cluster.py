"""A Ray of our own: whatever ends its driver, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support import ROOT
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
    assert set(os.listdir("/dev/shm")) <= shared
