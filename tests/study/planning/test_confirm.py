"""Which runs a confirmation needs, what it says before, and the command itself on the scikit-learn example."""

from __future__ import annotations

import pytest

from results.analysis.evidence import Evidence
from results.analysis.power import power_analysis
from results.config import run_id
from results.errors import UserError
from results.schema1 import ACCURACY
from results.store import Study
from study.cli.main import main
from study.jobs import Job
from study.planning.confirm import candidates, prepare
from study.planning.noise import before_baseline, before_sweep
from study.planning.runs import advice, cost, longest_first, missing, training_seconds
from study.planning.seeds import fresh_seeds, sweep_seeds
from tests.support.in_process import everything_in_process
from tests.support.runs import SWEEP_SEED, hash_of, meta, run

BASE, WIDE, DEEP = hash_of(), hash_of(width=16), hash_of(depth=3)


def swept() -> list:
    return [
        run(SWEEP_SEED, val=0.75, test=0.90, kind="sweep", trial=0),
        run(SWEEP_SEED, val=0.78, test=0.70, kind="sweep", trial=1, width=16),
        run(SWEEP_SEED, val=0.77, test=0.95, kind="sweep", trial=2, depth=3),
        run(SWEEP_SEED, val=0.99, test=None, kind="sweep", trial=3, status="pruned", rate=0.3),
        run(SWEEP_SEED, val=None, test=None, kind="sweep", trial=4, status="failed", rate=0.4),
        run(SWEEP_SEED, val=0.78, test=0.71, kind="sweep", trial=5, rate=0.2),
    ]


def ready(records: list, looks: tuple = (), **options: object):
    chosen = {"top": 1, "seeds": 6, "start": SWEEP_SEED, "margin": 0.005} | options
    return prepare(Evidence(records, meta(looks=[look.as_dict() for look in looks])), **chosen)


def test_candidates_are_the_best_complete_by_validation_and_never_the_baseline():
    found = candidates(Evidence(swept(), meta()), 9)
    assert [r.trial for r in found] == [1, 5, 2]  # of equals the earlier trial
    assert [r.trial for r in candidates(Evidence(swept(), meta()), 2)] == [1, 5]


def test_test_scores_choose_nothing():
    changed = [r.model_copy(update={"test": {"test_accuracy": 1 - (r.test_score or 0)}}) for r in swept()]
    assert [r.run_id for r in candidates(Evidence(changed, meta()), 3)] == [
        r.run_id for r in candidates(Evidence(swept(), meta()), 3)
    ]


def test_seeds_are_never_the_sweeps_and_first_those_paid_for():
    records = swept() + [run(s, kind="baseline") for s in (505, 506, 600)] + [run(600, width=16)]
    assert sweep_seeds(records) == {SWEEP_SEED}
    assert fresh_seeds(records, 5, [BASE], SWEEP_SEED) == (505, 506, 600, 507, 508)
    assert fresh_seeds(records, 2, [BASE, WIDE], SWEEP_SEED) == (600, 505)
    assert fresh_seeds(records, 3, [BASE], 7, first={900}) == (900, 505, 506)


def test_only_missing_runs_are_trained():
    records = swept() + [run(s, kind="baseline") for s in range(SWEEP_SEED + 1, SWEEP_SEED + 5)]
    records.append(run(SWEEP_SEED + 1, status="failed", test=None, width=16))
    planned = ready(records)
    assert {(j.config["width"], j.seed - SWEEP_SEED) for j in planned.jobs} == {
        *((16, s) for s in (2, 3, 4, 5, 6)),
        *((8, s) for s in (5, 6)),
    }
    assert planned.reused == 5
    assert all(j.kind == "confirm" for j in planned.jobs)
    assert planned.seconds == pytest.approx(7 * 6.0)
    assert "4 reused" not in " ".join(planned.sentences())


def test_a_pruned_run_is_trained_to_its_end():
    records = [run(1, status="pruned", test=None, width=16)]
    jobs, reused = missing(records, [(WIDE, 1)], {WIDE: records[0].config}, "confirm")
    assert (len(jobs), reused) == (1, 0)


def test_asking_again_reuses_and_asking_for_more_adds_a_look():
    records = swept()
    first = ready(records)
    seeds = first.look.pairs[0].seeds
    assert SWEEP_SEED not in seeds
    done = records + [run(s, test=0.75) for s in seeds] + [run(s, test=0.755, width=16) for s in seeds]
    again = ready(done, (first.look,))
    assert (again.new, again.jobs) == (False, ())
    more = ready(done, (first.look,), seeds=10)
    assert (more.new, more.look.number, len(more.jobs)) == (True, 2, 8)
    assert set(seeds) < set(more.look.pairs[0].seeds)
    other = ready(done, (first.look,), top=2)
    assert [len(p.seeds) for p in other.look.pairs] == [6, 6]
    assert {p.candidate for p in other.look.pairs} == {WIDE, hash_of(rate=0.2)}
    assert other.power.comparisons == 2


def test_a_study_without_a_trial_has_nothing_to_confirm():
    with pytest.raises(UserError, match="no complete sweep trial"):
        ready([run(1, kind="baseline")])


def test_it_says_what_it_can_show_before_it_starts():
    said = " ".join(ready(swept(), seeds=2).sentences())
    assert "no verdict can be reached at all" in said
    assert "Recommended: --seeds" in said
    assert "assumed" in said
    assert "claim" in said.lower()
    assert "no number of seeds removes" in " ".join(ready(swept(), claim="population").sentences())
    assert training_seconds([], list(ready(swept()).jobs)) is None
    assert "One seed shows nothing" in before_baseline(Evidence([], meta()), 1)[0]
    assert "by luck alone" in before_sweep(Evidence([], meta()), 50)


@pytest.mark.parametrize(
    ("at_once", "clock"),
    [(4, "or 45 min with 4 at a time"), (3, "or 1 h 08 min with 3 at a time"), (16, "or 22 min with 8 at a time")],
)
def test_the_cost_is_told_by_the_clock_too(at_once, clock):
    """Eight runs of 22.5 minutes: two waves of four, three of three, one of eight."""
    assert clock in cost(8, 0, 8 * 1350.0, at_once)
    assert "at a time" not in cost(8, 0, 8 * 1350.0) + cost(1, 0, 1350.0, 4) + cost(8, 0, None, 4) + cost(0, 8, 0.0, 4)


@pytest.fixture
def study(tmp_path):
    """A sweep of six configs that differ by luck alone."""
    path = tmp_path / "s"
    common = ["--study", str(path), "--seed", "7", "--quiet"]
    what = ["--trainable", "examples/digits_sklearn.py", "--dataset", "digits", "--space", "luck", "--set", "epochs=2"]
    with everything_in_process():
        assert main(["sweep", *common, *what, "--trials", "4", "--scheduler", "none", "--sampler", "random"]) == 0
        yield path, common


def test_the_command_confirms_reuses_and_records_its_looks(study, capsys):
    path, common = study
    dry = ["confirm", *common, "--top", "2", "--seeds", "3"]
    assert main([*dry, "--dry-run"]) == 0
    assert not Study.open(path).meta.looks
    assert main(dry) == 0
    said = capsys.readouterr().out
    assert "To train: 9 runs" in said
    s = Study.open(path)
    runs = {(r.config_hash, r.seed) for r in s.records()}
    tested = Evidence.of(s).verdicts("confirm")
    assert [j.verdict.n for j in tested] == [3, 3]
    assert all(7 not in j.seeds for j in tested)
    assert main(dry) == 0
    assert "Nothing to train for the verdicts: all 9 runs are recorded." in capsys.readouterr().out
    s = Study.open(path)
    assert len(s.meta.looks) == 1
    assert main(["confirm", *common, "--top", "2", "--seeds", "4"]) == 0
    s = Study.open(path)
    assert [look["spent"] for look in s.meta.looks] == pytest.approx([0.025, 0.05 / 6])
    ids = [r.run_id for r in s.records()]
    assert len(set(ids)) == len(ids) == len(runs) + 3
    assert "verdict" in (path / "report.html").read_text().lower()
    capsys.readouterr()
    best = s.meta.looks[0]["pairs"][0]["chosen"]
    for origin, left_out in ((["--from", best], True), ([], False)):  # what was named may have been picked by test
        assert main(["ablate", *common, *origin, "--set", "epochs=1", "--dry-run"]) == 0
        assert ("seeds that confirmed the start are left out" in capsys.readouterr().out) == left_out


def test_asking_costs_nothing_and_too_few_seeds_are_refused(study, capsys):
    path, common = study
    before = (path / "study.json").read_bytes()
    assert main(["confirm", *common, "--seeds", "2", "--dry-run"]) == 0
    assert "no verdict can be reached at all" in capsys.readouterr().out
    assert main(["confirm", *common, "--seeds", "2"]) == 2
    assert "fewer than 3 seeds" in capsys.readouterr().err
    assert main(["ablate", *common, "--seeds", "2"]) == 2
    assert main(["sweep", "--study", str(path), "--quiet", "--seed", "8"]) == 2  # its trials have another
    for option in ("--parts", "--changes"):  # an unset variable of a shell must not spend a look
        assert main(["ablate", *common, option, ""]) == 2
        assert f"{option} '' names nothing" in capsys.readouterr().err
    assert main(["ablate", *common, "--from", "best2"]) == 2
    assert "did you mean 'best'?" in capsys.readouterr().err
    assert main(["confirm", *common, "--dry-run"]) == 0
    assert main(["ablate", *common, "--dry-run"]) == 0
    assert (path / "study.json").read_bytes() == before and len(Study.open(path).records()) == 4


def test_what_comes_where_it_is_not_what_was_asked_is_said():
    records = swept()
    assert any("no more than 3 complete configs" in note for note in ready(records, top=30).notes)
    first = ready(records)
    seeds = first.look.pairs[0].seeds
    assert first.notes == ()
    done = records + [run(s, test=0.5 + s / 1e5) for s in seeds] + [run(s, test=0.9, width=16) for s in seeds]
    assert any("--seeds 2, but 6 are recorded already" in note for note in ready(done, (first.look,), seeds=2).notes)
    assert any("has its final verdict (better)" in note for note in ready(done, (first.look,), seeds=9).notes)
    assert ready(done, (first.look,)).notes == ()


def test_looks_of_a_newer_version_are_refused_in_one_line(study, capsys):
    path, common = study
    after = Study.open(path)
    after.meta.looks = [{"family": "confirm", "number": 1, "pairs": [], "claim": "per-class"}]
    after.save_meta()
    before = (path / "study.json").read_bytes()
    for command in ("confirm", "ablate"):
        assert main([command, *common]) == 2
        assert "a newer version of the toolkit made it" in capsys.readouterr().err
    assert main(["report", "--study", str(path)]) == 0
    assert "Verdicts left out." in (path / "report.html").read_text()
    assert (path / "study.json").read_bytes() == before


def test_the_longest_training_begins_first():
    slow = [run(s, kind="baseline").model_copy(update={"seconds": 60.0}) for s in (1, 2)]
    fast = [run(s, kind="sweep", width=16, trial=s).model_copy(update={"seconds": 20.0}) for s in (1, 2)]
    jobs = [Job("confirm", r.config, 9) for r in (fast[0], slow[0])]
    assert [j.config for j in longest_first([*slow, *fast], jobs)] == [slow[0].config, fast[0].config]


def test_advice_says_enough_only_where_it_is():
    assert "enough to see one percentage point" in advice(power_analysis(ACCURACY, 8, 1, (0.006, "given"), 0.005))
    far = advice(power_analysis(ACCURACY, 20, 3, (0.1, "given"), 0.005))
    assert "enough" not in far and "one percentage point would take" in far
    assert "Recommended: --seeds 20; one percentage point would take" in advice(
        power_analysis(ACCURACY, 6, 3, (0.1, "given"), 0.005)
    )


def test_fixed_settings_are_refused(study, capsys):
    _, common = study
    assert main(["confirm", *common, "--set", "epochs=3"]) == 2
    assert "reruns configs as the sweep had them" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad", [["--top", "0"], ["--seeds", "0"], ["--margin", "0"], ["--margin", "x"], ["--claim", "all"]]
)
def test_bad_options_end_with_2(bad, tmp_path):
    assert main(["confirm", "--study", str(tmp_path / "none"), *bad]) == 2


SCORES = {"best_epoch": None, "val": {}, "test": {}, "test_confusion": None, "test_examples": None}


@pytest.mark.parametrize(("status", "trained"), [("diverged", 0), ("failed", 1), ("complete", 0)])
def test_a_diverged_seed_of_the_baseline_is_its_answer(status, trained, tmp_path):
    """The same seed would diverge again; a failed run may have had its reason in the machine."""
    path = tmp_path / "s"
    words = ["baseline", "--study", str(path), "--trainable", "examples/digits_sklearn.py", "--dataset", "digits"]
    words += ["--set", "epochs=1", "--quiet"]
    with everything_in_process():
        assert main(words) == 0
        study = Study.open(path)
        (first,) = study.records()
        lost = {} if status == "complete" else SCORES
        about = {"run_id": run_id(first.config, first.seed + 1), "seed": first.seed + 1, "status": status}
        study.append(first.model_copy(update=about | lost))
        assert main([*words, "--seeds", "2"]) == 0
        assert len(study.records()) == 2 + trained
        if status == "diverged":
            assert main([*words, "--seed", str(first.seed + 1)]) == 1  # nothing to show for it


def test_the_candidate_named_first_is_not_picked_by_its_test_score():
    """Three better ones: the sweep's validation says which is named, whatever the test estimates are."""
    from types import SimpleNamespace

    from study.report.parts.verdicts import foremost

    def tested(label: str, estimate: float, validation: float) -> SimpleNamespace:
        verdict = SimpleNamespace(label=label, estimate=estimate)
        return SimpleNamespace(verdict=verdict, pair=SimpleNamespace(validation=validation))

    def trial_of(pair: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(record=SimpleNamespace(score=pair.validation))

    best = tested("better", 0.01, 0.77)
    others = [tested("better", 0.03, 0.76), tested("undecided", 0.05, 0.79), tested("worse", -0.01, 0.80)]
    assert foremost(SimpleNamespace(verdicts=lambda family: [*others, best], trial_of=trial_of)) is best
