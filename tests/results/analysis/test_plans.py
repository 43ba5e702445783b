"""Plans in study.json: read back as they were, refused where malformed, judged by rounds, and noticed where changed."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from results.analysis.evidence import Evidence
from results.analysis.looks import Pair, by_run
from results.analysis.plans import Plan, failures, judge, keep, last_hash, plans_of, problem
from results.errors import UserError
from tests.support.runs import hash_of, meta, run

BASE, WIDE, DEEP, RATE = hash_of(), hash_of(width=16), hash_of(depth=3), hash_of(rate=0.2)
SEEDS = (5, 3, 9, 1, 7, 2)
NAN = float("nan")


def plan(**changed: Any) -> Plan:
    names = changed.pop("names", (WIDE, DEEP))
    table = tuple((float("inf"), float("inf"), *(3.0 + m / 2,) * 4) for m in range(len(names)))
    given: dict[str, Any] = {
        "family": "confirm",
        "number": 1,
        "pairs": tuple(Pair(name, BASE, SEEDS, chosen="x") for name in names),
        "seeds": SEEDS,
        "margin": 0.005,
        "claim": "test-set",
        "alpha": 0.04,
        "boundaries": table,
        "request": {"--top": 2, "--set": {"epochs": 3}},
        "when": "now",
        "command": "study confirm",
    }
    return Plan(**(given | changed)).sealed()


def records(gains: dict[int, float] | None = None, deep: float = 0.0) -> list:
    """Wide gains, by seed; deep differs by luck alone."""
    rng = np.random.default_rng(6)
    gains = gains or dict.fromkeys(SEEDS, 0.03)
    found = []
    for i, s in enumerate(SEEDS):
        base = 0.7 + 0.01 * rng.standard_normal()
        found.append(run(s, test=round(base, 3)))
        found.append(run(s, test=round(base + gains.get(s, 0.0) + 0.001 * (i % 3), 3), width=16))
        found.append(run(s, test=round(base + deep + 0.02 * (-1) ** i, 3), depth=3))
    return found


def judged(made: Plan, own: list):
    runs = by_run(own)
    return judge(made, runs, failures(own))


def kept(own: list | None = None, made: Plan | None = None):
    """A study.json whose plan has been judged to its end, and the records."""
    own, made = own or records(), made or plan()
    m = meta()
    m.plans.append(made.as_dict())
    keep(m, judged(made, own))
    m.plans = json.loads(json.dumps(m.plans))
    return m, own


# -- as study.json holds it --------------------------------------------------------------------------------------------


def test_it_is_read_back_as_it_was() -> None:
    for made in (plan(), plan(margin=None, halving=(3,), every_round=False, deviations=("other",), details={"a": [1]})):
        stored = json.loads(json.dumps(made.as_dict() | {"unknown": 1}, allow_nan=False))
        assert Plan.from_dict(stored) == made
        assert Plan.from_dict(stored).own_hash == made.hash
    m, own = kept()
    (found,) = plans_of(m)
    assert len(found.rounds) == judged(found, own).rounds > 0 and len(found.verdicts) == 2
    assert Plan.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@pytest.mark.parametrize(
    "wrong",
    [
        *({"family": v} for v in ("x", None, 3)),
        *({"claim": v} for v in ("per-class", None)),
        *({"number": v} for v in (0, -1, 1.0, True, None, 10**9)),
        *({"pairs": v} for v in ([], [{}], "ab", None, [{"candidate": 1}])),
        *({"seeds": v} for v in ([], [1, 2], [1, 2, 2, 4, 5, 6], [1.5] * 6, "abcdef", None, [-1, *SEEDS[1:]])),
        {"seeds": [10**30, *SEEDS[1:]]},
        *({"alpha": v} for v in (0.0, -0.1, 0.06, NAN, "0.04", None, 1)),
        *({"margin": v} for v in (0.0, -1.0, NAN, float("inf"), "x", 1, True)),
        *({"boundaries": v} for v in ([], [[1.0]], [[3.0] * 6], [[3.0] * 5] * 2, [[0.0] * 6] * 2, [[NAN] * 6] * 2)),
        *({"boundaries": v} for v in ([[-1.0] * 6] * 2, [["x"] * 6] * 2, [[True] * 6] * 2, [[10**400] * 6] * 2, None)),
        *({"halving": v} for v in ([1.5], ["a"], 3)),
        *({"every_round": v} for v in (0, None, "yes")),
        *({"given_up": v} for v in (1, None)),
        *({"rounds": v} for v in (["a"] * 7, [1], 5)),
        *({"verdicts": v} for v in ([1], ["a"], 7)),
        *({"request": v} for v in ([], None)),
        *({"details": v} for v in ([], "x")),
        *({"hash": v} for v in (None, 3)),
        {"previous": 7},
        {"command": 7},
        {"deviations": [3]},
    ],
    ids=str,
)
def test_what_is_malformed_is_refused(wrong: dict[str, Any]) -> None:
    value = plan().as_dict() | wrong
    with pytest.raises((KeyError, TypeError, ValueError, OverflowError)):
        Plan.from_dict(value)
    m = meta()
    m.plans = [value]
    with pytest.raises(UserError, match="does not know") as caught:
        plans_of(m)
    assert "\n" not in str(caught.value)
    assert Evidence([], m).unknown_plans


def test_whatever_is_changed_in_its_json_it_is_read_or_refused_and_judged() -> None:
    odd = [None, True, 0, -1, 10**40, 1e308, NAN, "", "x", "\ud800", [], {}, [[]], [1], {"a": 1}, 0.5, [None] * 1000]
    text, told = json.dumps(plan().as_dict()), {"read": 0, "refused": 0}
    own = records()

    def places(value: Any, at: tuple = ()) -> list[tuple]:
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        return [*([at] if at else []), *(p for k in keys for p in places(value[k], (*at, k)))]

    for at in places(json.loads(text)):
        for new in odd:
            value = json.loads(text)
            inner = value
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = new
            m = meta()
            m.plans = [value]
            evidence = Evidence(own[:9], m)
            try:
                evidence.verdicts("confirm"), evidence.withdrawn, evidence.open_plan("ablation")
                told["read"] += 1
            except UserError:
                told["refused"] += 1
    assert min(told.values()) > 100, told


# -- rounds ------------------------------------------------------------------------------------------------------------


def test_runs_in_any_order_of_ending_give_the_same() -> None:
    own = records()
    first = judged(plan(), own)
    assert first.ended and [first.label(i) for i in (0, 1)] == ["better", "undecided"]
    assert first.decisions.stopped[0].tolist()[0] < 6
    for seed in range(10):
        shuffled = random.Random(seed).sample(own, len(own))
        other = judged(plan(), shuffled)
        assert other.digests() == first.digests() and other.verdicts() == first.verdicts()


def test_a_round_counts_once_the_runs_of_all_open_pairs_have_ended() -> None:
    own, made = records(), plan()
    done = judged(made, own).decisions.stopped[0]
    assert done[0] == 3 and done[1] == 6
    for i, r in enumerate(own):
        rest = judged(made, own[:i] + own[i + 1 :])
        place = SEEDS.index(r.seed)
        counts = place < 3 or r.config_hash != WIDE  # wide has stopped by then: its runs are not waited for
        assert rest.rounds == (place if counts else 6), (r.run_id, rest.rounds)
        assert rest.digests() == judged(made, own).digests()[: rest.rounds]


def test_failed_runs_leave_a_pair_less_and_hold_nothing_up() -> None:
    own = records()
    lost = [r for r in own if (r.config_hash, r.seed) != (WIDE, SEEDS[1])]
    lost.append(run(SEEDS[1], test=None, val=None, status="diverged", width=16))
    found = judged(plan(), lost)
    assert found.rounds == 6 and found.scored[0][1][0] is None
    assert found.decisions.n[0].tolist() == [4, 6] and found.decisions.stopped[0].tolist() == [5, 6]
    x = [a.final - b.final for a, b in (found.scored[0][i] for i in (0, 2, 3, 4))]
    assert found.decisions.estimate[0, 0] == pytest.approx(np.mean(x))
    none = judged(plan(), [r for r in own if r.config_hash != BASE] + [
        run(s, test=None, val=None, status="failed") for s in SEEDS])  # fmt: skip
    assert none.ended and none.decisions.n[0].tolist() == [0, 0] and none.label(0) == "undecided"


def test_a_pruned_or_foreign_run_is_no_answer() -> None:
    own = records()[:2] + [run(SEEDS[0], test=None, status="pruned", depth=3)]
    assert judged(plan(), own).rounds == 0


# -- changes -----------------------------------------------------------------------------------------------------------


def why(m, own: list) -> str:
    reasons = set(Evidence(own, m).withdrawn.values())
    assert len(reasons) <= 1
    return next(iter(reasons), "")


def test_untouched_it_stands() -> None:
    m, own = kept()
    assert why(m, own) == "" and problem(m, 0, judged(plans_of(m)[0], own)) == ""
    assert [j.verdict.label for j in Evidence(own, m).verdicts("confirm")] == ["better", "undecided"]
    assert why(m, random.Random(1).sample(own, len(own))) == ""


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda p: p["seeds"].reverse(), "the plan is not what"),
        (lambda p: p["seeds"].__setitem__(5, 77), "the plan is not what"),
        (lambda p: p.update(margin=0.004), "the plan is not what"),
        (lambda p: p.update(margin=None), "the plan is not what"),
        (lambda p: p["boundaries"][0].__setitem__(4, 2.0), "the plan is not what"),
        (lambda p: p.update(alpha=0.03), "the plan is not what"),
        (lambda p: p.update(every_round=False), "the plan is not what"),
        (lambda p: p.update(halving=[3]), "the plan is not what"),
        (lambda p: p.update(deviations=["none"]), "the plan is not what"),
        (lambda p: p["pairs"].reverse(), "the plan is not what"),
        (lambda p: p["pairs"][1].update(candidate=RATE), "the plan is not what"),
        (lambda p: p["rounds"].__setitem__(2, "0" * 64), "the scores of round 3"),
        (lambda p: p["verdicts"][1].update(verdict="better"), "a recorded verdict is not"),
        (lambda p: p["verdicts"][0].update(estimate=0.5), "a recorded verdict is not"),
        (lambda p: p["verdicts"][0].update(round=2), "a recorded verdict is not"),
        (lambda p: p["verdicts"][0].update(pair=[1]), "a recorded verdict is not"),
    ],
)
def test_a_changed_plan_or_verdict_is_noticed(edit, reason: str) -> None:
    m, own = kept()
    edit(m.plans[0])
    assert why(m, own).startswith(reason)
    assert Evidence(own, m).verdicts("confirm") == []


@pytest.mark.parametrize("config", [{}, {"width": 16}, {"depth": 3}])
@pytest.mark.parametrize("place", [0, 2])
def test_a_changed_score_is_noticed(config: dict, place: int) -> None:
    m, own = kept()
    at = next(i for i, r in enumerate(own) if r.seed == SEEDS[place] and r.config_hash == hash_of(**config))
    own[at] = run(SEEDS[place], test=0.801, **config)
    assert why(m, own) == f"the scores of round {place + 1} are not those that were judged"
    del own[at]
    assert why(m, own) == f"runs of round {place + 1} are gone that were judged"
    assert Evidence(own, m).verdicts("confirm") == []


def test_a_run_that_was_not_counted_may_go() -> None:
    m, own = kept()
    own = [r for r in own if not (r.config_hash == WIDE and r.seed in SEEDS[3:])]
    assert why(m, own) == ""


def test_a_failed_run_that_is_trained_again_does_not_take_the_verdict_away() -> None:
    """'baseline' trains failed runs once more; what was judged was judged without them."""
    own = [r for r in records() if (r.config_hash, r.seed) != (BASE, SEEDS[4])]
    own.append(run(SEEDS[4], test=None, val=None, status="failed"))
    m, own = kept(own)
    before = Evidence(own, m).verdicts("confirm")
    again = run(SEEDS[4], test=0.9).model_copy(update={"run_id": f"{BASE}-s{SEEDS[4]}-2"})
    assert why(m, [*own, again]) == ""
    assert Evidence([*own, again], m).verdicts("confirm") == before


def test_a_plan_that_was_removed_is_noticed_by_those_after_it() -> None:
    m, own = kept()
    second = plan(number=2, names=(DEEP,), previous=last_hash(m), alpha=0.005, seeds=(11, 12, 13, 14, 15, 16))
    m.plans.append(second.as_dict())
    assert why(m, own) == ""
    whole = m.plans
    m.plans = whole[1:]
    assert "changed or removed" in why(m, own)
    m.plans = [json.loads(json.dumps(whole[0])) | {"hash": "x"}, whole[1]]
    assert set(Evidence(own, m).withdrawn.values()) == {
        "the plan is not what it was when it was made",
        "what was planned or tested before it was changed or removed",
    }


def test_looks_that_were_removed_are_noticed_by_the_first_plan() -> None:
    look = {"family": "confirm", "number": 1, "pairs": [{"candidate": DEEP, "reference": BASE, "seeds": [1, 2]}]}
    m = meta(looks=[look])
    made = plan(previous=last_hash(m))
    own = records()
    m.plans.append(made.as_dict())
    keep(m, judged(made, own))
    assert made.previous and problem(m, 0, judged(made, own)) == ""
    for looks in ([], [look | {"number": 2}], [look, look]):
        m.looks = looks
        assert "changed or removed" in problem(m, 0, judged(made, own))
        assert set(made.pairs) <= set(Evidence(own, m).withdrawn)
