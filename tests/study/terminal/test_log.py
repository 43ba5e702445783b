"""What workers print is collected from Ray's folder, which is not trusted: links, FIFOs and others' files stay out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from results.errors import UserError
from results.files import Folder
from study.terminal.log import Log


@pytest.fixture
def ray(tmp_path: Path) -> Path:
    """Ray's folder with one session, and a secret that lies elsewhere."""
    folder = tmp_path / "ray"
    logs = folder / "session_1" / "logs"
    logs.mkdir(parents=True)
    (folder / "session_latest").symlink_to("session_1")
    (logs / "worker-1.out").write_text("printed by a worker\n")
    (tmp_path / "secret").write_text("a secret\n")
    return folder


def collected(tmp_path: Path, ray: Path, times: int = 1) -> str:
    log = Log(Folder(tmp_path))
    for _ in range(times):
        log.collect(ray)
    log.close()
    return (tmp_path / "study.log").read_text()


def test_what_workers_print_is_collected_once(tmp_path: Path, ray: Path) -> None:
    assert collected(tmp_path, ray, times=2).count("printed by a worker") == 1


def test_a_link_to_a_file_is_not_followed(tmp_path: Path, ray: Path) -> None:
    (ray / "session_1" / "logs" / "worker-2.out").symlink_to(tmp_path / "secret")
    assert "secret" not in collected(tmp_path, ray)


@pytest.mark.parametrize("where", ["session_2", "session_1/../session_3/logs"])
def test_a_link_to_a_folder_is_not_followed(tmp_path: Path, ray: Path, where: str) -> None:
    elsewhere = tmp_path / "elsewhere" / ("logs" if where == "session_2" else "")
    elsewhere.mkdir(parents=True)
    (elsewhere / "worker-3.out").write_text("a secret\n")
    (ray / "session_3").mkdir()
    (ray / where).symlink_to(tmp_path / "elsewhere")
    assert "secret" not in collected(tmp_path, ray)


def test_a_fifo_does_not_hold_the_driver_up(tmp_path: Path, ray: Path) -> None:
    os.mkfifo(ray / "session_1" / "logs" / "worker-2.out")
    assert "printed by a worker" in collected(tmp_path, ray)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make another user's file")
def test_another_users_file_stays_out(tmp_path: Path, ray: Path) -> None:
    path = ray / "session_1" / "logs" / "worker-2.out"
    path.write_text("a secret\n")
    os.chown(path, 12345, 12345)
    assert "secret" not in collected(tmp_path, ray)


def test_the_log_is_not_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("as it was")
    (tmp_path / "study.log").symlink_to(target)
    with pytest.raises(UserError, match="is a link"):
        Log(Folder(tmp_path))("hello")
    assert target.read_text() == "as it was"


def test_the_log_is_a_file_that_others_cannot_write(tmp_path: Path) -> None:
    Log(Folder(tmp_path)).close()
    assert not stat.S_IMODE((tmp_path / "study.log").stat().st_mode) & 0o022
