"""No foreign text reaches the terminal as it is, whichever command prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from study.cli.main import main
from study.search.summary import print_summary
from study.search.sweep import SweepSummary
from study.terminal.screen import note, say
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
