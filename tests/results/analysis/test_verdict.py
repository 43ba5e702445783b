"""Statistics of any metric: the same verdicts in any unit and direction, without a margin, a test value or bits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as st

from results.analysis import noise, paired
from results.analysis.evidence import Evidence
from results.analysis.looks import Look, Pair
from results.analysis.verdicts import refuse_unusable, verdicts_at
from results.errors import UserError
from results.metric import Metric
from results.record import Examples, Record
from results.schema1 import ACCURACY
from study.planning.noise import before_sweep
from tests.support import synthetic
from tests.support.looks import look_dict, next_look
from tests.support.runs import hash_of, meta, run

BASE, WIDE, DEEP, RATE = hash_of(), hash_of(width=16), hash_of(depth=3), hash_of(rate=0.2)
SHARE = Metric("val_share", "max", "%", 0.005, "test_share")  # an accuracy that no bits bear out
RMSE = Metric("val_rmse", "min", "mg/dl", 1.25, "test_rmse")  # 3 - 250 * share, so 250 times the margin
BARE = Metric("val_loss", "min")


def turned(value: float) -> float:
    return 3 - 250 * value


def study(metric: Metric, turn=lambda value: value) -> list[Record]:
    """Four configs on eight seeds: better, worse, equivalent and undecided."""
    rng = np.random.default_rng(4)
    records = []
    gains = {"width": (16, 0.012, 0.003), "depth": (3, -0.011, 0.003), "rate": (0.2, 0.0, 0.0008)}
    for seed in range(1, 9):
        base = 0.75 + 0.004 * rng.standard_normal()
        records.append(run(seed, test=turn(base), val=turn(base + 0.01), metric=metric))
        for field, (value, gain, sd) in gains.items():
            own = base + gain + sd * rng.standard_normal()
            records.append(run(seed, test=turn(own), val=turn(own + 0.01), metric=metric, **{field: value}))
    return records


def looks(margin: float | None, claim: str = "test-set") -> list[Look]:
    first = next_look([], "confirm", [Pair(WIDE, BASE, (1, 2, 3))], claim, margin)
    pairs = [Pair(name, BASE, tuple(range(1, 9))) for name in (WIDE, DEEP, RATE)]
    return [first, next_look([first], "confirm", pairs, claim, margin)]


def test_another_unit_and_direction_give_the_same_verdicts() -> None:
    one = Evidence(study(SHARE), meta(SHARE, looks=[look_dict(k) for k in looks(0.005)]))
    other = Evidence(study(RMSE, turned), meta(RMSE, looks=[look_dict(k) for k in looks(1.25)]))
    mine, its = one.verdicts("confirm"), other.verdicts("confirm")
    assert [j.verdict.label for j in mine] == ["better", "worse", "equivalent"] == [j.verdict.label for j in its]
    for a, b in zip(mine, its, strict=True):
        for part in ("p_adjusted", "p_equivalent_adjusted"):
            assert getattr(b.verdict, part) == pytest.approx(getattr(a.verdict, part), rel=1e-9, abs=1e-12), part
        for part in ("estimate", "low", "high", "sd"):
            assert getattr(b.verdict, part) == pytest.approx(250 * getattr(a.verdict, part), rel=1e-9)
        assert (b.verdict.number, b.verdict.small) == (a.verdict.number, a.verdict.small)
        low, high = RMSE.interval(b.verdict.low, b.verdict.high)
        assert (float(low), float(high)) == pytest.approx((-250 * a.verdict.high, -250 * a.verdict.low), abs=0.05)
    said = its[0].verdict.sentence
    assert said.startswith("better: lower expected RMSE on this test set (-") and "mg/dl" in said
    assert other.test_floor is not None and one.test_floor is not None
    assert other.test_floor.sd == pytest.approx(250 * one.test_floor.sd)
    assert other.test_floor.as_dict()["mean"] == pytest.approx(turned(one.test_floor.as_dict()["mean"]))
    assert other.test_floor.as_dict()["mean_low"] < other.test_floor.as_dict()["mean_high"]


def test_three_equal_differences_are_taken_alike_in_every_unit() -> None:
    for scale in (1e-9, 1.0, 1e9):
        c = paired.compare(np.array([0.01, 0.01, 0.01]) * scale, margin=0.005 * scale)
        assert c.p < 1e-12 and c.p_equivalent > 0.999
        none = paired.compare([0.0, 0.0, 0.0], margin=0.005 * scale)
        assert none.p == 1 and none.p_equivalent < 1e-12 and (none.low, none.high) == (0, 0)


def test_without_a_margin_nothing_is_equivalent_and_no_sentence_has_one() -> None:
    metric = Metric("val_rmse", "min", "mg/dl", None, "test_rmse")
    evidence = Evidence(study(metric, turned), meta(metric, looks=[look_dict(k) for k in looks(None)]))
    found = evidence.verdicts("confirm")
    assert [j.verdict.label for j in found] == ["better", "worse", "undecided"]
    assert [j.verdict.p_equivalent_adjusted for j in found] == [1, 1, 1]
    assert Look.from_dict(look_dict(looks(None)[1])).margin is None
    test = st.ttest_1samp(found[2].differences, 0)
    assert (found[2].verdict.low, found[2].verdict.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    said = " ".join(j.verdict.sentence for j in found)
    assert "quivalent" not in said and "margin" not in said


def test_without_a_test_value_verdicts_are_about_validation_and_say_so() -> None:
    records = study(BARE, turned)
    evidence = Evidence(records, meta(BARE, looks=[look_dict(k) for k in looks(1.25)]))
    found = evidence.verdicts("confirm")
    assert [j.verdict.label for j in found] == ["better", "worse", "equivalent"]
    assert all("expected loss on validation data" in j.verdict.sentence for j in found)
    assert evidence.test_floor is None and evidence.final_floor is evidence.validation_floor is not None
    assert "validation loss" in evidence.final_floor.sentences()[0]
    with pytest.raises(UserError, match="has no test value"):
        refuse_unusable(evidence.runs, {WIDE, BASE}, "population", BARE)


def test_noise_that_nobody_measured_is_not_made_up() -> None:
    made = synthetic.Regression()
    records = [made.run(made.baseline, kind="baseline"), made.run(made.baseline | {"width": 128}, trial=1)]
    evidence = Evidence(records, synthetic.meta(made))
    said = before_sweep(evidence, 50)
    assert "assumed" not in said and "standard deviation of" not in said
    assert noise.assumed_sd(RMSE, 1000) is None and noise.assumed_sd(ACCURACY, 1000) is not None


def each(values: np.ndarray, seed: int, metric: Metric, **changed: object) -> Record:
    made = run(seed, test=float(values.mean(dtype=np.float64)), metric=metric, **changed)
    return made.model_copy(update={"test_examples": Examples.of(values)})


def test_population_error_of_numbers_is_that_of_the_crossed_analysis_of_variance() -> None:
    rng = np.random.default_rng(3)
    x = 100 + rng.normal(0, 1, (5, 1)) + rng.normal(0, 2, (1, 40)) + rng.normal(0, 1, (5, 40))
    seeds, n = x.shape
    rest = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0, keepdims=True) + x.mean()
    residual = (rest**2).sum() / ((seeds - 1) * (n - 1))
    columns = seeds * x.mean(axis=0).var(ddof=1)
    expected = x.mean(axis=1).var(ddof=1) / seeds + max(0.0, (columns - residual) / (seeds * n))
    se, df = paired.population_error(x)
    assert (se**2, df) == (pytest.approx(expected), 4)
    bits = rng.integers(-1, 2, size=(5, 400)).astype(np.int8)
    assert paired.population_error(bits)[0] == pytest.approx(paired.population_error(bits.astype(float))[0])
    with pytest.raises(ValueError, match="two of each"):
        paired.population_error(np.zeros((5, 1)))


def test_population_error_of_numbers_is_how_far_estimates_fall_in_simulated_studies() -> None:
    """Both seeds and examples drawn anew: the mean squared error is the variance that the estimates have."""
    rng = np.random.default_rng(0)
    means, variances = [], []
    for _ in range(3000):
        x = rng.normal(0, 0.3, (4, 1)) + rng.exponential(1.0, (1, 50)) - 1 + rng.normal(0, 0.5, (4, 50))
        means.append(x.mean())
        variances.append(paired.population_error(x)[0] ** 2)
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.08)


def test_the_population_claim_is_for_any_metric_with_a_score_for_each_example() -> None:
    rng = np.random.default_rng(1)
    mae = Metric("val_mae", "min", "mpg", 0.05, "test_mae")
    base = rng.exponential(1.0, (6, 200)).astype(np.float32)
    better = (0.8 * base + rng.normal(0, 0.05, base.shape)).astype(np.float32)
    records = [each(b, s, mae) for s, b in enumerate(base)] + [each(b, s, mae, width=16) for s, b in enumerate(better)]
    runs = Evidence(records, meta(mae)).runs
    look = next_look([], "confirm", [Pair(WIDE, BASE, tuple(range(6)))], "population", 0.05)
    refuse_unusable(runs, {WIDE, BASE}, "population", mae)
    (found,) = verdicts_at(runs, look, mae)
    differences = base.astype(np.float64) - better
    se, df = paired.population_error(differences)
    assert found.verdict.estimate == pytest.approx(differences.mean(), rel=1e-5)
    assert found.verdict.p_adjusted == pytest.approx(2 * 2 * st.t.sf(differences.mean() / se, df), rel=1e-4)  # look 1
    assert "lower expected MAE in the population of examples the test set" in found.verdict.sentence
    floor = Evidence(records, meta(mae)).test_floor
    assert floor is not None and floor.example_sd == pytest.approx(np.sqrt(base.var(axis=0, ddof=1).mean() / 200), 1e-5)


def test_errors_as_bits_are_rounded_to_whole_examples_and_sampled_as_right_answers_are() -> None:
    rng = np.random.default_rng(2)
    error = Metric("val_error", "min", "%", 0.005, "test_error")
    wrong = rng.random((2, 4, 400)) < np.array([0.3, 0.25]).reshape(2, 1, 1)
    both = [({}, 0), ({"width": 16}, 1)]
    ours = [each(wrong[i, s], s, error, **c) for c, i in both for s in range(4)]
    theirs = [run(s, correct=~wrong[i, s], **c) for c, i in both for s in range(4)]
    for claim in ("test-set", "population"):
        look = next_look([], "confirm", [Pair(WIDE, BASE, (0, 1, 2, 3))], claim, 0.005)
        (a,) = verdicts_at(Evidence(ours, meta(error)).runs, look, error)
        (b,) = verdicts_at(Evidence(theirs, meta()).runs, look, ACCURACY)
        assert a.verdict.p_adjusted == pytest.approx(b.verdict.p_adjusted) and a.verdict.estimate == pytest.approx(
            b.verdict.estimate
        )
    assert noise.noise_floor(ours[:4], "test").example_sd == pytest.approx(
        noise.noise_floor(theirs[:4], "test").example_sd
    )
    same = [each(wrong[0, 0], s, error) for s in range(3)]
    assert noise.noise_floor(same, "test").sd == pytest.approx(1 / (400 * 6**0.5))


def test_a_population_claim_that_runs_cannot_bear_is_refused_and_told_as_missing_scores() -> None:
    mae = Metric("val_mae", "min", "mpg", 0.05, "test_mae")
    values = np.random.default_rng(1).exponential(1.0, 50).astype(np.float32)
    good = [each(values + s / 50 + w / 100, s, mae, width=8 + w) for s in range(4) for w in (0, 8)]
    look = next_look([], "confirm", [Pair(WIDE, BASE, (0, 1, 2, 3))], "population", 0.05)
    lacking = good[3].model_copy(update={"test_examples": None})
    short = each(values[:-1], 1, mae, width=16)
    single = [each(values[:1], r.seed, mae, width=r.config["width"]) for r in good]
    for records, why in (
        ([*good[:3], lacking, *good[4:]], f"run {lacking.run_id} has none"),
        ([*good[:3], short, *good[4:]], "of one size"),
        (single, "has one"),
    ):
        runs = Evidence(records, meta(mae)).runs
        with pytest.raises(UserError, match=why):
            refuse_unusable(runs, {WIDE, BASE}, "population", mae)
        (found,) = verdicts_at(runs, look, mae)  # one that an earlier version kept
        assert (found.verdict.n, found.failed) == ((0, 4) if records is single else (3, 1))
    refuse_unusable(runs, {WIDE, BASE}, "test-set", mae)
