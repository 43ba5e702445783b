"""The leaderboard to take away agrees with the frame, in every format, from the page and from ``report --format``."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any

import pandas as pd
import pytest

from results.errors import UserError
from results.frame import frame
from results.store import Study
from study.report.page import render_format
from tests.support import synthetic
from tests.support.page import HTML, by_id, check, elements, numeral, text


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return synthetic.study(
        tmp_path_factory.mktemp("export"), trials=30, seeds=2, maker=synthetic.Maker(val=300, test=300)
    )


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    return render_format(study, "html")


def ranked(study: Study) -> pd.DataFrame:
    table = frame(study.records(), study.meta)
    full = table[(table.kind == "sweep") & (table.status == "complete") & ~table.is_baseline]
    return full.sort_values(["val_accuracy", "trial"], ascending=[False, True])


def test_csv_has_every_run_and_its_ranks_are_the_frames(study: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(render_format(study, "csv"))))
    assert sorted(r["run_id"] for r in rows) == sorted(r.run_id for r in study.records())
    placed = sorted((r for r in rows if r["rank"]), key=lambda r: int(r["rank"]))
    assert [int(r["trial"]) for r in placed] == ranked(study).trial.tolist()
    records = {r.run_id: r for r in study.records()}
    for row in rows:
        record = records[row["run_id"]]
        assert (row["val_accuracy"] == "") == (record.score is None)
        if record.score is not None:
            assert float(row["val_accuracy"]) == pytest.approx(record.score, abs=1e-6)
        assert {
            k.removeprefix("config."): v for k, v in row.items() if k.startswith("config.")
        }.keys() == record.config.keys()
        assert float(row["config.learning_rate"]) == pytest.approx(record.config["learning_rate"], rel=1e-6)


def test_json_says_the_same_as_csv_and_never_zero_for_missing(study: Study) -> None:
    made = json.loads(render_format(study, "json"))
    rows = list(csv.DictReader(io.StringIO(render_format(study, "csv"))))
    assert made["ranked_by"] == "val_accuracy" and made["goal"] == "max" and made["exploratory"] is True
    for run, row in zip(made["runs"], rows, strict=True):
        assert run["run_id"] == row["run_id"]
        if run["status"] in ("failed", "diverged"):
            assert run["val_accuracy"] is None and run["difference"] is None and run["rank"] is None


def test_markdown_is_one_table_of_the_baseline_and_the_ranks(study: Study) -> None:
    lines = [line for line in render_format(study, "md").splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in lines]
    assert len({len(row) for row in cells}) == 1
    table = ranked(study)
    assert len(cells) == 2 + 1 + len(table)
    for row, value in zip(cells[3:], table.val_accuracy, strict=True):
        assert float(row[4]) == pytest.approx(100 * value, abs=0.00501)


def test_latex_holds_the_rows_of_markdown(study: Study) -> None:
    made = render_format(study, "latex")
    body = made.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == 1 + len(ranked(study))
    assert r"learning\_rate=" in made and "learning_rate" not in made


def test_the_page_carries_the_same_files_as_the_command_gives(study: Study, page: str) -> None:
    tree = check(page)
    links = {e.attrib["download"]: e.attrib["href"] for e in elements(tree) if "download" in e.attrib}
    for name, kind in (("csv", "csv"), ("json", "json"), ("md", "md"), ("tex", "latex")):
        data: Any = links[f"leaderboard.{name}"].partition("base64,")[2]
        assert base64.b64decode(data).decode() == render_format(study, kind)


def test_an_unknown_format_is_refused(study: Study) -> None:
    with pytest.raises(UserError, match="unknown format 'latx'.*latex"):
        render_format(study, "latx")


def test_the_table_of_the_page_shows_what_the_csv_holds(study: Study, page: str) -> None:
    rows = {f"trial {r['trial']}": r for r in csv.DictReader(io.StringIO(render_format(study, "csv"))) if r["trial"]}
    body = [e for e in elements(by_id(check(page), "leaderboard-table")) if e.tag == f"{HTML}tr"][1:]
    for tr in body:
        cells = [text(c) for c in tr]
        if cells[0].startswith("baseline"):
            continue
        row = rows[" ".join(cells[0].split()[:2])]
        if row["difference"]:
            assert numeral(cells[2]) == pytest.approx(100 * float(row["difference"]), abs=0.00501)


def test_a_table_that_is_not_there_is_refused(study: Study) -> None:
    with pytest.raises(UserError, match="no verdicts yet"):
        render_format(study, "md", "verdicts")
    with pytest.raises(UserError, match="no ablation yet"):
        render_format(study, "md", "ablation")
    with pytest.raises(UserError, match="methods comes as md or latex, not as csv"):
        render_format(study, "csv", "methods")
    with pytest.raises(UserError, match="ablation comes as csv, json, md or latex, not as html"):
        render_format(study, "html", "ablation")
    with pytest.raises(UserError, match="unknown table 'ablations'.*ablation"):
        render_format(study, "md", "ablations")
