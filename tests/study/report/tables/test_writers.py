"""One writer per format: all hold the same rows, and none lets a text out of its cell."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from study.report.tables import writers
from study.report.tables.writers import Table

NUMBER = 0.1 + 0.2  # 0.30000000000000004: every digit counts
FRAME = pd.DataFrame(
    {
        "name": pd.Series(["a", "=1+1", None], dtype="str"),
        "count": pd.Series([1, None, 3], dtype="Int64"),
        "value": pd.Series([NUMBER, -0.5, None], dtype="float64"),
        "flag": pd.Series([True, None, False], dtype="boolean"),
        "mixed": pd.Series([[1, 2], "x", None], dtype="object"),
    }
)
HOSTILE = 'a | b & c % $x$ \\input{y} ~ ^ # <i> "q" [l](m) *n* \nnext'
TABLE = Table(FRAME, pd.DataFrame({"Text": [HOSTILE, "plain"], "n": ["-0.50", "1"]}), "50 % of_all & more", ("Text",))


def read(kind: str) -> pd.DataFrame:
    if kind == "csv":
        return pd.read_csv(io.StringIO(writers.csv(FRAME)), float_precision="round_trip")
    if kind == "json":
        return pd.DataFrame(json.loads(writers.rows_json(FRAME)))
    return pd.read_parquet(io.BytesIO(writers.parquet(FRAME)))


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_numbers_read_back_exactly_and_what_is_missing_is_missing(kind: str) -> None:
    table = read(kind)
    assert list(table.columns) == list(FRAME.columns)
    assert table["value"][0] == NUMBER and table["value"][1] == -0.5
    assert table.isna().to_numpy().tolist() == FRAME.isna().to_numpy().tolist()
    mixed = [json.loads(v) if isinstance(v, str) and kind != "json" else v for v in table["mixed"][:2]]
    assert mixed == [[1, 2], "x"]
    assert table["name"][1] == ("'=1+1" if kind == "csv" else "=1+1")


def test_json_with_a_head_is_one_object_with_a_line_per_row() -> None:
    made = writers.rows_json(FRAME, {"study": 'a "b"'})
    assert json.loads(made)["study"] == 'a "b"' and len(json.loads(made)["runs"]) == len(FRAME)
    assert sum(line.startswith('{"name"') for line in made.splitlines()) == len(FRAME)


def test_csv_has_no_blank_line() -> None:
    assert len(list(csv.reader(io.StringIO(writers.csv(FRAME))))) == 1 + len(FRAME)


def test_markdown_rows_have_all_their_cells() -> None:
    lines = [line for line in writers.markdown(TABLE).splitlines() if line.startswith("|")]
    assert [line.replace(r"\|", "").count("|") for line in lines] == [3] * 4
    assert lines[1] == "| :--- | ---: |" and lines[3] == "| plain | 1 |"


def test_latex_rows_have_all_their_cells_and_no_command_of_theirs() -> None:
    made = writers.latex(TABLE)
    for command in (
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\begin{tabular}{lr}",
        r"\caption{50 \% of\_all \& more}",
    ):
        assert made.count(command) == 1
    body = made.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert [line.replace(r"\&", "").count("&") for line in body] == [1, 1]
    assert all(line.endswith(r" \\") for line in body)
    assert r"\input" not in made and r"$-$0.50" in made
