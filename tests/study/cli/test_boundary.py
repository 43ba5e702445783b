"""Every exception is one line and a code; its traceback is in a log that the line names."""

from __future__ import annotations

import errno
import os
import re
import stat
from argparse import Namespace
from pathlib import Path

import pytest

from results.errors import UserError, foreign
from study.cli.boundary import exit_code


def say(error: BaseException, capsys: pytest.CaptureFixture[str], study: Path | None = None) -> tuple[int, str]:
    try:
        raise error
    except BaseException as raised:
        code = exit_code(raised, Namespace(command="sweep", study=study))
    said = capsys.readouterr()
    assert said.out == "" and said.err.strip().count("\n") == 0 and "Traceback" not in said.err
    return code, said.err.strip()


def log_of(line: str) -> Path:
    found = re.search(r"traceback in '(.*?)'", line)
    assert found, line
    return Path(found.group(1))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_codes(capsys: pytest.CaptureFixture[str], temporary: Path) -> None:
    assert say(UserError("no\nsuch\x1b[31m"), capsys) == (2, r"error: no such\x1b[31m")
    assert say(KeyboardInterrupt(), capsys)[0] == 130
    assert say(BrokenPipeError(), capsys)[0] == 0
    assert list(temporary.iterdir()) == []
    for kind in (errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EMFILE, errno.ENOSPC):
        code, line = say(OSError(kind, os.strerror(kind), "/some/where"), capsys)
        assert code == 2 and "'/some/where'" in line and os.strerror(kind) in line
    code, line = say(ValueError("a\nb\x07"), capsys)
    assert code == 3 and r"ValueError: a b\x07" in line
    assert stat.S_IMODE(log_of(line).stat().st_mode) == 0o600
    assert "Traceback" in log_of(line).read_text()
    assert say(RecursionError("x" * 3_000_000), capsys)[0] == 3


def test_a_long_message_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(say(UserError("x" * 3_000_000), capsys)[1]) < 2100


def test_what_code_of_the_users_raises_is_bad_input(capsys: pytest.CaptureFixture[str], temporary: Path) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    for error in (Odd(), SystemExit(7), ZeroDivisionError("in\x1b[2J")):
        with pytest.raises(UserError) as caught, foreign("trainable 'x'"):
            raise error
        code, line = say(caught.value, capsys)
        assert code == 2 and "trainable 'x'" in line and type(error).__name__ in line and "\x1b" not in line
        assert "test_boundary.py" in line and type(error).__name__ in log_of(line).read_text()


def test_the_log_is_the_studys_where_it_is_one_and_no_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], temporary: Path
) -> None:
    study, other = tmp_path / "study", tmp_path / "other.txt"
    study.mkdir()
    other.write_text("mine")
    assert log_of(say(ValueError("x"), capsys, study)[1]).parent == temporary  # no study yet
    (study / "study.json").write_text("{}")
    assert log_of(say(ValueError("x"), capsys, study)[1]) == study / "study.log"
    for make in (os.symlink, os.link, lambda _, name: os.mkfifo(name), lambda _, name: os.mkdir(name)):
        (study / "study.log").unlink()
        make(other, study / "study.log")
        assert log_of(say(ValueError("x"), capsys, study)[1]).parent == temporary
        assert other.read_text() == "mine"
        if (study / "study.log").is_dir():
            (study / "study.log").rmdir()
            (study / "study.log").touch()
