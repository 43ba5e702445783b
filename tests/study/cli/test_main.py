"""The command line's own words: its help, its exit codes, what no command may be given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from study.cli import report
from study.cli.main import COMMANDS, main
from tests.support import ROOT


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    assert left.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_names_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys)
    assert all(command in said for command in COMMANDS)
    assert "exit codes: 0 done, 1 every training failed" in said and "130 interrupted" in said


def test_help_lists_what_a_command_takes_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert "example" in help_of(capsys, command)
    assert "--set FIELD=VALUE" in help_of(capsys, "ablate")
    refused = help_of(capsys, "confirm")
    assert "--set" not in refused and "--config" not in refused


@pytest.mark.parametrize("word", ["a\0b", "half \ud800"])
def test_a_word_that_is_no_text(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--study", word]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and "no text" in said


@pytest.mark.parametrize("study", ["", "d/" * 2000, "n" * 300])
def test_a_path_that_can_be_none(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "--study", study, "--dataset", "digits"]) == 2
    said = capsys.readouterr().err
    assert said.count("error: ") == 1 and "Traceback" not in said


@pytest.mark.long
def test_closed_streams_are_the_null_device(tmp_path: Path) -> None:
    study, trainable = tmp_path / "s", ROOT / "examples/digits_sklearn.py"
    for words, code in (
        (f"baseline --trainable '{trainable}' --dataset digits --set epochs=1 --study '{study}' <&- >&- 2>&-", 0),
        (f"export --format csv --out - --study '{study}' <&- >&-", 0),
        (f"report --study '{tmp_path / 'none'}' 2>&-", 2),
    ):
        ran = subprocess.run(f"'{sys.executable}' -m study.run {words}", shell=True, cwd=ROOT, stdin=subprocess.DEVNULL)
        assert ran.returncode == code, words
    assert (study / "report.html").exists()


def test_sigterm_is_ctrl_c_whatever_a_command_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(report, "run", lambda args: os.kill(os.getpid(), signal.SIGTERM))
    assert main(["report"]) == 130
    assert "interrupted" in capsys.readouterr().err and signal.getsignal(signal.SIGTERM) == before
