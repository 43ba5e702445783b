"""The folder for temporary files: short enough for sockets, and gone with all who use it however its process ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from study.engine import temporary
from study.engine.temporary import temporary_folder
from tests.support.processes import gone, wait_until

SESSION = "session_2026-11-24_10-00-00_123456_1234567"  # as Ray 2.60 names one
HOLDER = """
import subprocess, sys, time
from study.engine.temporary import temporary_folder
with temporary_folder() as folder:
    log = open(folder / "log", "w")
    ours = [
        subprocess.Popen(["sleep", "600"], stdout=log, start_new_session=True),  # an open file
        subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; sleep 600; sleep 600"], cwd=folder),
        subprocess.Popen(["sleep", "600"], start_new_session=True),  # nothing but its environment
    ]
    print(folder, flush=True)
    sys.stdin.readline()
    {end}
"""


def hold(end: str = "pass") -> tuple[subprocess.Popen[str], Path, list[psutil.Process]]:
    """Start a process that holds a folder and three children until it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(end=end)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder = Path(process.stdout.readline().strip())
    family = psutil.Process(process.pid)
    assert wait_until(lambda: len(family.children(recursive=True)) == 5, 10), "three, a child of one, and the guard"
    return process, folder, family.children(recursive=True)


@pytest.mark.parametrize("length", range(4, 60, 5))
def test_sockets_fit_below_any_folder_for_temporary_files(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/" + "t" * (length - 1))
    ours = f"{temporary.PREFIX}1234567-abcdefgh"
    assert len(f"{temporary.short_tmp()}/{ours}/r/{SESSION}/sockets/plasma_store") <= 107


def test_a_killed_driver_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    process, folder, left = hold()
    bystander = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
        process.kill()
        assert wait_until(lambda: gone(left), 10) and wait_until(lambda: not folder.exists(), 10)
        assert bystander.poll() is None
    finally:
        bystander.kill()


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "1 / 0", "import os; os._exit(3)"])
def test_every_end_leaves_no_process_and_no_folder(end: str) -> None:
    process, folder, left = hold(end)
    process.communicate("\n")
    assert wait_until(lambda: gone(left) and not folder.exists(), 10)


def test_what_ends_the_driver_by_a_terminal_does_not_end_its_guard() -> None:
    process, folder, left = hold()
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        for one in left:
            if "guard.py" in " ".join(one.cmdline()):
                one.send_signal(each)
    process.kill()
    assert wait_until(lambda: gone(left) and not folder.exists(), 10)


def test_where_the_guard_was_killed_the_end_still_cleans() -> None:
    process, folder, left = hold()
    for one in left:
        if "guard.py" in " ".join(one.cmdline()):
            one.kill()
    process.communicate("\n")
    assert process.returncode == 0 and gone(left) and not folder.exists()


def test_a_forked_child_does_not_keep_the_guard_from_its_work() -> None:
    process, folder, left = hold("import os; os.fork(); time.sleep(600)")
    process.stdin.write("\n")
    process.stdin.flush()
    forked = wait_until(lambda: len(psutil.Process(process.pid).children(recursive=True)) > len(left), 10)
    everyone = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    try:
        assert forked and wait_until(lambda: gone(left) and not folder.exists(), 10)
    finally:
        for one in everyone:
            one.kill() if one.is_running() else None


def test_what_the_guard_could_not_remove_goes_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "short_tmp", lambda: str(tmp_path))
    died = subprocess.Popen(["true"])
    died.wait()
    ours, theirs = (tmp_path / f"{temporary.PREFIX}{died.pid}-{name}" for name in ("a", "b"))
    for folder, namespace in ((ours, temporary._namespace()), (theirs, "pid:[1]")):
        folder.mkdir()
        (folder / temporary.NAMESPACE).write_text(namespace)
    with temporary_folder() as mine:
        assert not ours.exists()
        assert theirs.exists(), "of another container"
        assert mine.parent == tmp_path
    assert list(tmp_path.iterdir()) == [theirs]


@pytest.mark.parametrize("room", [True, False])
def test_in_memory_where_there_is_room(room: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, memory = tmp_path / "disk", tmp_path / "memory"
    disk.mkdir()
    memory.mkdir()
    died = subprocess.Popen(["true"])
    died.wait()
    stale = memory / f"{temporary.PREFIX}{died.pid}-a"
    stale.mkdir()
    (stale / temporary.NAMESPACE).write_text(temporary._namespace())
    monkeypatch.setattr(temporary, "short_tmp", lambda: str(disk))
    monkeypatch.setattr(temporary, "MEMORY", str(memory))
    monkeypatch.setattr(temporary, "ROOMY", 0 if room else 2**60)
    with temporary_folder(in_memory=True) as mine:
        assert mine.parent == (memory if room else disk) and not stale.exists()
    assert not mine.exists()


WATCHED = """
import os, subprocess, sys, time
from pathlib import Path
from study.engine.temporary import Watch, temporary_folder
with temporary_folder(watch=Watch(2)) as folder:
    (folder / "raylet").symlink_to("/bin/sleep")
    daemon = subprocess.Popen([str(folder / "raylet"), "600"])
    time.sleep(0.5)
    {then}
"""


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("daemon.kill(); time.sleep(0.5); os._exit(1)", True),  # ended by a library, without a word
        ("os._exit(1)", False),  # the driver, not the daemon
        ("daemon.terminate(); daemon.wait()", False),  # at the end of the block it may
        ("sys.exit()", False),
    ],
)
def test_a_killed_daemon_is_told_by_the_guard_where_the_driver_cannot(then: str, told: bool) -> None:
    process = subprocess.run(
        [sys.executable, "-c", WATCHED.format(then=then)], capture_output=True, text=True, timeout=60
    )
    line = "error: Ray's raylet was killed; the same command goes on\n"
    assert process.stderr == (line if told else "")
