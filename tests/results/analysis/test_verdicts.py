"""Interim analyses (looks) and the final verdicts after them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from results.analysis.evidence import Evidence
from results.analysis.looks import Look, Pair, by_run, looks_of
from results.analysis.noise import difference_sd, noise_floor
from results.analysis.plans import Plan, failures, judge
from results.analysis.shrinkage import shrinkage
from results.analysis.verdicts import final_verdicts, measured_sd, planned, verdicts_at
from results.errors import UserError
from results.schema1 import ACCURACY
from tests.support.looks import next_look
from tests.support.looks import stored as as_kept
from tests.support.runs import SWEEP_SEED, hash_of, meta, run

BASE, WIDE, DEEP = hash_of(), hash_of(width=16), hash_of(depth=3)


def finally_(records: list, looks: list) -> list:
    return final_verdicts([verdicts_at(by_run(records), look, ACCURACY) for look in looks])


def study(gains: dict[int, float], **changed: object) -> list:
    return [run(s, test=0.75) for s in gains] + [run(s, test=0.75 + g, **changed) for s, g in gains.items()]


def test_differences_are_paired_by_seed_and_failures_are_counted():
    records = study({1: 0.01, 2: 0.02, 3: 0.03}, width=16)
    records += [run(4), run(4, status="failed", width=16), run(5, test=0.9, width=16)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3, 4, 5))], "test-set", 0.005)
    (j,) = verdicts_at(by_run(records), look, ACCURACY)
    assert j.differences == pytest.approx((0.01, 0.02, 0.03))
    assert (j.seeds, j.failed, j.verdict.n) == ((1, 2, 3), 2, 3)
    assert "1 of 5 runs fail" in j.note


def test_an_undecided_comparison_keeps_what_its_best_look_showed():
    """A later look that is about another pair spends less; the same runs do not say less for it."""
    records = study({1: 0.012, 2: 0.030, 3: 0.021}, width=16) + [run(s, test=0.75, depth=3) for s in (1, 2, 3)]
    first = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3))], "test-set", 0.005)
    second = next_look([first], "confirm", [Pair(DEEP, BASE, (1, 2, 3))], "test-set", 0.005)
    (alone,) = verdicts_at(by_run(records), first, ACCURACY)
    assert alone.verdict.label == "undecided" and 0.05 < alone.verdict.p_adjusted < 0.2
    assert verdicts_at(by_run(records), second, ACCURACY)[0].verdict.p_adjusted > 2 * alone.verdict.p_adjusted
    j = finally_(records, [first, second])[0]
    assert j.verdict.p_adjusted == alone.verdict.p_adjusted
    assert j.verdict.label == "undecided" and f"adjusted p = {alone.verdict.p_adjusted:.2f}"[:16] in j.verdict.sentence
    other = [*study({1: -0.012, 2: -0.030, 3: -0.021, 4: 0.2}, width=16), *(run(s, depth=3) for s in (1, 2, 3))]
    third = next_look([first, second], "confirm", [Pair(WIDE, BASE, (4,))], "test-set", 0.005)
    assert finally_(other, [first, second, third])[0].verdict.estimate > 0  # the side turned: no p of the other side
    assert finally_(other, [first, second, third])[0].verdict.p_adjusted == 1.0


def test_look_round_trips_through_study_json():
    look = next_look([], "ablation", [Pair(WIDE, BASE, (3, 1), "add-one-in", "width")], "population", 0.01, when="now")
    stored = json.loads(json.dumps(as_kept(look) | {"unknown": 1}))
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
    (j,) = finally_(records, [first, second])
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
    (j,) = finally_(records, [first])
    assert (j.verdict.label, j.verdict.claim, j.earlier) == ("better", "test-set", ())
    second = next_look([first], "confirm", pair, "population", 0.02)
    (j,) = finally_(records, [first, second])
    assert j.verdict.claim == "population" and j.verdict.number == 2
    assert [(v.claim, v.label, v.number) for v in j.earlier] == [("test-set", "better", 1)]
    assert "at interim analysis 1: better" in j.note
    third = next_look([first, second], "confirm", pair, "test-set", 0.001)
    (j,) = finally_(records, [first, second, third])
    assert (j.verdict.label, j.verdict.number) == ("better", 1)  # asked again, it is final


def test_equivalence_stands_for_margins_at_least_as_wide():
    gains = {1: 0.0005, 2: -0.0004, 3: 0.0003, 4: -0.0005, 5: 0.0004, 6: 0.0}
    records = study(gains, width=16)
    pair = [Pair(WIDE, BASE, tuple(gains))]
    looks = [next_look([], "confirm", pair, "test-set", 0.01)]
    assert finally_(records, looks)[0].verdict.label == "equivalent"
    looks.append(next_look(looks, "confirm", pair, "test-set", 0.0001))
    (j,) = finally_(records, looks)
    assert (j.verdict.label, j.verdict.number) == ("undecided", 2)
    looks.append(next_look(looks, "confirm", pair, "test-set", 0.02))
    (j,) = finally_(records, looks)
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
    assert finally_(records, looks)[0].verdict.label == "equivalent"
    looks.append(next_look(looks, "confirm", [Pair(WIDE, BASE, late)], "test-set", 0.0001))
    looks[1] = replace(looks[1], pairs=(Pair(WIDE, BASE, late),))
    assert finally_(records, looks)[0].verdict.label == "better"
    looks.append(replace(looks[1], number=3, margin=0.05))
    (j,) = finally_(records, looks)
    assert (j.verdict.label, j.verdict.number) == ("better", 2)
    assert [v.label for v in j.earlier] == ["equivalent"]


def test_scores_that_came_later_do_not_belong_to_a_look():
    """A failed run that is trained again must not change what a recorded look has said."""
    records = study({1: 0.010, 2: 0.011, 3: 0.012}, width=16) + [run(4), run(4, status="failed", width=16)]
    kept = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3, 4), without=(4,))], "test-set", 0.005)
    assert Look.from_dict(json.loads(json.dumps(as_kept(kept)))) == kept
    before = verdicts_at(by_run(records), kept, ACCURACY)
    later = [*records, run(4, test=0.75 - 0.2, width=16)]
    assert verdicts_at(by_run(later), kept, ACCURACY)[0].verdict == before[0].verdict
    assert before[0].failed == 1 and "1 of 4 runs fail (exact 95 % interval 1 to 81 %)" in before[0].note


@pytest.mark.parametrize("wrong", [{"role": []}, {"name": 0}, {"candidate": {}}, {"reference": None}, {"chosen": 0}])
def test_a_looks_texts_that_are_none_are_refused(wrong: dict):
    """Falsy ones passed, and ended in a traceback where pairs are told apart."""
    look = as_kept(next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3))], "test-set", 0.005))
    look["pairs"] = [look["pairs"][0] | wrong]
    with pytest.raises(UserError, match="does not know"):
        Evidence([], meta(looks=[look])).verdicts("confirm")


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


def by_plan(number: int, gains: dict[int, float], **changed) -> tuple[list, list]:
    """Records and the verdict of a plan on these seeds."""
    table = ((float("inf"), float("inf"), *(4.0 for _ in range(len(gains) - 2))),)
    seeds = tuple(gains)
    given = {"margin": 0.005, "claim": "test-set", "alpha": 0.04} | changed
    plan = Plan("confirm", number, (Pair(WIDE, BASE, seeds),), seeds, boundaries=table, **given)
    records = study(gains, width=16)
    return records, planned(judge(plan, by_run(records), failures(records)), ACCURACY)


def test_a_plans_verdict_says_what_its_numbers_are():
    gains = {1: 0.02, 2: 0.021, 3: 0.025, 4: 0.9}
    _, (j,) = by_plan(3, gains)
    v, x = j.verdict, np.array([0.02, 0.021, 0.025])
    assert (v.label, v.by, v.number, v.comparisons, v.level, v.n, v.seeds) == ("better", "plan", 3, 1, 0.96, 3, 4)
    se = x.std(ddof=1) / np.sqrt(3)
    assert v.estimate == pytest.approx(x.mean()) and v.statistic == pytest.approx(x.mean() / se)
    assert (v.low, v.high) == (pytest.approx(x.mean() - 4 * se), pytest.approx(x.mean() + 4 * se))
    assert "repeated 96 % interval" in v.sentence and "adjusted" not in v.sentence
    assert j.seeds == (1, 2, 3) and not j.under_way, "the fourth seed came after it had stopped"
    _, (less,) = by_plan(1, {1: 0.0001, 2: 0.0, 3: -0.0002, 4: 0.9})
    assert less.verdict.label == "equivalent" and "differs by less than +-0.5" in less.verdict.sentence
    _, (going,) = by_plan(1, {1: 0.1, 2: -0.1, 3: 0.0})
    assert going.verdict.label == "undecided" and not going.under_way


def test_what_a_look_decided_stands_beside_an_undecided_plan():
    clear, noisy = {s: 0.02 + 0.0005 * (s % 3) for s in range(1, 7)}, {11: 0.1, 12: -0.1, 13: 0.05}
    look = next_look([], "confirm", [Pair(WIDE, BASE, tuple(clear))], "test-set", 0.005)
    records = study(clear, width=16)
    _, plan = by_plan(1, noisy)
    (j,) = final_verdicts([verdicts_at(by_run(records), look, ACCURACY), plan])
    assert (j.verdict.label, j.verdict.by, j.latest.by) == ("better", "look", "plan")
    assert "decided at interim analysis 1, which is final; at plan 1" in j.note


def test_a_candidate_that_often_fails_is_better_only_when_it_finishes():
    gains = {s: 0.03 + 0.001 * s for s in range(1, 7)}
    records = [r for r in study(gains, width=16) if r.config_hash == BASE or r.seed % 2]
    records += [run(s, test=None, val=None, status="diverged", width=16) for s in (2, 4, 6)]
    table = ((float("inf"), float("inf"), 10.0, 10.0, 10.0, 10.0),)
    plan = Plan("confirm", 1, (Pair(WIDE, BASE, tuple(gains)),), tuple(gains), 0.005, "test-set", 0.04, table, False)
    (j,) = planned(judge(plan, by_run(records), failures(records)), ACCURACY)
    assert j.label == "better when it finishes; 3 of 6 fail"
    assert "3 of 6 runs fail (exact 95 % interval 12 to 88 %), 0 of 6 of what it is compared with" in j.note
