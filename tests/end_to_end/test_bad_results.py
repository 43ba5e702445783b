"""A trainable whose numbers are none: the command ends by itself, says why, and leaves a record for each trial."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from results.store import Study
from study.cli.main import main
from tests.support import TOY
from tests.support.commands import run_apart

TRAINABLE = """
    from search_spaces import log_float
    from tests.support import toy
    from tests.support.toy import *

    SPACES = {"default": {"learning_rate": log_float(1e-3, 1.0)}}

    def train(config, run):
        for values in toy.train(config, run):
            yield values | {"val_loss": None}
"""


@pytest.mark.long
def test_a_sweep_whose_loss_is_none_ends_with_a_failed_record_for_each_trial(tmp_path: Path) -> None:
    """It starts Ray once: some ten seconds on a quiet machine. Whatever is raised must not start Ray Tune again."""
    file = tmp_path / "none.py"
    file.write_text(textwrap.dedent(TRAINABLE))
    words = ("--trainable", file, "--dataset", "600", "--study", tmp_path / "study", "--set", "epochs=3")
    out, err = run_apart("sweep", "--trials", "4", "--concurrency", "2", *words, code=1)
    assert "Traceback" not in err + out
    records = Study.open(tmp_path / "study").records()
    assert [(r.status, r.error) for r in records] == [("failed", "epoch 1: val_loss is None, not a number")] * 4
    assert "Tune gave up" not in (tmp_path / "study" / "study.log").read_text()


LEAVES = """
    import os
    from tests.support import toy
    from tests.support.toy import *

    def train(config, run):
        os.chdir(os.environ["ELSEWHERE"])
        return toy.train(config, run)
"""


def test_a_trainable_that_changes_folder_does_not_take_the_study_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    (here / "leaves.py").write_text(textwrap.dedent(LEAVES))
    monkeypatch.setenv("ELSEWHERE", str(elsewhere))
    monkeypatch.setenv("TOY_IN_PROCESS", "1")
    monkeypatch.chdir(here)
    words = ["--trainable", "leaves.py", "--dataset", "600", "--study", "study", "--set", "epochs=3"]
    assert main(["baseline", *words]) == 0
    assert Path.cwd() == here and list(elsewhere.iterdir()) == []
    (record,) = Study.open(here / "study").records()
    assert record.status == "complete" and (here / "study" / "report.html").exists()
    assert (here / "study" / "predictions" / f"{record.run_id}.npz").exists()


@pytest.mark.parametrize("given", ["x", "-1", "nan", "inf"])
def test_seconds_between_checkpoints_that_are_none_are_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    monkeypatch.setenv("STUDY_CHECKPOINT_SECONDS", given)
    assert main(["baseline", "--trainable", TOY, "--dataset", "600", "--study", str(tmp_path / "study")]) == 2
    said = f"error: STUDY_CHECKPOINT_SECONDS '{given}' is not a number of seconds from 0, as 5 or 0.5\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "study").exists()
