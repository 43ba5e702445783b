"""What is ablated, which runs that needs, and the command on a planted effect."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from benchmarks.planted_effect import plant
from results.analysis.ablation import ablation_result, disagreements
from results.analysis.ablation_plan import AblationPlan, interacting, next_step, strongest, walked
from results.analysis.evidence import Evidence
from results.analysis.looks import Pair, by_run
from results.analysis.plans import Plan
from results.config import config_hash
from results.errors import UserError
from study.jobs import Job
from study.planning.ablate import (
    about,
    configs,
    confirmed,
    interaction_jobs,
    pairs,
    plan_ablation,
    runs_needed,
    seeds_for,
    starting_config,
    step_jobs,
)
from study.planning.runs import missing
from study.report.tables.methods import methods
from study.report.tables.verdicts import verdict_table
from study.report.tables.writers import latex
from tests.support.looks import look_dict, next_look
from tests.support.runs import BASE, SWEEP_SEED, hash_of, meta, run

START = BASE | {"width": 16, "depth": 3, "rate": 0.2}
ALL = ("leave-one-out", "add-one-in", "path", "interaction")
GAIN = {"width": 0.02, "depth": 0.005, "rate": -0.01}


def paired(a: AblationPlan, seeds: tuple, parts=ALL, elsewhere=()) -> list[Pair]:
    return [replace(p, seeds=seeds) for p in pairs(a, parts, elsewhere)]


def comparison_jobs(records: list, a: AblationPlan, wanted: list[Pair]) -> tuple[list[Job], int]:
    runs = [(h, s) for p in wanted for s in p.seeds for h in p.key]
    return missing(records, runs, configs(a), "ablation", about(wanted))


def checked(values: dict) -> dict:
    if values["width"] == 16 and values["depth"] == 9:
        raise UserError("depth=9: too deep for width 16")
    return values


def taken(**options: object) -> AblationPlan:
    return plan_ablation(START, BASE, checked, **options)[0]


def score(config: dict, seed: int) -> float:
    """A made-up truth: gains add up, but width and depth together give 0.01 more; seeds shift all alike."""
    changed = {k for k in GAIN if config[k] != BASE[k]}
    together = 0.01 if {"width", "depth"} <= changed else 0.0
    wobble = 0.0002 * ((seed * 7 + len(changed)) % 3)
    return 0.7 + sum(GAIN[k] for k in changed) + together + wobble + 0.001 * seed


def trained(jobs) -> list:
    changed = [({k: v for k, v in j.config.items() if v != BASE[k]}, j.seed, score(j.config, j.seed)) for j in jobs]
    return [run(seed, test=s, val=s, kind="ablation", **c) for c, seed, s in changed]


def test_each_field_that_differs_is_a_change():
    a = taken()
    assert list(a.changes) == ["rate", "width", "depth"]  # in the order of the fields
    assert a.without("width") == START | {"width": 8}
    assert a.adding("width", "rate") == BASE | {"width": 16, "rate": 0.2}
    assert list(taken(only=["depth"]).changes) == ["depth"]
    few, notes = plan_ablation(START, BASE, checked, most=2)
    assert list(few.changes) == ["rate", "width"]
    assert "depth" in notes[0]
    with pytest.raises(UserError, match="'epochs' does not differ"):
        taken(only=["epochs"])
    with pytest.raises(UserError, match="nothing to ablate"):
        plan_ablation(BASE, BASE, checked)


def test_fixed_settings_hold_for_every_run_and_are_stored_as_ever():
    a = taken(fixed={"epochs": 1, "width": 8})
    assert a.as_dict()["pins"] == {"epochs": 1, "width": 8} and AblationPlan.from_dict(a.as_dict()) == a
    assert list(a.changes) == ["rate", "depth"]
    jobs, _ = comparison_jobs([], a, paired(a, (1, 2), ALL))
    assert {j.config["epochs"] for j in jobs} == {1}


def test_a_change_that_cannot_stand_alone_is_left_out_and_said():
    a, notes = plan_ablation(START | {"depth": 9, "width": 12}, BASE | {"width": 16}, checked)
    assert "depth" not in a.changes
    assert any("depth cannot be changed by itself" in n for n in notes)


def test_ablations_by_hand():
    a, notes = plan_ablation(START, BASE, checked, named={"narrow": {"width": 4}, "same": {"width": 16}})
    assert (a.changes, a.named) == ({}, {"narrow": {"width": 4}})
    assert "'same' leaves the start as it is" in notes
    (pair,) = paired(a, (1,), ALL)
    assert (pair.role, pair.candidate, pair.reference) == (
        "named",
        hash_of(**{**START, "width": 4}),
        config_hash(START),
    )
    both = plan_ablation(START, BASE, checked, named={"narrow": {"width": 4}}, only=["rate"])[0]
    assert list(both.changes) == ["rate"]


def test_runs_of_the_comparisons_are_shared_and_reused():
    a = taken()
    wanted = paired(a, (1, 2), ALL)
    assert [p.role for p in wanted] == ["all", *["leave-one-out"] * 3, *["add-one-in"] * 3]
    jobs, reused = comparison_jobs([run(1, kind="baseline")], a, wanted)
    assert (len(jobs), reused) == (8 * 2 - 1, 1)
    one = plan_ablation(BASE | {"width": 16}, BASE, checked)[0]
    assert [p.role for p in paired(one, (1,), ALL)] == ["all"]  # leaving it out, adding it: the very same pair


def test_best_is_by_validation():
    records = [run(SWEEP_SEED, val=0.7, test=0.9, kind="sweep", trial=1, width=16)]
    records += [run(SWEEP_SEED, val=0.8, test=0.1, kind="sweep", trial=2, depth=3)]
    assert starting_config(Evidence(records, meta()), "best") == BASE | {"depth": 3}
    assert starting_config(Evidence(records, meta()), records[0].run_id) == BASE | {"width": 16}
    assert starting_config(Evidence(records, meta()), "baseline") == BASE
    with pytest.raises(UserError, match="no run 'nope'"):
        starting_config(Evidence(records, meta()), "nope")
    with pytest.raises(UserError, match="no complete sweep trial"):
        starting_config(Evidence([], meta()), "best")


def whole() -> tuple[list, AblationPlan, object]:
    a, seeds = taken(), (1, 2, 3, 4, 5, 6)
    records = trained(comparison_jobs([], a, paired(a, seeds, ALL))[0])
    a = replace(a, path_seeds=(1,))
    while len(a.path) < 3:
        records += trained(step_jobs(records, a, a.path_seeds))
        a = replace(a, path=(*a.path, next_step(a, by_run(records), a.path_seeds)))
    a = replace(a, interaction=strongest(a, by_run(records), seeds))
    records += trained(interaction_jobs(records, a, seeds))
    look = next_look([], "ablation", paired(a, seeds, ALL), "test-set", 0.005, details=a.as_dict())
    return records, a, meta(looks=[look_dict(look)])


def test_effects_path_and_interaction_come_out_as_made():
    records, a, m = whole()
    found = ablation_result(Evidence(records, m))
    assert found.plan == a
    effects = {(r.role, r.name): r.tested.latest.estimate for r in found.rows}
    assert effects["leave-one-out", "width"] == pytest.approx(0.03, abs=0.0005)
    assert effects["add-one-in", "width"] == pytest.approx(0.02, abs=0.0005)
    assert effects["leave-one-out", "rate"] == pytest.approx(-0.01, abs=0.0005)
    assert {r.name: r.tested.verdict.label for r in found.rows if r.role == "leave-one-out"} == {
        "rate": "worse",
        "width": "better",
        "depth": "better",
    }
    assert a.path == ("width", "depth", "rate")
    steps = walked(a, by_run(records))
    assert [s.name for s in steps] == [None, "width", "depth", "rate"]
    assert a.interaction == ("width", "rate")
    assert interacting(a, by_run(records), (1, 2, 3, 4, 5, 6)).estimate == pytest.approx(0, abs=0.0005)


def test_interaction_is_the_part_beyond_the_sum():
    from dataclasses import replace

    records, a, _ = whole()
    a = replace(a, interaction=("width", "depth"))
    records += trained(interaction_jobs(records, a, (1, 2, 3)))
    assert interacting(a, by_run(records), (1, 2, 3)).estimate == pytest.approx(0.01, abs=0.0006)


def test_path_and_interaction_are_chosen_on_validation():
    records, a, _ = whole()
    upside_down = by_run([r.model_copy(update={"test": {"test_accuracy": 1 - r.test_score}}) for r in records])
    fresh = AblationPlan(a.start, a.baseline, a.changes)
    assert next_step(fresh, upside_down, (1,)) == next_step(fresh, by_run(records), (1,)) == "width"
    assert strongest(fresh, upside_down, (1, 2)) == strongest(fresh, by_run(records), (1, 2))


def test_the_table_and_the_methods_hold_every_comparison():
    records, _, m = whole()
    m.dataset.name = "50%_of & more"
    found = ablation_result(Evidence(records, m))
    table = verdict_table(found, m)
    assert len(table.printed) == len(table.frame) == len(found.rows)
    assert r"50\%\_of \& more" in latex(table)
    said = methods(Evidence(records, m))
    assert "7 comparisons, 1 interim analysis" in said
    assert "6 paired seeds" in said
    assert "search of" not in said  # there was none
    alone = [100 * r.test_score for r in records if r.config_hash == hash_of()]
    assert f"was {statistics.mean(alone):.2f} % on average" in said
    assert f"standard deviation of {statistics.stdev(alone):.2f} percentage points over {len(alone)} seeds" in said


def test_disagreement_with_importance_is_said(monkeypatch):
    from results.analysis import importance

    records, a, m = whole()
    found = ablation_result(Evidence(records, m))
    shares = {"depth": 0.6, "width": 0.02, "rate": 0.38}
    monkeypatch.setattr(importance, "shares", lambda *_: shares)
    monkeypatch.setattr(importance, "comparable", lambda trials, prefix: importance.Alike(3, [], []))
    said = disagreements(found.rows, Evidence(records, m))
    assert all("(within 3 epochs)" in s for s in said), "an early importance says so"
    assert any("puts depth first" in s and "largest measured effect is that of width" in s for s in said)
    assert any(s.startswith("width has an importance of only 2 %") for s in said)
    assert any(s.startswith("rate has an importance of 38 %") and "worse" in s for s in said)


def test_importance_and_noise_do_not_disagree(monkeypatch):
    """Two effects whose intervals reach over each other say nothing of which is the larger."""
    from results.analysis import importance

    a = taken(only=["width", "depth"])
    wobble = {1: 0.01, 2: -0.008, 3: 0.006, 4: -0.01, 5: 0.009, 6: -0.002}
    seeds = tuple(wobble)
    jobs = comparison_jobs([], a, paired(a, seeds, ALL))[0]
    records = [
        run(j.seed, test=0.7 + wobble[j.seed] * len(str(j.config)) % 0.013, kind="ablation", **{
            k: v for k, v in j.config.items() if v != BASE[k]})
        for j in jobs
    ]  # fmt: skip
    look = next_look([], "ablation", paired(a, seeds, ALL), "test-set", 0.005, details=a.as_dict())
    m = meta(looks=[look_dict(look)])
    monkeypatch.setattr(importance, "comparable", lambda trials, prefix: importance.Alike(3, [], []))
    for first in ("width", "depth"):
        shares = {"width": 0.2, "depth": 0.2} | {first: 0.6}
        monkeypatch.setattr(importance, "shares", lambda *_, shares=shares: shares)
        assert not any("first among" in line for line in ablation_result(Evidence(records, m)).disagreements)


def test_an_earlier_ablation_by_hand_does_not_break_a_later_one():
    """The same comparison had a name of its own before; now it is the reverting of a field."""
    first, _ = plan_ablation(START, BASE, checked, named={"narrow": {"width": 8}, "flat": {"depth": 1}})
    seeds = (1, 2, 3, 4)
    looks = [next_look([], "ablation", paired(first, seeds, ALL), "test-set", 0.005, details=first.as_dict())]
    second = taken()
    wanted = paired(second, seeds, ("leave-one-out",))
    looks.append(next_look(looks, "ablation", wanted, "test-set", 0.005, details=second.as_dict()))
    records = trained(comparison_jobs([], first, paired(first, seeds, ALL))[0])
    records += trained(comparison_jobs(records, second, wanted)[0])
    found = ablation_result(Evidence(records, meta(looks=[look_dict(look) for look in looks])))
    assert [(r.role, r.name) for r in found.rows] == [
        ("all", "all changes"),
        ("leave-one-out", "rate"),
        ("leave-one-out", "width"),
        ("leave-one-out", "depth"),
        ("named", "flat"),  # asked of the same start before
    ]
    a_start = replace(second, start=BASE, changes={}, named={"other": {"width": 2}})
    looks[0] = replace(looks[0], details=a_start.as_dict(), command="ablate --from baseline")
    assert ablation_result(Evidence(records, meta(looks=[look_dict(look) for look in looks]))).elsewhere == [
        "ablate --from baseline"
    ]


def test_a_named_ablation_that_hurts_is_worse():
    """Its effect is accuracy with it less accuracy without, and its cost its own."""
    a, _ = plan_ablation(START, BASE, checked, named={"narrow": {"width": 4}})
    seeds = (1, 2, 3, 4, 5)
    wanted = paired(a, seeds, ALL)
    look = next_look([], "ablation", wanted, "test-set", 0.005, details=a.as_dict())
    hurt = hash_of(**{**START, "width": 4})
    records = []
    for job in comparison_jobs([], a, wanted)[0]:
        s = (0.5 if config_hash(job.config) == hurt else 0.7) + 0.001 * (job.seed % 2) * (job.config["width"] % 3)
        records.append(run(job.seed, test=s, val=s, kind="ablation", **{k: v for k, v in job.config.items()}))
    (row,) = ablation_result(Evidence(records, meta(looks=[look_dict(look)]))).rows
    assert row.tested.verdict.estimate == pytest.approx(-0.2) and row.tested.verdict.label == "worse"
    assert row.changes == {"width": (16, 4)}


def test_what_confirm_has_tested_is_not_tested_again():
    """A second verdict in another family could contradict the first, with fewer comparisons to allow for."""
    a, seeds = taken(), (1, 2, 3, 4)
    whole_pair = (config_hash(START), hash_of())
    others = [Pair(hash_of(width=w), hash_of(), seeds) for w in (4, 5, 6)]
    confirm = next_look([], "confirm", [Pair(*whole_pair, seeds), *others], "test-set", 0.005)
    m = meta(looks=[look_dict(confirm)])
    tested = confirmed(Evidence([], m))
    assert whole_pair in tested
    wanted = paired(a, seeds, ALL, tested)
    assert "all" not in {p.role for p in wanted} and len(wanted) == 6
    look = next_look([], "ablation", wanted, "test-set", 0.005, details=a.as_dict())
    m.looks.append(look_dict(look))
    found = ablation_result(Evidence(trained(comparison_jobs([], a, paired(a, seeds, ALL))[0]), m))
    row = found.rows[0]
    assert (row.role, row.by_confirm, row.tested.verdict.comparisons) == ("all", True, 4)
    table = verdict_table(found, m)
    assert table.printed["verdict"][0].endswith("(by confirm)") and "by confirm" in table.caption
    assert [p.role for p in paired(a, seeds, ("path",), tested)] == ["all"]  # a path alone still has its ends
    theirs = replace(confirm, pairs=(Pair(*whole_pair, seeds[:2]), *others))  # too few seeds: undecided
    own = next_look([], "ablation", paired(a, seeds, ALL), "test-set", 0.005, details=a.as_dict())
    late = meta(looks=[look_dict(theirs), look_dict(own)])
    row = ablation_result(Evidence(trained(comparison_jobs([], a, paired(a, seeds, ALL))[0]), late)).rows[0]
    assert (row.by_confirm, row.tested.verdict.label) == (False, "better")  # given here before, it is final
    one = plan_ablation(BASE | {"width": 4}, BASE, checked)[0]
    with pytest.raises(UserError, match="confirm has tested it"):
        paired(one, seeds, ALL, tested)


@pytest.mark.parametrize("parts", [ALL, ("path",), ("leave-one-out", "interaction"), ("leave-one-out", "path")])
def test_no_more_runs_come_than_were_told(parts):
    a, seeds = taken(), (1, 2, 3)
    wanted = paired(a, seeds, parts)
    plan = Plan("ablation", 1, tuple(wanted), seeds, 0.005, "test-set", 0.04, ())
    jobs, _ = comparison_jobs([], a, wanted)
    told = runs_needed([], a, plan, 1, parts)
    records, before = trained(jobs), len(jobs)
    if "path" in parts:
        while len(a.path) < len(a.changes):
            records += trained(step_jobs(records, a, seeds[:1]))
            a = replace(a, path=(*a.path, next_step(a, by_run(records), seeds[:1])))
    if "interaction" in parts:
        a = replace(a, interaction=strongest(a, by_run(records), seeds))
        records += trained(interaction_jobs(records, a, seeds))
    assert len(records) - before <= told
    assert (told == 0) == (parts == ALL)  # leaving one of three out makes all that a path and two together need
    assert runs_needed(records, taken(), plan, 1, parts) <= max(0, told - 1)


def test_seeds_are_new_to_every_config_but_the_baseline_and_to_confirm():
    a = taken()
    wanted = paired(a, ())
    shown = Plan(
        "confirm", 1, (Pair(hash_of(width=4), hash_of(), ()),), (21, 22, 23), None, "test-set", 0.04, ((9.0,) * 3,)
    )
    m = meta(plans=[shown.sealed().as_dict()])
    start = {k: v for k, v in START.items() if v != BASE[k]}
    records = [run(SWEEP_SEED, kind="sweep", trial=1, **start), run(24, **start)]
    records += [run(s, kind="baseline") for s in (21, 25, 26)]
    records.append(run(27, test=None, val=None, status="failed"))
    assert seeds_for(Evidence(records, m), a, wanted, 20)(5) == (25, 26, 20, 28, 29)


def test_p_of_equivalence_is_the_one_in_the_paper():
    a = plan_ablation(BASE | {"width": 16}, BASE, checked)[0]
    seeds = (1, 2, 3, 4, 5, 6)
    records = [run(s, test=0.7, kind="ablation") for s in seeds]
    records += [run(s, test=0.7 + 0.0001 * (s % 3), kind="ablation", width=16) for s in seeds]
    look = next_look([], "ablation", paired(a, seeds, ALL), "test-set", 0.005, details=a.as_dict())
    m = meta(looks=[look_dict(look)])
    table = verdict_table(ablation_result(Evidence(records, m)), m)
    assert table.printed["verdict"].tolist() == ["equivalent"] and table.printed["adjusted p"].tolist() == ["< 0.001"]
    assert "1 comparison and 1 interim analysis" in table.caption and "this test set" in table.caption


@pytest.mark.long
def test_a_planted_effect_is_named(tmp_path):
    """For real, on digits: one change that helps, one that hurts, two that do nothing."""
    found = plant(tmp_path / "planted", ("--max-seeds", "8"))
    out = {r["change"]: r["verdict"] for r in found["comparisons"] if r["role"] == "leave-one-out"}
    assert out["features"] == "better"
    assert out["learning_rate"] == "worse"
    assert {out["penalty"], out["replicate"]} <= {"undecided", "no gain", "equivalent", "no worse"}
