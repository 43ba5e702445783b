"""Nothing of a script outlives its trial, whatever it does and whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from study.scripts.process import Process
from tests.support.processes import gone, wait_until

PATIENCE = 60.0  # seconds that a loaded machine may take for what takes a fraction of one

HOSTILE = """
import os, signal, sys, time
note = lambda name: open(f"{sys.argv[1]}/{name}.new", "w").write(str(os.getpid())) and os.rename(
    f"{sys.argv[1]}/{name}.new", f"{sys.argv[1]}/{name}")
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:  # without parent, session, group, environment, folder or output in common with the script
        os.closerange(0, 256)
        os.chdir("/")
        code = "import os, signal, sys, time; signal.signal(15, signal.SIG_IGN);"
        code += "open(sys.argv[1] + '.new', 'w').write(str(os.getpid()));"
        code += "os.rename(sys.argv[1] + '.new', sys.argv[1]); time.sleep(1000)"
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code, sys.argv[1] + "/orphan"], {})
    os._exit(0)
if os.fork() == 0:
    note("child")
    time.sleep(1000)
note("script")
print("ready", flush=True)
if "silent" in sys.argv:
    os.close(1)
    os.close(2)
if "ends" in sys.argv:
    while not os.path.exists(sys.argv[1] + "/orphan") or not os.path.exists(sys.argv[1] + "/child"):
        time.sleep(0.01)
    sys.exit(3)
time.sleep(1000)
"""

HOLDER = """
import os, sys, time
from study.scripts.process import Process
with Process([sys.executable, sys.argv[1], sys.argv[2]], sys.argv[2], grace=1000) as process:
    if "forks" in sys.argv and os.fork() == 0:  # holds whatever the worker has open
        time.sleep(1000)
    for line in process.lines():
        if "prunes" in sys.argv:
            open(f"{sys.argv[2]}/pruned", "w").close()
            break
"""


def sh(code: str, folder: Path, **others: float) -> Process:
    return Process(["sh", "-c", code], folder, **others)


DRIVER = """
import subprocess, sys
from study.engine.temporary import temporary_folder
with temporary_folder():
    subprocess.run([sys.executable, *sys.argv[1:]], start_new_session=True)
"""


def alive(folder: Path, *names: str) -> list[psutil.Process]:
    """The processes that have noted their numbers, once all have."""
    assert wait_until(lambda: all((folder / name).exists() for name in names), PATIENCE)
    return [psutil.Process(int((folder / name).read_text())) for name in names]


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    """A script that does all that it can to live on; whatever a failing test leaves of it is killed."""
    file = tmp_path / "hostile.py"
    file.write_text(HOSTILE)
    yield file
    for name in ("script", "child", "orphan"):
        if (tmp_path / name).exists() and psutil.pid_exists(pid := int((tmp_path / name).read_text())):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("silent", ["silent", "loud"])
def test_a_hostile_script_is_killed_after_the_grace(hostile: Path, tmp_path: Path, silent: str) -> None:
    with Process([sys.executable, str(hostile), str(tmp_path), silent], tmp_path, grace=0.5) as process:
        assert next(process.lines()) == "ready"
        there = alive(tmp_path, "script", "child", "orphan")
        assert there[2].ppid() != there[0].pid and os.getsid(there[2].pid) != process.pid
        started = time.monotonic()
    assert gone(there) and time.monotonic() - started >= 0.5
    assert process.wait() == -signal.SIGKILL


def test_what_an_ended_script_leaves_behind_is_ended(hostile: Path, tmp_path: Path) -> None:
    with Process([sys.executable, str(hostile), str(tmp_path), "ends"], tmp_path, grace=0.5) as process:
        lines = process.lines()
        assert next(lines) == "ready"
        there = alive(tmp_path, "child", "orphan")
        assert list(lines) == [] and process.wait() == 3
        assert gone(there)


@pytest.mark.parametrize(("also", "group"), [("", False), ("", True), ("forks", False), ("prunes", False)])
def test_a_killed_worker_takes_the_script_along(hostile: Path, tmp_path: Path, also: str, group: bool) -> None:
    """By itself or with its group; though a fork of it holds all that it had open; and while it waits for the grace."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(hostile), str(tmp_path), also], start_new_session=True)
    try:
        there = alive(tmp_path, "script", "child", "orphan")
        if also == "prunes":
            assert wait_until((tmp_path / "pruned").exists, PATIENCE)
            time.sleep(0.3)  # by now it has told the script; else this is the first case once more
        (os.killpg if group else os.kill)(holder.pid, signal.SIGKILL)
        holder.wait()
        assert wait_until(lambda: gone(there), PATIENCE)
    finally:
        os.killpg(holder.pid, signal.SIGKILL) if also == "forks" else holder.kill()
        holder.wait()


def test_a_killed_driver_takes_all_along(hostile: Path, tmp_path: Path) -> None:
    """Its guard finds the worker; what has nothing in common with the worker, the leash finds."""
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, "-c", HOLDER, str(hostile), str(tmp_path)])
    there = alive(tmp_path, "script", "child", "orphan")
    leash = psutil.Process(there[0].ppid())
    worker = psutil.Process(driver.pid).children()
    driver.kill()
    driver.wait()
    assert wait_until(lambda: gone([*there, leash, *worker]), PATIENCE)


def test_a_killed_stand_in_changes_nothing(tmp_path: Path) -> None:
    """Ray kills the children of a worker that it ends."""
    with sh("echo on; sleep 0.3; exit 4", tmp_path) as process:
        next(process.lines())
        for child in psutil.Process().children():
            child.kill()
        assert process.wait() == 4


def test_a_killed_leash_takes_the_script_along(tmp_path: Path) -> None:
    with sh("echo on; sleep 1000 & sleep 1000", tmp_path) as process:
        next(process.lines())
        script = psutil.Process(process.pid)
        assert wait_until(lambda: len(script.children()) == 2, PATIENCE)
        there = [script, *script.children()]
        os.kill(script.ppid(), signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert wait_until(lambda: gone(there), PATIENCE)


def test_a_killed_leash_takes_the_script_along_whatever_the_worker_does(hostile: Path, tmp_path: Path) -> None:
    """This one can do nothing more."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(hostile), str(tmp_path)])
    try:
        script, _, _ = alive(tmp_path, "script", "child", "orphan")
        holder.send_signal(signal.SIGSTOP)
        os.kill(script.ppid(), signal.SIGKILL)
        assert wait_until(lambda: gone([script]), PATIENCE)
    finally:
        holder.kill()
        holder.wait()


def test_the_leash_is_none_of_whom_the_guard_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends what the guard does not find, so it must not be killed first."""
    from study.engine import guard

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(guard.MARK, str(tmp_path))
    with sh("echo on; sleep 1000", tmp_path) as process:
        next(process.lines())
        holders = guard._holders(str(tmp_path))
        assert process.pid in holders and psutil.Process(process.pid).ppid() not in holders


OWNER = """
import sys
from study.scripts.process import Process
words = ["sh", "-c", "touch own/best.pt; echo ready; sleep 1000"]
with Process(words, sys.argv[1], own=sys.argv[1] + "/own") as process:
    next(process.lines())
    open(f"{sys.argv[1]}/ready", "w").close()
    process.wait()
"""


def test_a_killed_workers_run_folder_goes_with_the_script(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    worker = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)])
    assert wait_until((tmp_path / "ready").exists, PATIENCE)
    assert (tmp_path / "own/best.pt").exists()
    worker.kill()
    worker.wait()
    assert wait_until(lambda: not (tmp_path / "own").exists(), PATIENCE)
