"""Verdicts to take away: what the records give by hand, the same in every format and on the page."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from scipy import stats as st

from results.store import Study
from study.report.chapters import ablation, methods
from study.report.page import render_format, view_of
from tests.support import synthetic
from tests.support.page import HTML, elements, part, text


@pytest.fixture(scope="module")
def ablated(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Three candidates confirmed and the winner's ablation."""
    maker = synthetic.Maker(val=300, test=300)
    made = synthetic.confirm(synthetic.study(tmp_path_factory.mktemp("ablated"), trials=25, maker=maker), maker)
    return synthetic.ablate(made, maker)


def test_the_ablation_and_the_methods_come_as_on_the_page(ablated: Study) -> None:
    view = view_of(ablated)
    shown = ["".join(e.itertext()) for e in elements(part(ablation.ablation(view))) if e.tag == f"{HTML}pre"]
    for kind in ("md", "latex"):
        made = render_format(ablated, kind, "ablation")
        assert made.strip() in [s.strip() for s in shown], kind
        assert made.count("\n") > 5, "to be pasted line by line"
    assert render_format(ablated, "md", "methods").strip() == text(part(methods.done(view)))


def test_the_verdicts_are_the_paired_differences_of_the_records(ablated: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(render_format(ablated, "csv", "verdicts"))))
    printed = [line for line in render_format(ablated, "md", "verdicts").splitlines() if line.startswith("| ")][2:]
    records = {(r.config_hash, r.seed): r for r in ablated.records() if r.status == "complete"}
    pairs = next(look for look in ablated.meta.looks if look["family"] == "confirm")["pairs"]
    assert len(rows) == len(printed) == len(pairs) > 1
    for row, line, pair in zip(rows, printed, pairs, strict=True):
        both = [(records[pair["candidate"], s], records[pair["reference"], s]) for s in pair["seeds"]]
        d = np.array([a.test_score - b.test_score for a, b in both])
        low, high = st.ttest_1samp(d, 0).confidence_interval(0.95)
        assert [float(row[k]) for k in ("difference", "low", "high")] == pytest.approx([d.mean(), low, high])
        assert int(row["seeds"]) == len(both)
        cells = [c.strip() for c in line.strip("|").split("|")]
        assert float(cells[2]) == pytest.approx(100 * d.mean(), abs=0.00501) and int(cells[4]) == len(both)
        trial = next(r.trial for r in ablated.records() if r.run_id == pair["chosen"])
        assert row["name"] == f"trial {trial}" and cells[1].startswith(f"trial {trial}: ")
        assert row["verdict"] == cells[6] in ("better", "worse", "equivalent", "undecided")
    assert "\\caption{Confirmation on" in render_format(ablated, "latex", "verdicts")


@pytest.mark.parametrize("table", ["verdicts", "ablation"])
def test_json_says_the_same_as_csv(ablated: Study, table: str) -> None:
    rows = csv.DictReader(io.StringIO(render_format(ablated, "csv", table)))
    for run, row in zip(json.loads(render_format(ablated, "json", table)), rows, strict=True):
        assert run.keys() == row.keys()
        assert (run["comparison"], run["name"], str(run["difference"])) == (
            row["comparison"], row["name"], row["difference"]
        )  # fmt: skip
