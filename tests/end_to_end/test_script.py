"""A script that knows nothing of the toolkit, from its baseline to its ablation, by the command line alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from results.store import Study
from tests.support import flat
from tests.support.commands import refused, run, run_apart

TRAIN = """\
# the loss of a made-up model: the seed is noise, lr 0.3 and the kind 'b' are better than the baseline
awk -v seed="$1" -v lr="$2" -v kind="$3" 'BEGIN {
    srand(seed)
    noise = rand() / 50
    for (i = 1; i <= 4; i++)
        printf "epoch %d val_loss=%.6f\\n", i, (lr - 0.3) ^ 2 + (kind == "b" ? 0 : 0.5) + noise + 1 / i
    printf "test_loss: %.6f\\n", (lr - 0.3) ^ 2 + (kind == "b" ? 0 : 0.5) + noise
}'
"""
SPACE = """\
from search_spaces import choice, uniform

rates = {"lr": uniform(0.1, 0.5), "kind": choice("a", "b")}
"""
COMMAND = ["--command", "sh train.sh {seed} {lr} {kind}", "--engine", "here"]
FIRST = ["--metric", "val_loss:min", "--test-metric", "test_loss", "--baseline", "lr=1,kind=a"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script lies, with a study that has a baseline and a sweep."""
    folder = tmp_path_factory.mktemp("script")
    (folder / "train.sh").write_text(TRAIN)
    (folder / "mine.py").write_text(SPACE)
    out, err = run_apart("baseline", *COMMAND, *FIRST, "--seeds", "3", "--study", "s", cwd=folder)
    assert "read from its output: val_loss (4 times; val_loss is the metric); at the end test_loss" in flat(out + err)
    run_apart("sweep", *COMMAND, "--space", "mine.py:rates", "--trials", "8", "--study", "s", cwd=folder)
    return folder


def test_the_records_hold_what_it_printed(folder: Path) -> None:
    baseline = Study.open(folder / "s").records()[0]
    noise = baseline.history[-1].values["val_loss"] - 0.49 - 0.5 - 0.25  # type: ignore[operator]
    assert 0 <= noise <= 0.02
    assert baseline.test["test_loss"] == pytest.approx(0.99 + noise, abs=2e-6)
    assert [row.values["val_loss"] for row in baseline.history] == pytest.approx(
        [0.99 + noise + 1 / i for i in (1, 2, 3, 4)], abs=2e-6
    )
    assert baseline.test_confusion is None and baseline.metric.goal == "min"


def test_confirm_and_ablate_tell_what_is_known_to_be_true(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    here = tmp_path / "copy"
    out, _ = run("confirm", *COMMAND, "--top", "1", "--seeds", "4", "--study", "s", cwd=here)
    assert "better: lower expected loss on this test set (-" in flat(out)
    before = (here / "s" / "records.jsonl").read_bytes()
    for words in (["--seeds", "5"], ["--max-seeds", "4"]):  # another plan than the one that has ended
        refused(here / "s", "confirm", *COMMAND, *words, says="with --further another plan begins", cwd=here)
    out, _ = run("confirm", *COMMAND, "--top", "1", "--seeds", "4", "--study", "s", cwd=here)
    assert "Nothing to train: plan 1 has ended" in out
    assert (here / "s" / "records.jsonl").read_bytes() == before
    out, _ = run("ablate", *COMMAND, "--seeds", "4", "--parts", "leave-one-out", "--study", "s", cwd=here)
    assert "lr (leave-one-out) better: " in flat(out)
    page = (here / "s" / "report.html").read_text()
    assert "accuracy" not in page and "confusion" not in page


def test_a_studys_word_alone_runs_no_command(folder: Path) -> None:
    refused(folder / "s", "sweep", says="a study's word alone runs none: give it on this command line, --command 'sh ")
    before = (folder / "s" / "records.jsonl").read_bytes()
    run("report", "--study", "s", cwd=folder)
    run("confirm", "--dry-run", "--study", "s", cwd=folder)
    assert (folder / "s" / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--command", "sh other.sh {seed} {lr} {kind}"],
            "has --command 'sh train.sh {seed} {lr} {kind}', not 'sh other",
        ),
        ([*COMMAND, "--metric", "val_loss:max"], "has --metric val_loss:min, not val_loss:max"),
        ([*COMMAND, "--margin", "0.5"], "has no --margin, not '0.5'"),
        ([*COMMAND, "--baseline", "lr=2,kind=a"], "has --baseline lr=1,kind=a, not lr=2,kind=a"),
        ([*COMMAND, "--trainable", "alexnet"], "--command and --trainable: a study is of one of them"),
        (["--metric", "val_loss:min"], "--metric is for a script: give --command as well"),
    ],
)
def test_what_contradicts_the_study_is_refused(words: list[str], says: str, folder: Path) -> None:
    refused(folder / "s", "baseline", *words, says=says, cwd=folder)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (COMMAND, "--command needs --metric NAME:max or NAME:min"),
        ([*COMMAND, "--metric", "val_loss"], "say which way is better, val_loss:max or val_loss:min"),
        (
            [*COMMAND, "--metric", "val_loss:min"],
            "lacks a value for kind, lr: give --baseline kind=...,lr=...",
        ),
        (["--command", "no-such-program {seed}", "--metric", "a:min"], "no-such-program"),
        (["--command", "sh train.sh > log", "--metric", "a:min"], ">"),
        (["--command", "sh train.sh {seed", "--metric", "a:min"], "{"),
        (
            ["--command", "sh train.sh {seed}", "--metric", "a:min", "--parse", "("],
            "--parse '(' is no regular expression",
        ),
    ],
)
def test_a_command_that_cannot_be_run_is_refused(words: list[str], says: str, folder: Path, tmp_path: Path) -> None:
    refused(tmp_path / "new", "baseline", *words, says=says, cwd=folder)


def test_without_a_seed_everything_works_but_verdicts(folder: Path, tmp_path: Path) -> None:
    unseeded = ["--command", "sh train.sh 1 {lr} {kind}", "--engine", "here"]
    study = tmp_path / "unseeded"
    run("baseline", *unseeded, *FIRST, "--study", study, cwd=folder)
    run("sweep", *unseeded, "--space", "mine.py:rates", "--trials", "3", "--study", study, cwd=folder)
    for words in (["confirm"], ["ablate"], ["confirm", "--dry-run"], ["baseline", "--seeds", "2"]):
        given = [] if "--dry-run" in words else unseeded
        refused(study, *words, *given, says="the command has no {seed}", cwd=folder)
    fresh = tmp_path / "fresh"
    refused(fresh, "baseline", *unseeded, *FIRST, "--seeds", "2", says="the command has no {seed}", cwd=folder)


def test_a_script_that_fails_says_why_and_leaves_no_score(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.sh").write_text("echo 'reading data.csv'\necho 'bad.sh: data.csv is missing' >&2\nexit 4\n")
    words = ["--command", "sh bad.sh {seed}", "--metric", "a:min", "--engine", "here", "--study", "s"]
    out, err = run_apart("baseline", *words, cwd=tmp_path, code=1)
    said = "failed: the command ended with exit code 4; its last lines: reading data.csv | bad.sh: data.csv"
    assert said in flat(out + err)
    record = json.loads((tmp_path / "s" / "records.jsonl").read_text())
    assert record["status"] == "failed" and record["val"] == record["test"] == {}


def test_a_changed_script_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "train.sh").write_text(TRAIN + "# changed\n")
    _, err = run("baseline", *COMMAND, "--seeds", "3", "--study", "s", cwd=tmp_path / "copy")
    assert "note: 'train.sh' was changed since this study last ran it" in flat(err)
    _, err = run("baseline", *COMMAND, "--seeds", "3", "--study", "s", cwd=tmp_path / "copy")
    assert "was changed" not in err
