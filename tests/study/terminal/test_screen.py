"""No foreign text reaches the terminal as it is, whichever command prints it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from study.cli.main import main
from study.search.summary import print_summary
from study.search.sweep import SweepSummary
from study.terminal.screen import note, plain, say, width, wrapped
from tests.support import ROOT, synthetic

HOSTILE = "\x1b]0;owned\x07\x1b[2J[/red][bold]\u202e"
HONEST = (ROOT / "examples/digits_sklearn.py").read_text()


def held(text: str) -> None:
    assert text and not set("\x1b\x07\u202e\x9b\r") & set(text)


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"one\n{HOSTILE}")
    note("x" * 3_000_000)
    said = capsys.readouterr()
    held(said.out)
    assert said.out.startswith("one\n") and said.out.count("\n") == 2 and len(said.err) < 5000


@pytest.mark.parametrize("columns", [20, 80])
def test_lines_break_between_words_and_a_command_never(columns: int) -> None:
    words = "ends with the next command, complete, and a_word_of_more_than_twenty_characters " * 3
    command = "  python -m study.run confirm --study 'a folder/of mine' --top 1 --max-seeds 12 --margin 0.5 --explain"
    lines = wrapped(f"next: {words}:\n{command}\n  indented {words}", columns).split("\n")
    at = lines.index(command)
    assert " ".join(lines[:at]) == f"next: {words}:".replace(" :", " :") and len(lines) > at + 2
    assert all(line.startswith("  ") for line in lines[at + 1 :])
    assert " ".join(" ".join(lines[at + 1 :]).split()) == f"indented {words}".strip()
    assert all(len(line) <= columns or " " not in line.strip() for line in lines[:at])


def test_text_is_as_wide_as_a_log_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert width(io.StringIO()) == width(None) == 80 and plain(io.StringIO()) and plain(None)


def test_an_error_of_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.py").write_text(f"{HONEST}\ndef train(*a, **k): raise ValueError({HOSTILE + 'x' * 3_000_000!r})\n")
    words = ["--trainable", str(tmp_path / "t.py"), "--dataset", "digits", "--quiet"]
    assert main(["baseline", "--study", str(tmp_path / "s"), *words]) == 1
    said = capsys.readouterr()
    held(said.out), held(said.err)
    assert "failed: ValueError" in said.err and len(said.err) < 5000


def test_what_a_study_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep's values, its space, its trainable and data, in a dry run, a summary and a refusal."""
    maker = synthetic.Maker(val=200, test=300)
    study = synthetic.write(tmp_path, maker, synthetic.baselines(maker, 2) + synthetic.sweep(maker, 12))
    hostile = [r.model_copy(update={"config": r.config | {"normalization": HOSTILE}}) for r in study.records()]
    print_summary(study, SweepSummary(hostile, 12, None, [], False), 504)
    held(capsys.readouterr().out)
    file = study.path / "study.json"
    meta = json.loads(file.read_text())
    file.write_text(json.dumps(meta | {"trainable": HOSTILE, "name": HOSTILE}))
    assert main(["baseline", "--study", str(study.path)]) == 2
    held(capsys.readouterr().err)
