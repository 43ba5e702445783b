"""``auto``: one budget over all stages and starts. The whole of it, held to the clock and through kills, is long."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.auto import killed
from results.store import Study
from study.cli.main import main
from tests.support import ROOT, flat
from tests.support.in_process import everything_in_process

DIGITS = ["--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits", "--quiet"]


def auto(study: Path, *words: str) -> int:
    with everything_in_process():
        return main(["auto", "--study", str(study), *DIGITS, *words])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that auto has made, with fewer epochs and trials than it would take by itself."""
    study = tmp_path_factory.mktemp("auto") / "study"
    assert auto(study, "--budget", "5m", "--trials", "12", "--margin", "3", "--set", "epochs=4") == 0
    return study


def test_it_goes_through_all_stages_and_ends_earlier_where_all_is_decided(done: Path) -> None:
    study = Study.open(done)
    meta, records = study.meta, study.records()
    assert meta.auto is not None and meta.auto.stage == "done" and 0 < meta.auto.used < 200
    assert sum(r.kind == "sweep" for r in records) <= 12 and len([r for r in records if r.kind == "baseline"]) == 6
    assert meta.plans[0]["family"] == "confirm" and meta.plans[0]["verdicts"]
    assert (done / "report.html").stat().st_size > 10_000
    better = any(v["verdict"] == "better" for v in meta.plans[0]["verdicts"])
    assert better == (len(meta.plans) == 2), "what is better is taken apart, and nothing else"


def test_the_same_again_trains_nothing_and_counts_nothing(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, used = (done / "records.jsonl").read_bytes(), Study.open(done).meta.auto
    assert auto(done) == 0  # the budget is the study's
    assert (done / "records.jsonl").read_bytes() == records and Study.open(done).meta.auto == used
    assert "of 5 min 00 s used." in capsys.readouterr().out


def test_a_larger_budget_extends_and_a_smaller_one_is_refused(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    shutil.copytree(done, study)
    assert auto(study, "--budget", "2m") == 2
    assert "a larger one extends it" in capsys.readouterr().err
    assert auto(study, "--budget", "6m") == 0
    found = Study.open(study).meta.auto
    assert found is not None and found.budget == 360 and found.stage == "done"


@pytest.mark.long
def test_trials_found_since_an_earlier_confirmation_are_judged_by_a_further_plan(done: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(done, study)
    kept = json.loads((study / "study.json").read_text())
    (study / "study.json").write_text(json.dumps(kept | {"auto": None}))  # as after the four commands by hand
    assert auto(study, "--budget", "5m", "--trials", "20") == 0
    plans = [p for p in Study.open(study).meta.plans if p["family"] == "confirm"]
    assert len(plans) == 2 and plans[1]["alpha"] < plans[0]["alpha"]
    old, new = ({pair["candidate"] for pair in p["pairs"]} for p in plans)
    assert new - old, "candidates that the first plan did not judge"


@pytest.mark.long
def test_where_nothing_is_better_the_ablation_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--budget", "5m", "--trials", "5", "--margin", "5", "--space", "luck", "--set", "epochs=1")
    assert auto(tmp_path / "study", *words) == 0
    assert "The ablation is left out: no candidate is better than the baseline" in capsys.readouterr().out
    found = Study.open(tmp_path / "study").meta
    assert found.auto is not None and found.auto.stage == "done" and len(found.plans) == 1


def test_a_dry_run_and_what_is_refused_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study"
    for words, code, says in (
        (["--dry-run", "--budget", "3m"], 0, "not recorded yet: the baseline comes first"),
        ([], 2, "--budget: say how long all may take"),
        (["--budget", "20s"], 2, "--budget 20 s: the least that would do is 31 s for starting and ending alone"),
        (["--budget", "3m", "--space", "none"], 2, "space"),
    ):
        assert auto(study, *words) == code
        said = capsys.readouterr()
        assert says in flat(said.err if code else said.out) and not study.exists()
        assert code == 0 or said.err.count("\n") == 1


def test_a_budget_that_known_costs_make_too_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study"
    with everything_in_process():
        assert main(["baseline", "--study", str(study), *DIGITS, "--set", "epochs=2"]) == 0
    path = study / "records.jsonl"
    path.write_text("".join(json.dumps(json.loads(x) | {"seconds": 1000.0}) + "\n" for x in path.open()))
    before = (study / "study.json").read_bytes()
    capsys.readouterr()
    assert auto(study, "--budget", "1h") == 2
    assert "min, at 17 min for a training" in capsys.readouterr().err and (study / "study.json").read_bytes() == before
    assert auto(study, "--budget", "40h", "--dry-run") == 0
    said = flat(capsys.readouterr().out)
    assert "Split: a sweep of" in said and "it misses more often than not" in said
    assert (study / "study.json").read_bytes() == before


@pytest.mark.parametrize(
    "forged", [{"budget": -1}, {"budget": 9, "used": "x"}, {"budget": 9, "stage": "x"}, {"budget": 1e300}, 7]
)
def test_a_forged_budget_is_told_in_a_line(
    done: Path, tmp_path: Path, forged: object, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    meta = json.loads((done / "study.json").read_text()) | {"auto": forged}
    (study / "study.json").write_text(json.dumps(meta))
    assert main(["report", "--study", str(study)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "auto" in said


@pytest.mark.long
def test_kills_lose_nothing_and_the_budget_is_counted_over_restarts(tmp_path: Path) -> None:
    """How long it took is the benchmark's to say: benchmarks.auto."""
    found = killed(tmp_path, 120, kills=4, seed=os.getpid())
    broken = [text for text in found["wrong"] if "lost" in text or "twice" in text or "page" in text]
    assert not broken, found
    assert found["kills"] >= 1 and 0 < found["counted"] <= found["seconds"], found
