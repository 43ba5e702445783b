"""The command line as a person uses it: its exit code, its one line, what it leaves on the disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.files import Folder
from results.store import Study
from tests.support import ROOT, flat
from tests.support.commands import refused, run, run_apart, start

QUICK = ["--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with one quick baseline."""
    study = tmp_path_factory.mktemp("cli") / "study"
    run_apart("baseline", *QUICK, "--study", study, "--set", "epochs=3")
    return study


def test_help_names_every_command() -> None:
    """What keeps it quick is held by test_floors."""
    out, _ = run_apart("--help")
    for command in ("baseline", "sweep", "confirm", "ablate", "auto", "report", "demo"):
        assert command in out
        assert "example" in run(command, "--help")[0]


def test_baseline_leaves_a_whole_study(done: Path) -> None:
    study = Study.open(done)
    (record,) = study.records()
    assert record.status == "complete" and record.kind == "baseline" and len(record.history) == 3
    assert study.meta.baseline["epochs"] == 3
    correct = record.per_example()
    assert record.test_confusion is not None and sum(map(sum, record.test_confusion)) == 597 == len(correct)  # type: ignore[arg-type]
    assert correct is not None and correct.mean() == pytest.approx(record.test["test_accuracy"])
    assert set(record.val_confusion) == {"1", "2", "3"}
    assert (done / "report.html").stat().st_size > 10_000
    predictions = study.predictions(record.run_id, "test")
    assert predictions is not None and predictions.accuracy == pytest.approx(record.test["test_accuracy"])
    assert not list((done / "checkpoints").glob("*")) and study.weights_path(record.run_id).exists()


def test_the_same_again_trains_nothing_and_other_seeds_are_added(done: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(done, study)
    before = (study / "records.jsonl").read_bytes()
    run("baseline", *QUICK, "--study", study)
    assert (study / "records.jsonl").read_bytes() == before
    run("baseline", "--seeds", "2", "--study", study)  # trainable and dataset are the study's
    assert [r.seed for r in Study.open(study).records()] == [504, 505]


def test_a_config_file_is_a_config_or_a_record(done: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for content in ({"epochs": 2, "gamma": 0.1}, {"config": {"epochs": 2, "gamma": 0.1}, "seed": 3}):
        file.write_text(json.dumps(content))
        study = tmp_path / f"study{len(content)}"
        run("baseline", *QUICK, "--study", study, "--config", file)
        baseline = Study.open(study).meta.baseline
        assert (baseline["epochs"], baseline["gamma"]) == (2, 0.1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "learning_rat=1"], "--set: the config has no field 'learning_rat'; did you mean 'learning_rate'?"),
        (["--set", "learning_rate=-1"], "--set: learning_rate='-1': Input should be greater than 0"),
        (["--set", "epochs=2.5"], "epochs='2.5'"),
        (["--set", "epochs"], "--set 'epochs' is not FIELD=VALUE"),
        (["--set", "epochs=2", "--set", "epochs=3"], "--set epochs is given twice"),
        (["--config", "absent.json"], "--config 'absent.json'"),
        (["--trainable", "absent_module"], "no trainable 'absent_module'"),
        (["--trainable", "absent.py"], "no trainable at 'absent.py'"),
        (["--trainable", "json"], "trainable 'json' has no function with @trainable, and as a module it lacks Config"),
        (["--dataset", "cifar"], "--dataset cifar: the data of trainable 'digits_sklearn' are always the same"),
        (["--device", "cuda"], "--device cuda"),
        (["--precision", "bf16"], "has no resolve_runtime, so it cannot know; use --precision fp32"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, words: list[str], says: str) -> None:
    refused(tmp_path / "study", "baseline", *QUICK, *words, says=says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "architecture=batchnorm"], "did you mean 'batch_norm'?"),
        (["--set", "normalization=chanel"], "did you mean 'channel'?"),
        (["--dataset", "digit"], "did you mean 'digits'?"),
        (["--dataset", "no/such/folder"], "no/such/folder"),
        (["--dataset", "digits", "--device", "cuda"], "no CUDA device"),
        (["--dataset", "digits", "--set", "validation_fraction=0.0001"], "leaves an empty split"),
    ],
)
def test_alexnet_refuses_bad_input(tmp_path: Path, words: list[str], says: str) -> None:
    if "cuda" in words and Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU")
    refused(tmp_path / "study", "baseline", *words, says=says)


def test_cifar10_that_cannot_be_had_names_what_to_do(tmp_path: Path) -> None:
    if (ROOT / "data" / "cifar-10-batches-py").exists():
        pytest.skip("CIFAR-10 is there")
    proxy = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    refused(
        tmp_path / "study",
        "baseline",
        "--data-dir",
        tmp_path / "data",
        says="--dataset digits",
        env={**proxy, "no_proxy": ""},
    )


def test_a_study_is_held_to_what_it_was_started_with(done: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text((ROOT / "examples/digits_sklearn.py").read_text() + "# another\n")
    refused(done, "baseline", "--set", "epochs=4", says="has a baseline with epochs=3, not epochs=4")
    refused(done, "baseline", "--trainable", other, "--dataset", "digits", says="is of trainable")
    refused(done, "baseline", "--dataset-name", "numbers", says="labels its dataset 'digits'")
    refused(done, "baseline", "--precision", "bf16", says="use --precision fp32")


def test_a_folder_that_is_no_study_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused(tmp_path, "baseline", *QUICK, says="is not a study folder")
    refused(tmp_path, "report", says="is not a study folder")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    refused(tmp_path / "absent", "report", says="no study at")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "study.json").write_text("{")
    refused(broken, "report", says="is not a study.json")


def test_one_study_has_one_writer(done: Path) -> None:
    with Folder(done).lock():
        refused(done, "baseline", says=f"is being written by process {os.getpid()}")


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere; needs setpriv")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    where = Path("/proc/study") if os.geteuid() == 0 else tmp_path / "locked" / "study"
    where.parent.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        where.parent.chmod(0o500)
    refused(where, "baseline", *QUICK, says="cannot write")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with 64 kB of room, as only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_one_line(small_disk: Path) -> None:
    _, err = run_apart("baseline", *QUICK, "--set", "features=4000", "--study", small_disk / "study", "--quiet", code=2)
    assert err.count("\n") == 1 and "No space left on device" in err
    assert Study.open(small_disk / "study").records() == []


@pytest.mark.long
def test_ctrl_c_keeps_what_is_finished_and_goes_on_to_the_same_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [
        "baseline",
        "--dataset",
        "digits",
        "--set",
        "architecture=tiny",
        "--set",
        "epochs=12",
        "--precision",
        "fp32",
    ]
    run_apart(*words, "--study", tmp_path / "whole")
    monkeypatch.setenv("STUDY_CHECKPOINT_SECONDS", "0")
    process = start(*words, "--study", tmp_path / "cut")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 4/"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in err and "Traceback" not in err
    assert Study.open(tmp_path / "cut").records() == []
    _, err = run_apart(*words, "--study", tmp_path / "cut")
    assert "going on after epoch" in err
    (whole,), (cut,) = (Study.open(tmp_path / name).records() for name in ("whole", "cut"))
    assert cut.resumed_at

    def told(record) -> dict:
        value = record.model_dump(exclude={"seconds", "started", "startup_seconds", "command", "resumed_at", "history"})
        return value | {"history": [row.model_dump(exclude={"seconds"}) for row in record.history]}

    assert told(cut) == told(whole)


def test_report_formats_print_tables(done: Path) -> None:
    for name, mark in (("csv", ","), ("json", "["), ("md", "|"), ("latex", "\\toprule")):
        assert mark in run("report", "--study", done, "--format", name)[0]


def test_a_trainable_that_was_changed_is_said(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text((ROOT / "examples/digits_sklearn.py").read_text())
    words = ("baseline", "--study", tmp_path / "s", "--trainable", mine, "--dataset", "digits", "--set", "epochs=1")
    assert "is not what this study was started with" not in flat(run(*words)[1])
    mine.write_text(mine.read_text() + "\n# another line\n")
    assert "is not what this study was started with" in flat(run(*words)[1])
