"""Which plan a confirmation makes, what it says before, and the command itself on the scikit-learn example."""

from __future__ import annotations

import json
import shutil

import pytest

from results.analysis.chain import keep, place
from results.analysis.evidence import Evidence
from results.analysis.looks import Pair
from results.analysis.plans import MOST_RUNS
from results.config import run_id
from results.errors import UserError
from results.store import Study
from study.cli.main import main
from study.planning.confirm import Asked, candidates, prepare, refuse_decided, undecided
from study.planning.plan import RACE, Size, trainings
from study.planning.runs import missing
from study.planning.seeds import fresh_seeds, sweep_seeds
from study.planning.words import four_lines
from tests.support.in_process import everything_in_process
from tests.support.runs import BASE as BASE_CONFIG
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


def ask(records: list, m=None, at_once: int = 1, **options):
    """Prepare a confirmation as the command does."""
    size = Size(**{k: options.pop(k) for k in ("seeds", "most", "budget") if k in options})
    asked = Asked(size=size, **({"start": SWEEP_SEED} | options))
    return prepare(Evidence(records, m or meta()), asked, lambda runs, seconds: at_once, when="now", command="c")


def carried_out(records: list, m, made, gain=None) -> list:
    """Return the records with those of the plan, which is then in ``m`` as judged; ``gain`` of (hash, seed)."""
    own = list(records)
    for p in made.plan.pairs:
        for name in p.key:
            for s in made.plan.seeds:
                if (name, s) not in {(r.config_hash, r.seed) for r in own}:
                    config = made.configs[name]
                    changed = {k: v for k, v in config.items() if v != BASE_CONFIG[k]}
                    own.append(run(s, test=0.7 + 0.001 * (s % 7) + (gain(name, s) if gain else 0.0), **changed))
    m.plans.append(made.plan.as_dict())
    judged = Evidence(own, m).judged("confirm")[-1]
    keep(m, judged)
    m.plans = json.loads(json.dumps(m.plans))
    return own


def test_candidates_are_the_best_complete_by_validation_and_never_the_baseline():
    found = candidates(Evidence(swept(), meta()), 9)
    assert [r.trial for r in found] == [1, 5, 2]  # of equals the earlier trial
    assert [r.trial for r in candidates(Evidence(swept(), meta()), 2)] == [1, 5]


def test_test_scores_choose_nothing():
    changed = [r.model_copy(update={"test": {"test_accuracy": 1 - (r.test_score or 0)}}) for r in swept()]
    assert [r.run_id for r in candidates(Evidence(changed, meta()), 3)] == [
        r.run_id for r in candidates(Evidence(swept(), meta()), 3)
    ]


def test_a_pruned_run_is_trained_to_its_end():
    records = [run(1, status="pruned", test=None, width=16)]
    jobs, reused = missing(records, [(WIDE, 1)], {WIDE: records[0].config}, "confirm")
    assert (len(jobs), reused) == (1, 0)


def words_for(path) -> list[str]:
    return ["--study", str(path), "--seed", "7", "--quiet"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Four configs that differ by luck alone, and the baseline."""
    path = tmp_path_factory.mktemp("luck") / "s"
    what = ["--trainable", "examples/digits_sklearn.py", "--dataset", "digits", "--space", "luck", "--set", "epochs=2"]
    what += ["--trials", "4", "--scheduler", "none", "--sampler", "random"]
    with everything_in_process():
        assert main(["sweep", *words_for(path), *what]) == 0
    return path


@pytest.fixture
def study(sweep, tmp_path):
    path = shutil.copytree(sweep, tmp_path / "s")
    with everything_in_process():
        yield path, words_for(path)


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

    from study.report.parts.lead import foremost

    def tested(label: str, estimate: float, validation: float) -> SimpleNamespace:
        verdict = SimpleNamespace(label=label, estimate=estimate)
        failures = SimpleNamespace(candidate=0)
        return SimpleNamespace(verdict=verdict, pair=SimpleNamespace(validation=validation), failures=failures)

    def trial_of(pair: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(record=SimpleNamespace(score=pair.validation))

    best = tested("better", 0.01, 0.77)
    others = [tested("better", 0.03, 0.76), tested("undecided", 0.05, 0.79), tested("worse", -0.01, 0.80)]
    assert foremost(SimpleNamespace(verdicts=lambda family: [*others, best], trial_of=trial_of)) is best


# -- plans -----------------------------------------------------------------------------------------------------------


def test_seeds_are_never_the_sweeps_nor_a_candidates_and_first_the_baselines():
    records = swept() + [run(s, kind="baseline") for s in (505, 506, 600)] + [run(600, width=16)]
    assert sweep_seeds(records) == {SWEEP_SEED}
    assert fresh_seeds(records, 5, SWEEP_SEED, reuse=BASE, fresh=[DEEP]) == (505, 506, 600, 507, 508)
    assert fresh_seeds(records, 4, SWEEP_SEED, reuse=BASE, fresh=[WIDE]) == (505, 506, 507, 508)
    assert fresh_seeds(records, 3, 505, fresh=[DEEP], avoid={505, 507}) == (506, 508, 509)
    made = ask([*records, run(505, width=16)], top=3)
    assert made.plan.seeds[0] == 506 and not {504, 505, 600} & set(made.plan.seeds)
    assert made.reused == 1 and made.most == trainings(made.plan) - 1


def test_seeds_at_which_the_baseline_fails_are_left_out():
    made = ask([*swept(), run(505, test=None, val=None, status="diverged"), run(506, status="failed", test=None)])
    assert made.plan.seeds[0] == 507


def test_a_study_without_a_trial_has_nothing_to_confirm():
    with pytest.raises(UserError, match="no complete sweep trial"):
        ask([run(1, kind="baseline")])


def test_a_first_plan_spends_four_in_a_hundred_and_is_what_was_asked_for():
    made = ask(swept(), top=2, most=7)
    plan = made.plan
    assert made.new and plan.number == 1 and plan.alpha == 0.04 and plan.previous == "" and plan.deviations == ()
    assert [p.candidate for p in plan.pairs] == [WIDE, hash_of(rate=0.2)] and {p.reference for p in plan.pairs} == {
        BASE
    }
    assert len(plan.seeds) == 7 and plan.every_round and plan.halving == () and plan.margin == 0.005
    assert plan.request == {"--top": 2, "--max-seeds": 7} and plan.own_hash == plan.hash
    assert made.most == 7 * 3 and made.judged.rounds == 0
    said = four_lines(made, Evidence(swept(), meta()), ["trial 1", "trial 5"])
    assert said[0] == "What: trial 1, trial 5 and the baseline, with at most 7 fresh seeds each."
    assert said[1] == "Stops: once shown better, worse or to gain less than 0.50 percentage points."
    assert len(said) == 4 and all(len(line) <= 85 for line in said)


def test_seeds_alone_are_one_look():
    made = ask(swept(), seeds=6)
    assert not made.plan.every_round and len(made.plan.seeds) == 6 and made.plan.halving == ()
    assert "judged once" in four_lines(made, Evidence(swept(), meta()), ["trial 1"])[1]


@pytest.mark.parametrize(("seconds", "rounds", "halving"), [(10_000, 10, ()), (6 * 30, 8, RACE), (6 * 13, 3, ())])
def test_a_budget_makes_fewer_rounds_and_a_race(seconds: int, rounds: int, halving: tuple):
    """Runs take 6 seconds: three candidates and the baseline are four a round, a race 4, 4, 4, 3, 3, 3, 2, 2, ..."""
    made = ask(swept(), top=3, budget=float(seconds))
    affordable = seconds // 6
    assert made.plan.halving == halving or len(made.plan.seeds) == rounds
    assert trainings(made.plan) <= affordable
    if made.plan.halving:
        assert trainings(made.plan) + 2 > affordable - 2, "and no less than it pays for"
    twice = ask(swept(), top=3, budget=float(seconds), at_once=2)
    assert trainings(twice.plan) <= 2 * affordable and len(twice.plan.seeds) >= len(made.plan.seeds)


def test_a_budget_that_pays_for_less_than_three_rounds_is_refused():
    with pytest.raises(UserError, match="--budget pays for 11 trainings; 3 seeds of 3 comparisons take 12"):
        ask(swept(), top=3, budget=6.0 * 11)
    bare = [r.model_copy(update={"seconds": 0.0}) for r in swept()]
    with pytest.raises(UserError, match="no run of this study has a recorded time"):
        ask(bare, budget=1000.0)


@pytest.mark.parametrize("size", [{"most": 501}, {"seeds": 10_000}])
def test_a_plan_that_study_json_could_not_hold_is_refused_before_it_is_made(size: dict):
    with pytest.raises(UserError, match="is too large"):
        ask(swept(), **size)
    assert MOST_RUNS < 100 * 500


def test_a_plan_under_way_goes_on_with_its_own_options_only():
    m, records = meta(), swept()
    made = ask(records, m, top=2, most=8)
    m.plans.append(made.plan.as_dict())
    again = ask(records, m)
    assert not again.new and again.plan == made.plan
    assert not ask(records, m, top=2, most=8).new
    for other in ({"top": 3}, {"most": 9}, {"seeds": 8}, {"margin": 0.01}, {"claim": "population"}, {"budget": 100.0}):
        with pytest.raises(UserError, match="plan 1 was made with.*--further.*0.5 % error"):
            ask(records, m, **other)


def test_a_further_plan_has_fresh_seeds_half_of_what_is_left_and_says_what_is_other():
    m, records = meta(), swept()
    first = ask(records, m, top=2, most=6)
    wins = {WIDE}
    records = carried_out(
        records, m, first, lambda name, s: 0.05 if name in wins else 0.03 * (-1) ** s * (name != BASE)
    )
    assert [j.verdict.label for j in Evidence(records, m).verdicts("confirm")] == ["better", "undecided"]
    assert ask(records, m) is None
    second = ask(records, m, further=True, most=6, margin=0.01)
    assert second.plan.number == 2 and second.plan.alpha == pytest.approx(0.005)
    assert second.plan.previous == first.plan.hash
    assert [p.candidate for p in second.plan.pairs] == [hash_of(rate=0.2)], "what is decided is not asked again"
    assert not set(second.plan.seeds) & set(first.plan.seeds)
    assert any("the margin is" in text for text in second.plan.deviations)
    records = carried_out(records, m, second, lambda name, s: 0.03 * (-1) ** s * (name != BASE))
    third = ask(records, m, further=True, most=6)
    assert [p.candidate for p in third.plan.pairs] == [hash_of(rate=0.2)], "and what is not is never lost"
    assert third.plan.alpha == pytest.approx(0.0025) and not Evidence(records, m).withdrawn
    joined = ask(records, m, further=True, most=6, top=3)
    assert {p.candidate for p in joined.plan.pairs} == {hash_of(rate=0.2), DEEP}
    assert any("1 comparison joined" in text for text in joined.plan.deviations)


def test_nothing_is_left_once_all_is_decided():
    m, records = meta(), swept()
    records = carried_out(records, m, ask(records, m, most=6), lambda name, s: 0.05 * (name == WIDE))
    with pytest.raises(UserError, match="nothing is left to decide"):
        ask(records, m, further=True)


def test_a_plan_that_was_changed_does_not_go_on_and_is_not_sealed_anew():
    m, records = meta(), swept()
    made = ask(records, m, top=2, most=8)
    seeds = made.plan.seeds[:4]
    for s in seeds:
        records += [
            run(s, test=0.7),
            run(s, test=0.7 + 0.02 * (-1) ** s, width=16),
            run(s, test=0.69 + s % 3 / 50, rate=0.2),
        ]
    m.plans.append(made.plan.as_dict())
    keep(m, Evidence(records, m).judged("confirm")[0])
    assert len(m.plans[0]["rounds"]) == 4 and not ask(records, m).new
    lucky = [r for r in records if not (r.seed == seeds[1] and r.config_hash == WIDE)]
    with pytest.raises(UserError, match="runs of round 2 are gone that were judged") as refusal:
        ask(lucky, m)
    assert refusal.value.words == ("confirm", "--further")
    further = ask(lucky, m, further=True)
    assert further.new and not set(further.plan.seeds) & set(made.plan.seeds)
    assert any("given up after round 1 of 8" in text for text in further.plan.deviations)
    assert place(m, made.plan) == 0


def test_a_family_with_too_little_error_left_gets_no_plan():
    m = meta(looks=[
        {"family": "confirm", "number": k, "pairs": [{"candidate": DEEP, "reference": BASE, "seeds": [1, 2, 3]}]}
        for k in range(1, 9)
    ])  # fmt: skip
    with pytest.raises(UserError, match="too little error is left"):
        ask(swept(), m)


def test_a_population_claim_is_one_look_and_refused_where_runs_cannot_bear_it():
    made = ask(swept(), claim="population", most=6)
    assert not made.plan.every_round and made.plan.claim == "population"
    bare = [r.model_copy(update={"test_examples": None}) for r in swept()]
    m = meta()
    with pytest.raises(UserError, match="population claim needs a score for each"):
        ask(bare, m, claim="population")
    assert m.plans == []


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_keeps_its_plan_before_it_trains_and_its_verdicts_after(study, capsys, monkeypatch):
    from study.cli import planned

    path, common = study
    before = (path / "study.json").read_bytes()
    assert main(["confirm", *common, "--top", "2", "--max-seeds", "3", "--dry-run", "--explain"]) == 0
    assert (path / "study.json").read_bytes() == before, "a dry run writes nothing"
    assert "Boundaries, in standard errors" in capsys.readouterr().out
    held = []
    keeps = planned.Keeper.__call__

    def look(self, record, outcome):
        stored = json.loads((path / "study.json").read_text())
        held.append((len(stored["plans"]), len(stored["plans"][0]["rounds"])))
        keeps(self, record, outcome)

    monkeypatch.setattr(planned.Keeper, "__call__", look)
    main(["confirm", *common, "--top", "2", "--max-seeds", "3"])
    s = Study.open(path)
    (plan,) = s.meta.plans
    assert held[0] == (1, 0) and len(held) == 9, "the plan is on the disk before the first run's record"
    assert len(plan["rounds"]) == 3 and len(plan["verdicts"]) == 2
    evidence = Evidence.of(s)
    assert not evidence.withdrawn and [j.verdict.n for j in evidence.verdicts("confirm")] == [3, 3]
    assert all(7 not in j.seeds for j in evidence.verdicts("confirm"))
    count, capsys_out = len(s.records()), capsys.readouterr().out
    assert "What: trial" in capsys_out
    main(["confirm", *common])
    assert "plan 1 has ended" in capsys.readouterr().out
    assert len(Study.open(path).records()) == count and Study.open(path).meta.plans == [plan]
    for other in (["--top", "1"], ["--max-seeds", "9"], ["--margin", "2"]):
        assert main(["confirm", *common, *other]) == 2
        assert "--further" in capsys.readouterr().err
    main(["confirm", *common, "--further", "--max-seeds", "3"])
    s = Study.open(path)
    assert [p["alpha"] for p in s.meta.plans] == pytest.approx([0.04, 0.005])
    assert not set(s.meta.plans[0]["seeds"]) & set(s.meta.plans[1]["seeds"]) and not Evidence.of(s).withdrawn


def test_asking_costs_nothing_and_too_few_seeds_are_refused(study, capsys):
    path, common = study
    before = (path / "study.json").read_bytes()
    for command in ("confirm", "ablate"):
        for option in ("--seeds", "--max-seeds"):
            assert main([command, *common, option, "2"]) == 2
            assert "fewer than 3 seeds" in capsys.readouterr().err
        assert main([command, *common, "--max-seeds", "9000"]) == 2
        assert "is too large" in capsys.readouterr().err
    assert main(["sweep", "--study", str(path), "--quiet", "--seed", "8"]) == 2  # its trials have another
    for option in ("--parts", "--changes"):  # an unset variable of a shell must not spend error
        assert main(["ablate", *common, option, ""]) == 2
        assert f"{option} '' names nothing" in capsys.readouterr().err
    assert main(["ablate", *common, "--from", "best2"]) == 2
    assert "did you mean 'best'?" in capsys.readouterr().err
    assert main(["confirm", *common, "--dry-run"]) == 0
    assert main(["ablate", *common, "--dry-run"]) == 0
    s = Study.open(path)
    assert (s.meta.plans, len(s.records())) == ([], 4)
    assert json.loads(before)["plans"] == []


def test_plans_of_a_newer_version_are_refused_in_one_line(study, capsys):
    path, common = study
    after = Study.open(path)
    after.meta.plans = [{"family": "confirm", "number": 1, "pairs": [], "claim": "per-class"}]
    after.save_meta()
    for command in ("confirm", "ablate"):
        assert main([command, *common]) == 2
        assert "a newer version of the toolkit made it" in capsys.readouterr().err
    assert Study.open(path).meta.plans == after.meta.plans


def test_a_further_plan_asks_only_what_is_not_decided_by_this_margin():
    """Differences are decided whatever the margin; 'no gain' within a wider one says nothing of a narrower."""
    from types import SimpleNamespace

    pairs = [Pair(name, BASE, ()) for name in (WIDE, DEEP, "third", "fourth")]
    labels = {WIDE: "better", DEEP: "no gain", "third": "undecided"}

    def tested(name: str) -> SimpleNamespace:
        label = labels[name]
        known = {"differs": label == "better", "decided": label != "undecided", "margin": 0.005, "claim": "test-set"}
        return SimpleNamespace(pair=Pair(name, BASE, ()), verdict=SimpleNamespace(label=label, **known))

    evidence = SimpleNamespace(verdicts=lambda family: [tested(name) for name in labels])
    for margin, left in ((0.005, ["third", "fourth"]), (0.004, [DEEP, "third", "fourth"])):
        assert [p.candidate for p in undecided(evidence, "ablation", pairs, "test-set", margin)] == left
    assert undecided(evidence, "ablation", pairs, "population", 0.005) == pairs
    with pytest.raises(UserError, match="--further: nothing is left to decide"):
        refuse_decided([])
