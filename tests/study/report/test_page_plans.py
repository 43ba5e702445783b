"""Pages and tables of studies that were judged by plans: under way, decided, failing, a race, tampered with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as st

from results.analysis.evidence import Evidence
from results.store import Study
from study.report.answer import answer
from study.report.page import render, render_format, view_of
from tests.support.page import HTML, by_id, caption, cells, check, elements, numeral, text
from tests.support.planned import planned_ablation, planned_study

FAILS = "better when it finishes; 3 of 6 fail"


def head(tree: Any) -> str:
    return plain(text(next(e for e in elements(tree) if e.tag == f"{HTML}header")))


def plain(shown: str) -> str:
    return shown.replace("\u00a0", " ").replace("\u2212", "-")


def table(study: Study, kind: str = "csv", name: str = "verdicts") -> Any:
    made = render_format(study, kind, name)
    return list(csv.DictReader(io.StringIO(made))) if kind == "csv" else made


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One better, one of no gain, one worse."""
    return planned_study(tmp_path_factory.mktemp("decided") / "s", (0.022, -0.002, -0.02), noise=0.001)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return planned_study(tmp_path_factory.mktemp("failing") / "s", (0.022, 0.0), failing={0: {1, 3, 4}}, noise=0.001)


def test_a_plan_under_way_is_said_with_its_round_and_its_runs_have_no_verdict(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", (0.004, 0.0), seeds=8, rounds=3)
    tree = check(render(study))
    assert "not decided yet after round 3 of at most 8" in head(tree) and "Under way" in head(tree)
    assert "None of 2 candidates is decided yet" in head(tree)
    rows = cells(by_id(tree, "confirm-table"))
    assert [row[1] for row in rows] == ["not decided yet after round 3 of at most 8"] * 2
    assert [row[4] for row in rows] == ["3 of at most 8"] * 2
    assert "under way, after round 3 of 8" in plain(text(by_id(tree, "plans")))
    assert {row["verdict"] for row in table(study)} == {"not decided yet"}
    assert "Nothing is confirmed" not in text(by_id(tree, "validity"))


def test_a_plan_without_a_round_can_be_shown(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", (0.02,), rounds=0)
    tree = check(render(study))
    assert "not decided yet after round 0 of at most 8" in head(tree) and "Left out" not in head(tree)
    assert table(study)[0]["difference"] == table(study)[0]["low"] == ""


def test_numbers_are_recomputed_from_the_records_and_the_plans_boundary(decided: Study) -> None:
    plan = Evidence.of(decided).plans("confirm")[0]
    runs = {(r.config_hash, r.seed): r.test["test_share"] for r in decided.records() if r.status == "complete"}
    rows = table(decided)
    shown = cells(by_id(check(render(decided)), "confirm-table"))
    assert [row["verdict"] for row in rows] == ["better", "no gain", "worse"]
    for row, cell, pair in zip(rows, shown, plan.pairs, strict=True):
        n = int(row["seeds"])
        d = np.array([runs[pair.candidate, s] - runs[pair.reference, s] for s in plan.seeds[:n]])
        assert float(row["difference"]) == pytest.approx(d.mean())
        away = 0.005 - d.mean() if row["verdict"] == "no gain" else abs(d.mean())
        se = away / float(row["statistic"])
        assert se >= d.std(ddof=1) / np.sqrt(n) - 1e-12, "moderated, and never below what it is"
        assert float(row["statistic"]) >= float(row["boundary"])
        toward = float(row["low"] if row["verdict"] == "better" else row["high"])
        assert abs(d.mean() - toward) == pytest.approx(float(row["boundary"]) * se, abs=1e-9)
        assert plain(cell[5]) == f"{float(row['statistic']):.2f} of {float(row['boundary']):.2f}"
        assert cell[4] == f"{n} of at most 8" and row["most_seeds"] == "8" and row["level"] == "0.96"
    assert "p_adjusted" not in rows[0]


def test_what_stopped_early_says_so_beside_the_estimate(decided: Study) -> None:
    tree = check(render(decided))
    assert "beats the baseline" in head(tree) and "(stopped early, so on average too large)" in head(tree)
    assert "repeated 96 % interval" in head(tree) and "1 better, 1 no gain, 1 worse" in head(tree)
    rows = cells(by_id(tree, "confirm-table"))
    assert ["stopped early" in row[2] for row in rows] == [True, False, True]
    said = plain(text(by_id(tree, "confirmed")))
    assert "winner's estimate: on average too large" in said
    assert "No gain: better by less than the margin, if at all" in said
    heads = [text(e) for e in elements(by_id(tree, "confirm-table")) if e.tag == f"{HTML}th"]
    assert "Repeated 96 % interval" in heads and "t and boundary" in heads and "Adjusted p" not in heads
    board = {row[0].split()[1]: row[0] for row in cells(by_id(tree, "leaderboard-table")) if row[0].startswith("trial")}
    assert "on fresh seeds: better" in board["0"] and "on fresh seeds: worse" in board["2"]


def test_a_candidate_of_which_runs_fail_is_nowhere_just_better(failing: Study) -> None:
    tree = check(render(failing))
    view = view_of(failing)
    shown = answer(view)
    assert shown.tone == "warn" and f"is {FAILS}" in head(tree) and shown.mark == "Better when it finishes"
    low, high = st.binomtest(3, 6).proportion_ci(0.95, method="exact")
    exact = f"3 of 6 runs fail (exact 95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    note = next(e for e in elements(by_id(tree, "confirmed")) if e.attrib.get("class") == "note warn")
    assert exact in plain(text(note))
    places = ["confirm-table", "confirmed", "leaderboard-table", "trial-0"]
    assert all(FAILS in plain(text(by_id(tree, place))) for place in places)
    assert any(FAILS in text(e) for e in elements(by_id(tree, "confirmed")) if e.tag.endswith("}svg"))
    assert "3 of 14 runs failed" in plain(text(by_id(tree, "plans"))) or "failed" in plain(text(by_id(tree, "plans")))
    for kind in ("csv", "json", "md", "latex"):
        assert FAILS in render_format(failing, kind, "verdicts"), kind
        assert FAILS in render_format(failing, kind), kind
    assert exact in plain(render_format(failing, "md", "verdicts"))
    row = table(failing)[0]
    assert [row[k] for k in ("runs", "failed", "reference_failed")] == ["6", "3", "0"]


def test_what_a_race_dropped_is_muted_and_explained(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", (0.004, 0.001, 0.0, -0.001), seeds=6, halving=(3,), noise=0.004)
    tree = check(render(study))
    rows = {row[0]: row for row in cells(by_id(tree, "confirm-table"))}
    dropped = [row for row in rows.values() if row[1] == "dropped"]
    assert len(dropped) == 2 and all(row[4] == "3 of at most 6" for row in dropped)
    assert "not judged" in plain(text(by_id(tree, "confirmed")))
    assert "at most 2 after round 3" in plain(text(by_id(tree, "plans")))
    assert "2 dropped" in head(tree)


def test_a_changed_score_withdraws_every_verdict_of_its_plan_and_is_said(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", (0.022, 0.0), noise=0.001)
    fresh = Evidence.of(study).plans("confirm")[0].seeds[1]
    lines = study.records_path.read_text().splitlines()
    for i, line in enumerate(lines):
        record = json.loads(line)
        if record["seed"] == fresh and record["config"]["width"] == 16:
            lines[i] = json.dumps(record | {"test": {"test_share": 0.9}})
    study.records_path.write_text("\n".join(lines) + "\n")
    tree = check(render(study))
    assert "Exploratory" in head(tree) and "beats" not in head(tree)
    assert not any(e.attrib.get("id") == "confirmed" for e in elements(tree))
    warning = plain(text(by_id(tree, "validity")))
    assert "The verdicts on trial 0 and trial 1 are withdrawn: the scores of round 2 are not those" in warning
    assert "verdicts withdrawn" in text(by_id(tree, "plans"))
    assert "on fresh seeds: better" not in text(by_id(tree, "leaderboard-table"))


def test_the_plan_is_shown_with_its_hash_error_and_what_it_spent(decided: Study) -> None:
    shown = by_id(check(render(decided)), "plans")
    plan = decided.meta.plans[0]
    (row,) = cells(by_id(shown, "plans-table"))
    assert plan["hash"][:12] in row[0] and plan["hash"][:13] not in row[0]
    assert plain(row[1]) == "trial 0, trial 1 and trial 2" and "900 to 907" in row[2]
    assert numeral(row[3]) == 0.5 and row[4] == "4 %" and row[5] == "after each round"
    said = plain(text(shown))
    assert "plan 1 spent 4 %; 1 % are left for further plans" in said and "whoever also computes the digests" in said


def test_an_ablation_by_a_plan(tmp_path: Path) -> None:
    study = planned_ablation(tmp_path / "s", {"width": 0.02, "depth": 0.0}, noise=0.001)
    tree = check(render(study))
    rows = {(r["comparison"], r["name"]): r for r in table(study, name="ablation")}
    assert rows["leave-one-out", "width"]["verdict"] == "better"
    assert rows["add-one-in", "depth"]["verdict"] in ("equivalent", "no gain")
    said = plain(text(by_id(tree, "ablation")))
    assert "Plan 1 judges 5 comparisons after each round" in said and "A repeated interval is" in said
    assert "p is adjusted" not in table(study, "md", "ablation")
    assert "the ablation, plan 1 judges 5 comparisons" in table(study, "md", "methods")


PLANS = [{}, {"family": "confirm"}, {"family": "confirm", "number": 1, "pairs": 3, "seeds": [1], "boundaries": []}]


@pytest.mark.parametrize("plan", PLANS)
def test_plans_of_another_version_are_no_obstacle(decided: Study, tmp_path: Path, plan: dict[str, Any]) -> None:
    study = planned_study(tmp_path / "s", (0.02,), rounds=0)
    study.meta.plans = [plan]
    study.save_meta()
    tree = check(render(study))
    assert "Verdicts left out" in text(by_id(tree, "validity")) and "Exploratory" in head(tree)


@pytest.mark.parametrize("boundary", [None, 1e-300])
def test_a_boundary_that_is_none_breaks_no_figure(tmp_path: Path, boundary: float | None) -> None:
    study = planned_study(tmp_path / "s", (0.02,), rounds=3)
    plan = Evidence.of(study).plans("confirm")[0].as_dict()
    study.meta.plans = [{**plan, "boundaries": [[boundary] * 8], "rounds": [], "verdicts": []}]
    from results.analysis.plans import Plan

    study.meta.plans = [{**study.meta.plans[0], "hash": Plan.from_dict(study.meta.plans[0]).own_hash}]
    study.save_meta()
    tree = check(render(study))
    assert caption(by_id(tree, "confirm-table")) == "Verdicts on fresh seeds"
    assert "inf" not in " ".join(cells(by_id(tree, "confirm-table"))[0])
    for kind in ("csv", "json", "md", "latex"):
        render_format(study, kind, "verdicts")
