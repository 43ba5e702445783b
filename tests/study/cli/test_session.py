"""What a study's files say is checked where a command opens it: a slip there is one line, never a defect of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from results.store import Study
from study.cli.main import main
from tests.support import ROOT

WORDS = ["--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits", "--quiet"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    assert main(["baseline", "--study", str(tmp_path / "s"), *WORDS, "--set", "epochs=1"]) == 0
    return tmp_path / "s"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sweep": {"keep_weights": "x"}}, "keep_weights: 'x' is not a whole number from 0"),
        ({"sweep": {"keep_weights": None}}, "keep_weights: 'None' is not a whole number"),
        ({"dataset": {"test_examples": 3}}, "test_examples of its dataset are 3, and they are"),
        ({"dataset": {"class_names": ["a", "b"]}}, "class_names of its dataset"),
    ],
)
def test_an_edited_study_is_refused(
    change: dict[str, Any], says: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meta = json.loads((study / "study.json").read_text())
    for key, values in change.items():
        meta[key] = {**(meta[key] or {}), **values}
    (study / "study.json").write_text(json.dumps(meta))
    assert main(["baseline", "--study", str(study), *WORDS]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and says in errors[0]


def test_a_run_whose_record_cannot_count_is_trained_again_under_another_name(study: Path) -> None:
    file = study / "records.jsonl"
    line = json.loads(file.read_text())
    forged = json.dumps({**line, "test": {**line["test"], "test_accuracy": 1.7}}) + "\n"
    file.write_text(forged)
    assert main(["baseline", "--study", str(study), *WORDS]) == 0
    assert file.read_text().startswith(forged)
    (record,) = Study.open(study).records()
    assert record.run_id == f"{line['run_id']}-2" and record.test == line["test"]


@pytest.mark.parametrize("kind", ["a hard link", "a link"])
def test_records_that_cannot_be_added_to_are_refused_before_training(
    kind: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records, text = study / "records.jsonl", (study / "records.jsonl").read_bytes()
    records.rename(tmp_path / "elsewhere")
    (os.link if kind == "a hard link" else os.symlink)(tmp_path / "elsewhere", records)
    before = (study / "study.json").read_bytes()
    (tmp_path / "mine.py").write_text(
        (ROOT / "examples/digits_sklearn.py").read_text().replace("def train(", "def train(*_):\n    1 / 0\ndef other(")
    )
    meta = json.loads(before)
    (study / "study.json").write_text(json.dumps({**meta, "trainable": str(tmp_path / "mine.py")}))
    before = (study / "study.json").read_bytes()
    words = ["--trainable", str(tmp_path / "mine.py"), "--dataset", "digits", "--seed", "7"]
    assert main(["baseline", "--study", str(study), *words]) == 2
    said = capsys.readouterr().err
    assert f"{kind}" in said and "left alone" in said and "ZeroDivision" not in said
    assert (study / "study.json").read_bytes() == before
    assert (tmp_path / "elsewhere").read_bytes() == text
