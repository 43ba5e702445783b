"""What a study knows, against counts made by hand from eleven runs."""

from __future__ import annotations

import statistics

import pytest

from results.analysis.evidence import Evidence
from results.analysis.looks import Pair
from results.errors import UserError
from results.record import DatasetTag, Record
from results.store import Study
from tests.support.looks import next_look, stored
from tests.support.runs import BASE, SWEEP_SEED, hash_of, meta, run, scored

OTHER = DatasetTag(name="other images", fingerprint="beef")


def foreign(record: Record) -> Record:
    return record.model_copy(update={"dataset": OTHER, "run_id": record.run_id + "-other"})


def records() -> list[Record]:
    """A sweep of six at one seed (its first is the baseline), a baseline of three seeds, two repeats, two foreign."""
    return [
        run(SWEEP_SEED, val=0.70, test=0.71, kind="sweep", trial=0),
        run(SWEEP_SEED, val=0.75, kind="sweep", trial=2, depth=3),
        run(SWEEP_SEED, val=0.75, kind="sweep", trial=1, width=16),
        run(SWEEP_SEED, val=0.90, kind="sweep", trial=3, status="pruned", rate=0.3),
        run(SWEEP_SEED, val=None, kind="sweep", trial=4, status="failed", rate=0.4),
        run(SWEEP_SEED, val=0.60, kind="sweep", trial=5, rate=0.2),
        run(3, val=0.72, test=0.74, kind="baseline"),
        run(2, val=0.71, test=0.72, kind="baseline"),
        run(9, val=0.95, kind="baseline", status="pruned"),
        run(1, test=0.80, width=16),
        run(1, test=0.75),
        foreign(run(5, val=0.99, test=0.99, kind="baseline")),
        foreign(run(1, val=0.99, test=0.99, kind="sweep", trial=6, width=32)),
    ]


@pytest.fixture
def evidence() -> Evidence:
    return Evidence(records(), meta())


def test_records_of_other_images_stand_apart_and_count_nowhere(evidence: Evidence) -> None:
    assert (len(evidence.everything), len(evidence.records), len(evidence.foreign)) == (13, 11, 2)
    assert evidence.best is not None and evidence.best.record.score == 0.75
    assert all(r.dataset.fingerprint == "f00d" for r in evidence.runs.values())


def test_the_baseline_is_known_by_its_config_whatever_asked_for_it(evidence: Evidence) -> None:
    assert [(b.seed, b.kind) for b in evidence.baselines] == [
        (1, "confirm"), (2, "baseline"), (3, "baseline"), (SWEEP_SEED, "sweep")]  # fmt: skip
    assert evidence.reference is evidence.baselines[-1]  # the sweep's own seed
    assert Evidence(records()[6:8], meta()).reference == records()[7]  # else the lowest
    assert Evidence([], meta()).reference is None


def test_trials_are_the_sweeps_runs_in_their_order_the_baseline_left_out(evidence: Evidence) -> None:
    assert [t.label for t in evidence.trials] == ["trial 1", "trial 2", "trial 3", "trial 4", "trial 5"]
    assert [t.label for t in evidence.ranked] == ["trial 1", "trial 2", "trial 5"]  # of equals the earlier
    assert [t.label for t in evidence.having("failed", "pruned")] == ["trial 3", "trial 4"]
    assert [r.seed for r in evidence.repeats] == [1]
    assert evidence.tried == 4  # three complete, one pruned
    assert evidence.varying == ["rate", "width", "depth"]
    assert evidence.trials[0].changes == {"width": (8, 16)}
    assert evidence.trials[0].compared.as_configured == pytest.approx(0.05)


def test_a_second_attempt_has_a_name_of_its_own() -> None:
    twice = [run(1, kind="sweep", trial=7, width=w) for w in (16, 32)]
    assert [t.anchor for t in Evidence(twice, meta()).trials] == ["trial-7", "trial-7-2"]


def test_noise_band_and_luck_are_those_of_the_baselines_four_runs(evidence: Evidence) -> None:
    validation, test = [0.75, 0.71, 0.72, 0.70], [0.75, 0.72, 0.74, 0.71]
    assert evidence.validation_floor is not None and evidence.test_floor is not None
    assert (evidence.validation_floor.n, evidence.test_floor.n) == (4, 4)
    assert evidence.validation_floor.mean == pytest.approx(statistics.mean(validation))
    assert evidence.validation_floor.sd == pytest.approx(statistics.stdev(validation))
    assert evidence.test_floor.sd == pytest.approx(statistics.stdev(test))
    half = 3.182446 * statistics.stdev(validation) * (5 / 4) ** 0.5  # t of 3 degrees of freedom at 97.5 %
    assert evidence.band == pytest.approx((0.02 - half, 0.02 + half))
    assert evidence.null_maximum == pytest.approx(
        0.02 + 1.029375 * statistics.stdev(validation)
    )  # mean maximum of 4 normals
    assert Evidence(records()[:6], meta()).null_maximum is None  # one baseline measures no noise


def test_verdicts_are_of_its_own_records_and_their_looks() -> None:
    gains = {1: 0.021, 2: 0.020, 3: 0.022, 4: 0.020}
    own = [run(s, test=0.75) for s in gains] + [run(s, test=0.75 + g, width=16) for s, g in gains.items()]
    look = next_look([], "confirm", [Pair(hash_of(width=16), hash_of(), tuple(gains), chosen="x")], "test-set", 0.005)
    evidence = Evidence(own, meta(looks=[stored(look)]))
    (found,) = evidence.verdicts("confirm")
    assert (found.verdict.label, found.verdict.n) == ("better", 4)
    assert found.verdict.estimate == pytest.approx(statistics.mean(gains.values()))
    assert evidence.verdicts("ablation") == [] and evidence.unknown_plans == ""
    assert evidence.chosen_run(found.pair) == own[4]  # none is called x: any run of the config
    (none,) = Evidence([foreign(r) for r in own], meta(looks=[stored(look)])).verdicts("confirm")
    assert none.verdict.n == 0


def test_looks_of_another_version_are_said_and_raise() -> None:
    evidence = Evidence(records(), meta(looks=[{"family": "confirm", "number": 1, "pairs": [], "claim": "per-class"}]))
    assert "per-class" in evidence.unknown_plans
    with pytest.raises(UserError, match="newer version"):
        evidence.verdicts("confirm")


def test_a_study_is_read_as_it_is_now(tmp_path) -> None:
    study = Study.create(tmp_path / "s", meta())
    assert Evidence.of(study).records == []
    study.append(run(1).model_copy(update=scored(images=1000)))
    assert Evidence.of(study).baselines[0].config == BASE
