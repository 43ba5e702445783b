"""What leaves a study for other tools says what its records say."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from results.config import config_hash, read_config, run_id
from results.errors import UserError
from results.frame import COLUMNS, frame
from results.meta import DatasetInfo, StudyMeta, StudyMetric
from results.record import DatasetTag, HistoryRow, Record, find_run
from results.schema1 import ACCURACY
from results.store import Study
from study.report.tables.runs import export, export_run
from tests.support import ROOT
from tests.support.commands import refused, run, run_apart
from tests.support.runs import TAG, scored

FORMATS = ("csv", "parquet", "json")
BASELINE = {"rate": 0.1, "size": 64, "norm": "channel", "hidden": [8, 8], "shuffle": True}
NUMBER = 0.1 + 0.2  # 0.30000000000000004: every digit counts


def record(config: dict[str, Any], seed: int, **fields: Any) -> Record:
    whole = scored(NUMBER) if fields.get("status", "complete") == "complete" else {"val": {}}
    fields = {"kind": "sweep", "status": "complete"} | whole | fields
    tag = DatasetTag(name="toy", fingerprint="0")
    return Record(
        run_id=run_id(config, seed),
        config=config,
        config_hash=config_hash(config),
        seed=seed,
        dataset=tag,
        metric=TAG,
        **fields,
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    data = DatasetInfo(name="toy", fingerprint="0", class_names=["a", "b"], train_examples=4, test_examples=2)
    about = {"metric": StudyMetric.of(ACCURACY), "baseline": BASELINE, "device": "cpu", "precision": "fp32"}
    meta = StudyMeta(name="t", trainable="t", dataset=data, **about)
    study = Study.create(tmp_path / "study", meta)
    study.append(record(BASELINE, 1, kind="baseline", parameters=12))
    study.append(record(BASELINE | {"hidden": [4], "norm": 'é, "quoted"'}, 1, trial=1))
    study.append(record(BASELINE | {"rate": 0.2}, 2, status="failed", error="line 1\nline 2"))
    return study


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, float_precision="round_trip")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.DataFrame(json.loads(path.read_text()))


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_holds_one_row_per_run_with_the_columns_of_the_frame(study: Study, format: str) -> None:
    out = study.path / f"runs.{format}"
    assert export(study, format, out) == 3
    table, expected = read(out), frame(study.records(), study.meta)
    assert list(table.columns) == list(expected.columns)
    assert table["run_id"].tolist() == expected["run_id"].tolist()
    assert table["val_accuracy"].iloc[0] == NUMBER
    assert table["val_accuracy"].isna().tolist() == [False, False, True]
    assert table["error"].iloc[2] == "line 1\nline 2"
    assert table["config.norm"].iloc[1] == 'é, "quoted"'
    assert table["is_baseline"].tolist() == [True, False, False]
    hidden = table["config.hidden"].map(lambda value: json.loads(value) if isinstance(value, str) else value).tolist()
    assert hidden == [[8, 8], [4], [8, 8]]


def test_parquet_keeps_the_dtypes(study: Study) -> None:
    export(study, "parquet", study.path / "runs.parquet")
    table = pd.read_parquet(study.path / "runs.parquet", dtype_backend="numpy_nullable")
    assert {str(table[c].dtype) for c in ("seed", "trial", "parameters", "config.size")} == {"Int64"}
    assert str(table["config.shuffle"].dtype) == "boolean"


@pytest.mark.parametrize("format", FORMATS)
def test_a_study_without_runs_is_an_empty_table(study: Study, format: str) -> None:
    study.records_path.unlink()
    out = study.path / f"runs.{format}"
    assert export(study, format, out) == 0
    table = read(out)
    assert len(table) == 0
    assert format == "json" or set(COLUMNS) < set(table.columns)


def test_json_has_null_for_what_is_missing_and_a_line_per_run(study: Study) -> None:
    stream = BytesIO()
    export(study, "json", stream)
    rows = json.loads(stream.getvalue())
    assert rows[2]["val_accuracy"] is rows[2]["parameters"] is rows[0]["trial"] is None
    assert (rows[0]["parameters"], rows[1]["trial"], rows[0]["config.hidden"]) == (12, 1, [8, 8])
    assert len(stream.getvalue().splitlines()) == 3 + 2


def test_no_text_in_the_csv_runs_as_a_formula_and_numbers_stay_numbers(study: Study) -> None:
    values = {"val_loss": -0.5, "val_accuracy": 0.5}
    rows = [HistoryRow(epoch=1, values=values, seconds=1.0)]
    stopped = {"history": rows, "best_epoch": 1, "val": values}
    live = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1"]
    for i, text in enumerate(live):
        fields: dict[str, Any] = {"status": "pruned", "error": text, **stopped}
        study.append(record(BASELINE | {"norm": text, "=field": -1}, 10 + i, **fields))
    stream = BytesIO()
    export(study, "csv", stream)
    rows = list(csv.DictReader(StringIO(stream.getvalue().decode(), newline="")))[3:]
    assert [row["error"] for row in rows] == [row["config.norm"] for row in rows] == [f"'{text}" for text in live]
    assert {row["val_loss"] for row in rows} == {"-0.5"} and {row["config.=field"] for row in rows} == {"-1"}


def test_an_unknown_format_is_refused(study: Study) -> None:
    with pytest.raises(UserError, match="unknown format 'cvs'; did you mean 'csv'?"):
        export(study, "cvs", study.path / "x")


# -- one run -------------------------------------------------------------------------------------------------------


def test_a_run_is_exported_with_its_weights(study: Study, tmp_path: Path) -> None:
    first = study.records()[0]
    weights = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "steps": np.array(7)}
    study.save_state(study.weights_path(first.run_id), weights)
    exported = export_run(study, first.run_id, tmp_path / "out")
    assert read_config(exported.config) == first.config == BASELINE
    assert exported.note is None and exported.weights == tmp_path / "out" / "weights.safetensors"
    read_back = load_file(exported.weights)
    assert read_back.keys() == weights.keys()
    assert all(np.array_equal(read_back[k], v) and read_back[k].shape == v.shape for k, v in weights.items())


def test_weights_that_are_a_link_are_refused_with_nothing_written(study: Study, tmp_path: Path) -> None:
    first, theirs = study.records()[0], tmp_path / "theirs"
    theirs.write_bytes(b"secret")
    kept = study.weights_path(first.run_id)
    kept.parent.mkdir()
    kept.symlink_to(theirs)
    with pytest.raises(UserError, match="left alone"):
        export_run(study, first.run_id, tmp_path / "out")
    assert not (tmp_path / "out").exists() and theirs.read_bytes() == b"secret"


def test_weights_that_were_not_kept_are_a_note_and_leave_no_others_behind(study: Study, tmp_path: Path) -> None:
    first, second, failed = study.records()
    study.save_state(study.weights_path(first.run_id), {"w": np.zeros(1)})
    export_run(study, first.run_id, tmp_path)
    exported = export_run(study, second.run_id, tmp_path)
    assert exported.weights is None and not (tmp_path / "weights.safetensors").exists()
    assert exported.note is not None and "were not kept" in exported.note and "--seed 1" in exported.note
    assert "it is failed" in str(export_run(study, failed.run_id, tmp_path).note)


def test_a_run_is_found_by_a_beginning_that_is_its_alone(study: Study) -> None:
    records = study.records()
    assert find_run(records, records[1].run_id[:8]) is records[1]
    twin = record(BASELINE, 2)
    with pytest.raises(UserError, match="is the beginning of 2 runs"):
        find_run([*records, twin], config_hash(BASELINE))
    assert (
        find_run([*records, record(BASELINE, 11)], run_id(BASELINE, 1)).seed == 1
    )  # whole, though a longer one exists


def test_an_unknown_run_is_refused_with_what_there_is(study: Study) -> None:
    records = study.records()
    near = records[0].run_id[:-1] + "3"
    with pytest.raises(UserError, match=f"no run '{near}'; did you mean '{records[0].run_id}'?"):
        find_run(records, near)
    with pytest.raises(UserError, match="no run 'x'; valid: "):
        find_run(records, "x")
    with pytest.raises(UserError, match="no run 'x'; an export lists the study's 9"):
        find_run([record(BASELINE, seed) for seed in range(9)], "x")
    with pytest.raises(UserError, match="no run '': the study has none yet"):
        find_run([], "")


# -- the command ---------------------------------------------------------------------------------------------------


def test_the_command_writes_into_the_study_or_where_it_is_told(study: Study, tmp_path: Path) -> None:
    export_it = ("export", "--study", study.path)
    assert run_apart(*export_it)[0] == f"3 runs: {study.path / 'runs.csv'}\n"
    assert len(pd.read_csv(study.path / "runs.csv")) == 3
    assert len(json.loads(run(*export_it, "--format", "json", "--out", "-")[0])) == 3
    name = study.records()[0].run_id
    out, err = run(*export_it, "--run", name)
    assert out == f"{study.path / 'export' / name / 'config.json'}\n"
    assert err.startswith("note: the weights of")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--run", "nothing"], "no run 'nothing'"),
        (["--format", "parquet", "--out", "-"], "give --out a file"),
        (["--out", str(ROOT)], "is a folder"),
        (["--out", "/proc/nowhere/x.csv"], "cannot write"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(study: Study, words: list[str], said: str) -> None:
    refused(study.path, "export", *words, says=said)


def test_a_study_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "export", says=f"no study at '{tmp_path / 'nowhere'}'")
