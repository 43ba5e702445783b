"""Interim analyses (looks) and the final verdicts after them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as st

from results.analysis.evidence import Evidence
from results.analysis.looks import Look, Pair, by_run, looks_of
from results.analysis.noise import difference_sd, noise_floor
from results.analysis.plans import Plan, judge
from results.analysis.sequential import NO_WORSE, Design, decide
from results.analysis.shrinkage import shrinkage
from results.analysis.verdicts import measured_sd, planned, verdicts_at
from results.schema1 import ACCURACY
from tests.support.looks import finals, look_dict, next_look
from tests.support.planned import SHARE
from tests.support.runs import SWEEP_SEED, hash_of, meta, run

BASE, WIDE, DEEP = hash_of(), hash_of(width=16), hash_of(depth=3)


def study(gains: dict[int, float], **changed: object) -> list:
    return [run(s, test=0.75) for s in gains] + [run(s, test=0.75 + g, **changed) for s, g in gains.items()]


def test_differences_are_paired_by_seed_and_failures_are_counted():
    records = study({1: 0.01, 2: 0.02, 3: 0.03}, width=16)
    records += [run(4), run(4, status="failed", width=16), run(5, test=0.9, width=16)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3, 4, 5))], "test-set", 0.005)
    (j,) = verdicts_at(by_run(records), look, ACCURACY)
    assert j.differences == pytest.approx((0.01, 0.02, 0.03))
    assert (j.seeds, j.failed, j.verdict.n) == ((1, 2, 3), 2, 3)
    assert "runs fail" in j.note


def test_an_undecided_comparison_keeps_what_its_best_look_showed():
    """A later look that is about another pair spends less; the same runs do not say less for it."""
    records = study({1: 0.012, 2: 0.030, 3: 0.021}, width=16) + [run(s, test=0.75, depth=3) for s in (1, 2, 3)]
    first = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3))], "test-set", 0.005)
    second = next_look([first], "confirm", [Pair(DEEP, BASE, (1, 2, 3))], "test-set", 0.005)
    (alone,) = verdicts_at(by_run(records), first, ACCURACY)
    assert alone.verdict.label == "undecided" and 0.05 < alone.verdict.p_adjusted < 0.2
    assert verdicts_at(by_run(records), second, ACCURACY)[0].verdict.p_adjusted > 2 * alone.verdict.p_adjusted
    j = finals(by_run(records), [first, second], ACCURACY)[0]
    assert j.verdict.p_adjusted == alone.verdict.p_adjusted
    assert j.verdict.label == "undecided" and f"adjusted p = {alone.verdict.p_adjusted:.2f}"[:16] in j.verdict.sentence
    other = [*study({1: -0.012, 2: -0.030, 3: -0.021, 4: 0.2}, width=16), *(run(s, depth=3) for s in (1, 2, 3))]
    third = next_look([first, second], "confirm", [Pair(WIDE, BASE, (4,))], "test-set", 0.005)
    assert (
        finals(by_run(other), [first, second, third], ACCURACY)[0].verdict.estimate > 0
    )  # the side turned: no p of the other side
    assert finals(by_run(other), [first, second, third], ACCURACY)[0].verdict.p_adjusted == 1.0


def test_look_round_trips_through_study_json():
    look = next_look([], "ablation", [Pair(WIDE, BASE, (3, 1), "add-one-in", "width")], "population", 0.01, when="now")
    stored = json.loads(json.dumps(look_dict(look) | {"unknown": 1}))
    assert Look.from_dict(stored) == look
    m = meta(looks=[stored])
    assert looks_of(m, "ablation") == [look]
    assert looks_of(m, "confirm") == []


def test_a_verdict_once_given_is_final():
    clear = {s: 0.02 + 0.0005 * (s % 3) for s in range(1, 7)}
    late = {s: -0.06 for s in range(7, 11)}
    records = study(clear | late, width=16)
    first = next_look([], "confirm", [Pair(WIDE, BASE, tuple(clear))], "test-set", 0.005)
    second = next_look([first], "confirm", [Pair(WIDE, BASE, tuple(late))], "test-set", 0.005)
    (j,) = finals(by_run(records), [first, second], ACCURACY)
    assert (j.verdict.label, j.verdict.number, j.latest.n) == ("better", 1, 10)
    assert j.latest.label != "better"
    assert "which is final" in j.note


def test_population_claim_uses_the_packed_bits():
    rng = np.random.default_rng(0)
    records = [
        run(s, correct=rng.random(500) < p, **c) for s in range(1, 5) for p, c in ((0.6, {}), (0.8, {"width": 16}))
    ]
    pair = [Pair(WIDE, BASE, (1, 2, 3, 4))]
    here = verdicts_at(by_run(records), next_look([], "confirm", pair, "test-set", 0.005), ACCURACY)[0].verdict
    wide = verdicts_at(by_run(records), next_look([], "confirm", pair, "population", 0.005), ACCURACY)[0].verdict
    assert wide.estimate == pytest.approx(here.estimate)
    assert wide.high - wide.low >= here.high - here.low
    assert wide.claim == "population"


def test_shrinkage_compares_the_estimate_in_the_sweep_with_the_one_on_fresh_seeds():
    chosen = run(SWEEP_SEED, val=0.80, kind="sweep", trial=3, width=16)
    records = [run(SWEEP_SEED, val=0.76), chosen]
    records += [run(s, val=0.75) for s in (1, 2, 3)] + [run(s, val=0.76, test=0.77, width=16) for s in (1, 2, 3)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3), chosen=chosen.run_id)], "test-set", 0.005)
    evidence = Evidence(records, meta())
    shrunk = shrinkage(evidence, verdicts_at(evidence.runs, look, ACCURACY)[0])
    assert (shrunk.in_sweep, shrunk.on_fresh_seeds, shrunk.test) == pytest.approx((0.04, 0.01, 0.02))
    assert shrunk.lost == pytest.approx(0.03)
    assert "75 % of the sweep's estimate was luck" in shrunk.sentence()


def test_a_verdict_is_final_for_the_question_it_answered():
    """Six images-wide gains decide the claim about this test set; the population claim has its own answer."""
    rng = np.random.default_rng(0)
    bits = rng.random((6, 400)) < 0.6
    gained = bits.copy()
    for row in gained:  # two of 400 images more, other ones for every seed
        row[rng.choice(np.flatnonzero(~row), size=2, replace=False)] = True
    records = [run(s, correct=b) for s, b in enumerate(bits)]
    records += [run(s, correct=b, width=16) for s, b in enumerate(gained)]
    pair = [Pair(WIDE, BASE, tuple(range(6)))]
    first = next_look([], "confirm", pair, "test-set", 0.02)
    (j,) = finals(by_run(records), [first], ACCURACY)
    assert (j.verdict.label, j.verdict.claim, j.earlier) == ("better", "test-set", ())
    second = next_look([first], "confirm", pair, "population", 0.02)
    (j,) = finals(by_run(records), [first, second], ACCURACY)
    assert j.verdict.claim == "population" and j.verdict.number == 2
    assert [(v.claim, v.label, v.number) for v in j.earlier] == [("test-set", "better", 1)]
    assert "at interim analysis 1: better" in j.note
    third = next_look([first, second], "confirm", pair, "test-set", 0.001)
    (j,) = finals(by_run(records), [first, second, third], ACCURACY)
    assert (j.verdict.label, j.verdict.number) == ("better", 1)  # asked again, it is final


def test_equivalence_stands_for_margins_at_least_as_wide():
    gains = {1: 0.0005, 2: -0.0004, 3: 0.0003, 4: -0.0005, 5: 0.0004, 6: 0.0}
    records = study(gains, width=16)
    pair = [Pair(WIDE, BASE, tuple(gains))]
    looks = [next_look([], "confirm", pair, "test-set", 0.01)]
    assert finals(by_run(records), looks, ACCURACY)[0].verdict.label == "equivalent"
    looks.append(next_look(looks, "confirm", pair, "test-set", 0.0001))
    (j,) = finals(by_run(records), looks, ACCURACY)
    assert (j.verdict.label, j.verdict.number) == ("undecided", 2)
    looks.append(next_look(looks, "confirm", pair, "test-set", 0.02))
    (j,) = finals(by_run(records), looks, ACCURACY)
    assert (j.verdict.label, j.verdict.number, j.verdict.margin) == ("equivalent", 1, 0.01)


def test_better_stands_whatever_margin_is_asked_after_it():
    """A small but sure gain: equivalent within a wide margin, better by a narrow one; the better is not lost again."""
    gains = {s: 0.0010 + 0.0004 * (s % 3) for s in range(1, 9)}
    records = study(gains, width=16)
    noisy = {1: 0.004, 2: -0.003, 3: 0.003}
    records += [run(s + 100, test=0.75) for s in noisy]
    records += [run(s + 100, test=0.75 + g, width=16) for s, g in noisy.items()]
    early, late = (101, 102, 103), tuple(gains)
    looks = [next_look([], "confirm", [Pair(WIDE, BASE, early)], "test-set", 0.05)]
    assert finals(by_run(records), looks, ACCURACY)[0].verdict.label == "equivalent"
    looks.append(next_look(looks, "confirm", [Pair(WIDE, BASE, late)], "test-set", 0.0001))
    looks[1] = replace(looks[1], pairs=(Pair(WIDE, BASE, late),))
    assert finals(by_run(records), looks, ACCURACY)[0].verdict.label == "better"
    looks.append(replace(looks[1], number=3, margin=0.05))
    (j,) = finals(by_run(records), looks, ACCURACY)
    assert (j.verdict.label, j.verdict.number) == ("better", 2)
    assert [v.label for v in j.earlier] == ["equivalent"]


def test_scores_that_come_later_belong_to_the_next_look():
    """A failed run that is trained again must not change what a recorded look has said."""
    records = study({1: 0.010, 2: 0.011, 3: 0.012}, width=16) + [run(4), run(4, status="failed", width=16)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3, 4))], "test-set", 0.005)
    kept = replace(look, pairs=(replace(look.pairs[0], without=(4,)),))
    assert Look.from_dict(json.loads(json.dumps(look_dict(kept)))) == kept
    before = verdicts_at(by_run(records), kept, ACCURACY)
    later = [*records, run(4, test=0.75 - 0.2, width=16)]
    assert verdicts_at(by_run(later), kept, ACCURACY)[0].verdict == before[0].verdict
    assert before[0].failed == 1 and "1 of 4 runs fail" in before[0].note
    more = next_look([look], "confirm", [Pair(WIDE, BASE, (5,))], "test-set", 0.005)
    assert verdicts_at(by_run(later), more, ACCURACY)[0].seeds == (1, 2, 3, 4)


def test_the_next_plan_goes_by_the_pairs_that_are_there():
    records = study({1: 0.01, 2: 0.02, 3: 0.04}, width=16) + [run(s, test=0.75 + s / 100, depth=3) for s in (1, 2)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3)), Pair(DEEP, BASE, (1, 2))], "test-set", 0.005)
    found = measured_sd(verdicts_at(by_run(records), look, ACCURACY))
    wide, deep = np.var([0.01, 0.02, 0.04], ddof=1), np.var([0.01, 0.02], ddof=1)
    assert found == (pytest.approx(np.sqrt((2 * wide + deep) / 3)), 3)
    assert measured_sd([]) == (0.0, 0)
    floor = noise_floor([run(s, test=0.75 + s / 100) for s in range(5)], "test")
    assert floor is not None
    sd, source = difference_sd(ACCURACY, floor, 1000, found)
    assert sd == pytest.approx(np.sqrt((2 * wide + deep + 4 * 2 * floor.sd**2) / 7))
    assert source == "from the baseline's 5 seeds and the pairs compared so far"
    assert "assumed" in difference_sd(ACCURACY, None, 1000, (0.001, 1))[1]


def test_a_difference_of_which_runs_fail_is_never_said_without_them():
    records = study({s: 0.020 + s / 1e4 for s in range(1, 7)}, width=16)
    records += [run(s) for s in (7, 8)] + [run(s, status="failed", width=16) for s in (7, 8)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, tuple(range(1, 9)))], "test-set", 0.005)
    (j,) = finals(by_run(records), [look], ACCURACY)
    assert j.verdict.label == "better" and j.label == "better when it finishes; 2 of 8 fail"
    low, high = st.binomtest(2, 8).proportion_ci(0.95, method="exact")
    assert f"2 of 8 runs fail (exact 95 % interval {100 * low:.0f} to {100 * high:.0f} %)" in j.note


def test_no_worse_has_its_own_statistic_and_boundary():
    """Distance from -margin over the standard error, which reached the boundary of that claim."""
    d = np.array([0.0045, -0.002, 0.006, 0.001, 0.005, -0.001, 0.004, 0.002])[None, None]
    table = ((float("inf"), float("inf"), *[3.0] * 6),)
    found = decide(d, Design(8, table, 0.005, every_round=False))
    assert found.label[0, 0] == NO_WORSE and found.boundary[0, 0] == 3.0
    records = [run(s, test=0.75) for s in range(8)]
    records += [run(s, test=0.75 + round(float(x), 4), width=16, metric=SHARE) for s, x in enumerate(d[0, 0])]
    records[:8] = [run(s, test=0.75, metric=SHARE) for s in range(8)]
    seeds = tuple(range(8))
    plan = Plan("confirm", 1, (Pair(WIDE, BASE, seeds),), seeds, 0.005, "test-set", 0.04, table, every_round=False)
    (j,) = planned(judge(plan.sealed(), by_run(records)), SHARE)
    se = d.std(ddof=1) / np.sqrt(8)
    assert j.label == "no worse" and j.verdict.statistic == pytest.approx((0.005 + d.mean()) / se)
    assert j.verdict.statistic >= j.verdict.boundary and j.verdict.low > -0.005


def test_a_plan_without_a_round_has_lost_no_pair():
    seeds = (1, 2, 3)
    plan = Plan("confirm", 1, (Pair(WIDE, BASE, seeds),), seeds, None, "test-set", 0.04, ((np.inf, np.inf, 9.0),))
    (j,) = planned(judge(plan.sealed(), {}), ACCURACY)
    assert (j.failed, j.label, j.note, j.under_way) == (0, "not decided yet", "", True)
