"""A small calibration: the promises hold in simulation, and a broken method would be noticed."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

from benchmarks import calibration, worlds
from benchmarks.aa_study import summary as aa_summary
from benchmarks.calibration import FIRST, MARGIN, SECOND, Plan
from benchmarks.calibration_table import BEGIN, END, markdown, show, summary, write_docs
from results.analysis.boundaries import boundaries
from results.analysis.sequential import BETTER, NO_GAIN, UNDECIDED, WORSE, Design, decide

SMALL = (Plan(8), Plan(8, "race"), Plan(6, "single look"))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.long
@pytest.mark.parametrize("noise", ["normal", "noisier baseline", "failing"])
def test_every_promise_holds_in_a_small_calibration(noise, rng):
    rows = calibration.world(noise, 3, 1_000, SMALL, rng)
    assert [show(r) for r in rows if r["broken"]] == []
    false = [r for r in rows if r["what"] == "false better or worse"]
    assert {(r["how"], r["margin"], r["plans"]) for r in false} == {
        (p.how, m, plans) for p in SMALL for m in (MARGIN, None) for plans in ("one", "two", "two, new candidates")
    }
    for row in false:
        one, two = ([r["rate"] for r in false if same(r, row) and r["plans"] == plans][0] for plans in ("one", "two"))
        assert one <= two


def same(a, b):
    return all(a[k] == b[k] for k in ("how", "margin", "noise", "candidates"))


def test_looks_that_spend_too_much_are_cried_out(rng, monkeypatch):
    """Each look judged as if it were the only one, on which all of the error may be spent."""
    monkeypatch.setattr(calibration, "bounds", lambda m, rounds, alpha, every: boundaries(m, rounds, 0.05, False))
    rows = calibration.world("normal", 1, 2_000, (Plan(12),), rng)
    broken = {(r["what"], r["margin"]) for r in rows if r["broken"]}
    assert {("false better or worse", MARGIN), ("false better or worse", None)} <= broken
    assert ("coverage", None) in broken


def test_a_plan_made_again_with_all_of_the_error_is_cried_out(rng, monkeypatch):
    monkeypatch.setattr(calibration, "SECOND", 0.05)
    rows = calibration.world("normal", 1, 3_000, (Plan(6, "single look"),), rng)
    broken = {r["plans"] for r in rows if r["broken"] and r["what"] == "false better or worse"}
    assert broken == {"two", "two, new candidates"}


def test_a_wrong_claim_about_the_margin_is_cried_out(rng, monkeypatch):
    real = calibration.decide

    def eager(d, design):
        return real(d, dataclasses.replace(design, margin=design.margin and 3 * design.margin))

    monkeypatch.setattr(calibration, "decide", eager)
    rows = calibration.world("normal", 1, 1_000, (Plan(12),), rng)
    assert {"wrong no gain", "wrong equivalent", "wrong no worse"} <= {r["what"] for r in rows if r["broken"]}


def test_what_came_out_beyond_its_promise_is_simulated_again_and_that_counts(rng):
    rows = calibration.world("heavy", 1, 1_000, (Plan(3, "single look"), Plan(6, "single look")), rng)
    assert not calibration.beyond(rows) and calibration.sharper(rows) == rows
    unlucky = [r for r in rows if r["rounds"] == 3 and r["what"] in ("wrong no gain", "coverage")]
    for row in unlucky:
        row["rate"] = 0.06
    again = calibration.sharper(rows, 4_000)
    assert len(again) == len(rows) and not calibration.beyond(again)
    changed = [new for new, old in zip(again, rows, strict=True) if new is not old]
    assert [calibration.place(r) for r in changed] == [calibration.place(r) for r in unlucky]
    assert {r["n"] for r in changed} == {4_000}
    assert all(r["rate"] > 0.95 if r["what"] == "coverage" else r["rate"] < 0.05 for r in changed)


@pytest.mark.parametrize("seeds", [3, 6, 10])
def test_a_single_look_at_one_candidate_is_the_paired_t_test(seeds, rng):
    d = worlds.differences("unequal", 20_000, 1, seeds, rng, effect=0.003)
    made = decide(d, Plan(seeds, "single look").design(1, None))
    p = stats.ttest_1samp(d[:, 0], 0, axis=1).pvalue
    judged = np.isin(made.label[:, 0], (BETTER, WORSE))
    sure = np.abs(p - FIRST) > 0.05 * FIRST  # a boundary is simulated: to a hundredth of itself
    np.testing.assert_array_equal(judged[sure], (p <= FIRST)[sure])
    assert judged.mean() == pytest.approx((p <= FIRST).mean(), abs=0.02 * judged.mean() + 0.001)
    held = stats.ttest_1samp(d[:, 0], 0, axis=1).confidence_interval(1 - FIRST)
    np.testing.assert_allclose((made.high - made.low)[sure, 0].mean(), (held.high - held.low)[sure].mean(), rtol=0.02)


def test_a_second_plan_judges_those_that_are_left_by_boundaries_of_its_own(rng):
    d = rng.standard_normal((5, 3, 8)) * 0.005 + np.array([0.0, 0.02, -0.02])[None, :, None]
    going = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]], dtype=bool)
    plan = Plan(8, "race")
    for rows, columns, made in calibration.second_plans(plan, MARGIN, going, d):
        for row, candidates, label in zip(rows, columns, made.label, strict=True):
            np.testing.assert_array_equal(candidates, np.flatnonzero(going[row]))
            m = len(candidates)
            halving = (3, 6) if m == 3 else ()
            design = Design(8, boundaries(m, 8, SECOND), MARGIN, halving=halving, examples=worlds.IMAGES)
            np.testing.assert_array_equal(label, decide(d[row : row + 1, candidates], design).label[0])
    said = {int(row) for rows, *_ in calibration.second_plans(plan, MARGIN, going, d) for row in rows}
    assert said == {0, 2, 3, 4}


def test_a_person_plans_again_for_what_is_not_settled(rng):
    d = worlds.differences("normal", 500, 3, 12, rng, effect=0.0045)
    made = decide(d, Plan(12, "race").design(3, MARGIN))
    left = calibration.unsettled(made)
    assert {UNDECIDED, NO_GAIN} <= set(made.label[left])
    assert not set(made.label[left]) & {BETTER, WORSE}


def test_the_claim_about_the_population_holds_where_the_narrow_one_would_not(rng):
    rows = calibration.population(150, 1_000, (20,), rng)
    one = {r["what"]: r for r in rows if r["candidates"] == 5}
    assert not one["false in the population"]["broken"]
    assert one["seeds-only test misread"]["rate"] > one["false in the population"]["rate"] + 0.03


def test_the_made_up_world_is_as_described(rng):
    chance = rng.beta(*worlds.BETA, 200_000)
    assert chance.mean() == pytest.approx(worlds.MEAN, abs=0.005)
    assert (chance * (1 - chance)).mean() == pytest.approx(worlds.FLIPS, rel=0.02)
    for noise in [*worlds.NOISES, worlds.RARE, worlds.BARE]:
        d = worlds.differences(noise, 20_000, 2, 4, rng)
        mean, sd = np.nanmean(d), np.nanstd(d)
        assert abs(mean) < 5 * sd / math.sqrt(d.size / 2), noise  # pairs share the baseline's runs
    run = worlds.accuracies(worlds.shifts("normal", (20_000,), rng, True), rng)
    assert run.std() == pytest.approx(0.0042, rel=0.03)
    same = worlds.correctness(3, 4, 20_000, rng)
    assert set(np.unique(same)) == {-1, 0, 1}
    assert abs(same.mean()) < 0.01


def test_worlds_of_unequal_runs_are_as_unequal_as_described(rng):
    one = 0.0042  # of a run
    spread = {noise: worlds.differences(noise, 40_000, 2, 1, rng)[:, :, 0] for noise in worlds.NOISES}
    for noise, times in (("noisier baseline", 1 + 9), ("steadier baseline", 9 + 1)):
        assert spread[noise].std() == pytest.approx(one * math.sqrt(times), rel=0.03)
    shared = {noise: np.corrcoef(d.T)[0, 1] for noise, d in spread.items() if noise != "failing"}
    assert shared["normal"] == pytest.approx(0.5, abs=0.02)
    assert shared["noisier baseline"] == pytest.approx(0.9, abs=0.02)
    assert shared["steadier baseline"] == pytest.approx(0.1, abs=0.02)
    sd = spread["one noisier candidate"].std(axis=0)
    np.testing.assert_allclose(sd, [one * math.sqrt(17), one * math.sqrt(2)], rtol=0.03)
    both = worlds.RUN_SD**2 * (1 + 1.6**2) + 2 * worlds.FLIPS / worlds.IMAGES
    assert spread["negative correlation"].std() == pytest.approx(math.sqrt(both), rel=0.03)
    assert np.isnan(spread["failing"]).mean() == pytest.approx(1 - 0.8**2, abs=0.01)


def test_committed_results_keep_every_promise():
    rows = json.loads(calibration.RESULTS.read_text())["rows"]
    assert [show(r) for r in rows if r["broken"]] == []


def test_committed_results_are_complete_and_those_of_the_docs():
    held = json.loads(calibration.RESULTS.read_text())
    rows = held["rows"]
    assert (held["margin"], held["alpha"]) == (MARGIN, [FIRST, SECOND])
    false = [r for r in rows if r["what"] == "false better or worse"]
    assert {(r["noise"], r["candidates"], r["how"], r["rounds"]) for r in false} == {
        (noise, k, p.how, p.rounds)
        for noise in worlds.NOISES
        for k in calibration.CANDIDATES
        for p in calibration.PLANS
        if k > 2 or p.how != "race"
    }
    assert min(r["n"] for r in false) >= 4_000
    for page, text in ((calibration.DOCS, markdown(rows)), (calibration.STATISTICS, summary(rows))):
        assert page.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip() == text.strip()


def test_docs_keep_what_is_around_the_tables(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_docs(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"


def test_a_broken_promise_is_marked():
    row = calibration.cell("coverage", 900, 1_000, 0.95, at_least=True)
    assert row["broken"] and "BROKEN" in show(row)
    assert not calibration.cell("coverage", 940, 1_000, 0.95, at_least=True)["broken"]
    assert calibration.cell("wrong", 100, 1_000, 0.05)["broken"]
    assert not calibration.cell("wrong", 60, 1_000, 0.05)["broken"]


def test_aa_summary_counts_studies_with_any_false_verdict():
    row = {"best_minus_baseline": 0.01, "held": 0.0, "trainings": 12, "covered": [True, False]}
    rows = [row | {"verdicts": v} for v in (["undecided", "better"], ["worse", "worse"], ["equivalent", "undecided"])]
    found = aa_summary(rows)
    assert found["false_verdict_after_confirmation"]["hits"] == 2
    assert not found["promise_kept"]  # 2 of 3: the exact interval begins at 9 %
    assert found["intervals_that_cover_zero"]["hits"] == 3
