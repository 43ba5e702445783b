"""A study that somebody mails: a forged record takes its verdict with it, and the page says which and why."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.analysis.evidence import Evidence
from results.errors import IgnoredRecord
from results.store import Study
from study.cli.main import main
from study.report.chapters import certainty
from study.report.page import render, view_of
from study.report.parts import verdicts
from tests.support import ROOT
from tests.support.page import by_id, check, part, text

REFERENCE = ROOT / "results" / "reference"
CONFIRMED = "8a59ad1f5005-s505"  # trial 42 on its first fresh seed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REFERENCE / "sweep-cifar10-jpeg", tmp_path / "study"))


def rewrite(folder: Path, edit: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
    """Replace the line of the confirmed run by what ``edit`` makes of it."""
    lines = (folder / "records.jsonl").read_text().splitlines()
    made: list[str] = []
    for line in lines:
        value = json.loads(line)
        made += [json.dumps(v) for v in edit(value)] if value["run_id"] == CONFIRMED else [line]
    (folder / "records.jsonl").write_text("\n".join(made) + "\n")


def test_the_honest_page_says_better(folder: Path) -> None:
    tree = check(render(Study.open(folder)))
    said = text(by_id(tree, "confirm-table"))
    assert "better" in said and "+2.24" in said and "Records ignored" not in text(tree)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda r: [r | {"test_accuracy": 1.7}], "test_accuracy: Input should be less"),
        (lambda r: [r | {"test_accuracy": 0.95}], "its examples say 0.7656"),
        (lambda r: [r | {"test_accuracy": 0.95, "test_confusion": None}], "its examples say 0.7656"),
        (lambda r: [r | {"seconds": 1.0}, r], "lines 55 and 56 of this run differ, so none of them counts"),
        (lambda r: [r, r | {"run_id": CONFIRMED + "-2", "test_loss": 0.1}], "lines 55 and 56 have other scores of one"),
        (lambda r: [r | {"test_images": 10**11}], "test_images: Input should be less"),
        (lambda r: [r | {"test_accuracy": 0.95, "test_correct": None, "test_confusion": None}], "test_examples is"),
        (lambda r: [r | {"test_accuracy": 0.95, "test_images": None, "test_confusion": None}], "test_examples is miss"),
        (lambda r: [r | {"test_confusion": None}], "test_confusion is missing, but a complete run"),
        (lambda r: [r | {"history": [], "val_confusion": {}}], "but no epoch of the history is selected"),
        (lambda r: [r | {"best_epoch": None, "val_accuracy": 0.99, "val_confusion": {}}], "best_epoch is missing"),
        (lambda r: [r | {"config": r["config"] | {"epochs": 26}}], "config_hash is '8a59ad1f5005', but its"),
        (lambda r: [r | {"schema": 2}], "metric: Field required"),
        (lambda r: [r | {"schema": 3}], "its schema is 3"),
        (lambda r: [r | {"status": "failed"}], "but a failed run has none"),
        (lambda r: [r | {"val_accuracy": 0.9}], "but epoch 25 of the history has"),
    ],
)  # fmt: skip
def test_a_forged_record_takes_the_verdict_with_it(folder: Path, edit: Any, why: str) -> None:
    rewrite(folder, edit)
    with pytest.warns(IgnoredRecord, match=CONFIRMED):
        view = view_of(Study.open(folder))
    warned(text(part(certainty.validity(view))), why)
    assert not view.verdicts("confirm") and verdicts.confirmed(view) is None


def warned(said: str, why: str) -> None:
    assert why in said and f"run {CONFIRMED}" in said and f"it counted {CONFIRMED}, which is ignored" in said


def test_no_part_of_the_page_shows_a_forged_score(folder: Path) -> None:
    rewrite(folder, lambda r: [r | {"test_accuracy": 1.7}])
    no_verdict(folder, "test_accuracy: Input should be less than or equal to 1")


def test_no_part_of_the_page_shows_what_a_differing_duplicate_says(folder: Path) -> None:
    rewrite(folder, lambda r: [r | {"seconds": 1.0}, r])
    no_verdict(folder, "lines 55 and 56 of this run differ, so none of them counts")


def no_verdict(folder: Path, why: str) -> None:
    with pytest.warns(IgnoredRecord, match=CONFIRMED):
        page = render(Study.open(folder))
    tree = check(page)
    warned(text(by_id(tree, "validity")), why)
    assert "+2.24" not in text(tree) and "+95." not in text(tree) and "confirm-table" not in page


def test_commands_that_read_say_it_once_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(folder, lambda r: [r | {"test_accuracy": 1.7}])
    for words in (["report"], ["report", "--format", "md"], ["export"], ["confirm", "--dry-run"]):
        assert main([*words, "--study", str(folder)]) == 0
        error = capsys.readouterr().err
        assert (
            error.count(f"note: 1 line of records.jsonl is ignored: line 55, run {CONFIRMED}: test_accuracy: Input")
            == 1
        )
        assert "IgnoredRecord" not in error


def test_identical_lines_count_once(folder: Path) -> None:
    rewrite(folder, lambda r: [r, r, r])
    reading = Study.open(folder).read()
    assert len(reading.records) == 97 and not reading.ignored


def test_a_broken_copy_beside_the_whole_record_takes_nothing(folder: Path) -> None:
    rewrite(folder, lambda r: [r | {"test_accuracy": 1.7}, r])
    with pytest.warns(IgnoredRecord, match="line 55"):
        evidence = Evidence.of(Study.open(folder))
    assert len(evidence.everything) == 97 and len(evidence.verdicts("confirm")) == 1


@pytest.mark.parametrize("name", ["sweep-cifar10-jpeg", "baseline-cifar10-jpeg"])
def test_committed_records_are_read_as_plain_json_says(name: str) -> None:
    plain = [json.loads(line) for line in (REFERENCE / name / "records.jsonl").read_text().splitlines()]
    reading = Study.open(REFERENCE / name).read()
    assert not reading.ignored

    for old, new in zip(plain, (json.loads(r.line()) for r in reading.records), strict=True):
        for field in ("run_id", "kind", "status", "seed", "config", "best_epoch", "test_confusion", "val_confusion",
                      "seconds", "trial", "environment"):  # fmt: skip
            assert new[field] == old[field]
        assert [row["epoch"] for row in new["history"]] == [row["epoch"] for row in old["history"]]
        for mine, its in zip(new["history"], old["history"], strict=True):
            assert mine["values"] | {"epoch": mine["epoch"], "seconds": mine["seconds"]} == its
        assert [new["val"].get(f) for f in ("val_loss", "val_accuracy")] == [old["val_loss"], old["val_accuracy"]]
        assert [new["test"].get(f) for f in ("test_loss", "test_accuracy")] == [old["test_loss"], old["test_accuracy"]]
        bits = new["test_examples"] or {"n": None, "data": None}
        assert (bits["n"], bits["data"]) == (old["test_images"], old["test_correct"])


@pytest.mark.parametrize(("loss", "ignored"), [(1e99, 0), (1e101, 1), (-1e308, 1)])
def test_a_value_of_which_no_axis_can_be_drawn_is_ignored(folder: Path, loss: float, ignored: int) -> None:
    def edit(record: dict[str, Any]) -> list[dict[str, Any]]:
        last = record["history"][-1]
        return [record | {"history": [*record["history"][:-1], last | {"train_loss": loss}]}]

    rewrite(folder, edit)
    with warnings.catch_warnings():
        for kind in (RuntimeWarning, UserWarning):  # an overflow, an axis of no size
            warnings.simplefilter("error", kind)
        warnings.simplefilter("ignore", IgnoredRecord)
        study = Study.open(folder)
        assert len(study.read().ignored) == ignored
        check(render(study))
